#ifndef WORKER_AUDIT_HOST_COMPARE_H
#define WORKER_AUDIT_HOST_COMPARE_H

/** The states of hosts as Redis held them, against the facts of the log. Pure. */

#include "common/io/redis_view.h"
#include "worker/audit/host_facts.h"
#include "worker/audit/host_fold.h"

/** How a host's state in the view stands to the log's. */
enum host_verdict {
    HOST_VERDICT_SAME = 1,
    HOST_VERDICT_DIFFERS, /**< another status, with the same newest fact */
    HOST_VERDICT_BEHIND,  /**< the view does not have the log's newest fact */
    HOST_VERDICT_AHEAD    /**< the view has a fact that the log does not have */
};

/** One host as the view held it before the log was read. */
struct host_compare_entry {
    const char *host, *cluster; /**< the arena's */
    char status[16];
    int64_t version;
    enum host_verdict verdict; /**< 0 = not compared yet */
    struct host_compare_entry *next;
};

/** {0} is empty. */
struct host_compare {
    struct arena arena;
    void *by_host; /**< tsearch(3) tree */
    struct host_compare_entry *first;
    size_t count;
};

/** Keeps a host that was found. @return 0 or -1 with ERROR_NO_MEMORY */
int host_compare_add(struct host_compare *compare, const char *cluster,
                     const struct redis_host *host, struct error *err);
/** NULL if the view did not list it in that cluster. */
struct host_compare_entry *host_compare_find(const struct host_compare *compare,
                                             const char *cluster, const char *host);
/** log NULL = the log has no fact of the host. */
enum host_verdict host_compare_verdict(const struct host_state *log, int64_t version,
                                       const char *status);
void host_compare_release(struct host_compare *compare);

#endif
