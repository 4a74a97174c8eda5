#ifndef WORKER_AUDIT_LOG_FOLD_H
#define WORKER_AUDIT_LOG_FOLD_H

/** The fold of the whole log: every task, in the order in which the log first names it. */

#include "common/domain/task.h"
#include "worker/audit/host_facts.h"
#include "worker/audit/log_scan.h"
#include "worker/audit/stop_history.h"

/** One folded task. */
struct log_fold_entry {
    char *key; /**< "CLUSTER/TASK" */
    struct task task;
    int64_t pos; /**< offset of the last record read for it, no-ops included */
    struct log_fold_entry *next;
};

/** Called before a record is folded, with the entry as it is up to entry->pos. May be NULL. */
typedef int log_fold_before_fn(void *context, struct log_fold_entry *entry, int64_t next_offset,
                               struct error *err);

struct log_fold {
    void *by_key; /**< tsearch(3) tree */
    struct log_fold_entry *first, *last;
    size_t count;
    log_fold_before_fn *before;
    void *before_context;
    struct stop_history *stops; /**< judges each record before it is folded; NULL = nobody does */
    struct host_facts hosts;    /**< the state of each host that the log names */
    struct log_scan_result scanned;
};

/** Folds what the filters cluster, task, host and until of options let through; --since and --type are refused, since a fold from
 *  the middle is none. Unreadable records are named on standard error and counted. {0} plus before and stops is a valid fold to begin with.
 *  @return 0, or -1, also when a signal ended it: part of a log folds to no view. Release in every case */
int log_fold_run(struct log_fold *fold, const struct audit_options *options, struct error *err);
void log_fold_release(struct log_fold *fold);
/** True if the view has to hold it at that time: it has a host, and is not past retention_ms after its end. Pure. */
bool log_fold_belongs(const struct log_fold_entry *entry, int64_t retention_ms,
                      int64_t now_unix_ms);
/** NULL if the log does not name it. */
struct log_fold_entry *log_fold_find(const struct log_fold *fold, const char *key);

#endif
