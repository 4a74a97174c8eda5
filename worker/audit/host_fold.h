#ifndef WORKER_AUDIT_HOST_FOLD_H
#define WORKER_AUDIT_HOST_FOLD_H

/** The fold of stopfleet.hosts: the newest registration of each host. */

#include "common/base/buffer.h"
#include "common/base/memory.h"
#include "worker/audit/audit_options.h"

/** One host that the topic names; its texts are the fold's. */
struct host_fold_entry {
    const char *host;
    const char *cluster; /**< NULL = removed since */
    struct span record;  /**< encoded host_record, as it was read */
    struct host_fold_entry *next;
};

/** {0} is a valid empty fold. */
struct host_fold {
    struct arena arena;
    void *by_host; /**< tsearch(3) tree */
    struct host_fold_entry *first, *last;
    uint64_t unreadable; /**< records passed over */
};

/** A record of the topic, in order: a later one of the same host replaces an earlier one, an empty value removes the host. Pure.
 *  @return 0, or -1 with ERROR_CORRUPT (no registration of that host), ERROR_UNSUPPORTED (of another major version),
 *  ERROR_NO_MEMORY; then the fold is as it was */
int host_fold_add(struct host_fold *fold, struct span host, struct span value, struct error *err);
/** Folds the whole topic. What is corrupt is named on standard error and counted; what is of another major version fails it.
 *  @return 0 or -1, also when a signal ended it; release in every case */
int host_fold_run(struct host_fold *fold, const struct audit_options *options, struct error *err);
void host_fold_release(struct host_fold *fold);

#endif
