#ifndef WORKER_AUDIT_HOST_FACTS_H
#define WORKER_AUDIT_HOST_FACTS_H

/** The facts of each host that the log names, folded to its state (common/domain/host_fact.h). Pure. */

#include "common/base/memory.h"
#include "common/domain/host_fact.h"

/** One host; its texts are the arena's. */
struct host_facts_entry {
    const char *host;
    struct host_state state;
    const char *values[HOST_FACT_COUNT]; /**< of the facts that count, NULL = none */
    struct host_facts_entry *next;
};

/** {0} is empty. */
struct host_facts {
    struct arena arena;
    void *by_host; /**< tsearch(3) tree */
    struct host_facts_entry *first;
};

/** Folds one event. @return 0 or -1 with ERROR_NO_MEMORY */
int host_facts_add(struct host_facts *facts, const struct event *event, int64_t offset,
                   struct error *err);
/** NULL if the log has no fact of it. */
const struct host_state *host_facts_state(const struct host_facts *facts, const char *host);
/** True if the log has the host given up: its open tasks are unproven. host NULL = false. */
bool host_facts_inactive(const struct host_facts *facts, const char *host);
void host_facts_release(struct host_facts *facts);

#endif
