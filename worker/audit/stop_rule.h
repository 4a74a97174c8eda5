#ifndef WORKER_AUDIT_STOP_RULE_H
#define WORKER_AUDIT_STOP_RULE_H

/** The rules that recorded stops are held against (stop_rule.def), and what a broken one says. */

#include <stdint.h>
#include <stdio.h>

#include "common/domain/event.h"

enum stop_rule {
    STOP_RULE_NONE = 0,
#define STOP_RULE(constant, promise, order, what) STOP_RULE_##constant,
#include "worker/audit/stop_rule.def"
#undef STOP_RULE
    STOP_RULE_COUNT
};

/** A record of the log. */
struct stop_record {
    int64_t offset; /**< -1 = there is none */
    const char *type_name;
};

/** A broken rule. Texts are the history's. */
struct stop_finding {
    enum stop_rule rule;
    const char *key; /**< "CLUSTER/TASK" */
    const char *host;
    const char *container; /**< its name, else its id; NULL = of the whole task */
    struct run run;
    int32_t partition;
    struct stop_record first,
        second; /**< the one that was broken with, and the one that breaks it */
};

/** Whether the same records in another order would be fine. */
bool stop_rule_is_of_order(enum stop_rule rule);
/** "I2", "order" … */
const char *stop_rule_promise(enum stop_rule rule);
/** The sentence that holds. */
const char *stop_rule_text(enum stop_rule rule);
/** One line. */
void stop_finding_print(const struct stop_finding *finding, FILE *out);

#endif
