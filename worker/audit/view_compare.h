#ifndef WORKER_AUDIT_VIEW_COMPARE_H
#define WORKER_AUDIT_VIEW_COMPARE_H

/** Bases as Redis held them, to be compared with the fold of the log to their positions (promise I8). Pure. */

#include "common/base/buffer.h"
#include "worker/audit/log_fold.h"

enum view_compare_state {
    VIEW_COMPARE_OPEN = 0, /**< the fold has not passed its position yet */
    VIEW_COMPARE_SAME,
    VIEW_COMPARE_DIFFERS,
    VIEW_COMPARE_ELSEWHERE /**< read after the fold, which is at another position: cannot be compared */
};

/** One base. */
struct view_compare_base {
    char *key; /**< "CLUSTER/TASK", owned */
    int64_t pos;
    char *bytes; /**< owned */
    size_t length;
    enum view_compare_state state;
    struct view_compare_base *next;
};

struct view_compare {
    void *by_key;
    struct view_compare_base *first;
    size_t count;
};

/** Keeps a copy. @return 0 or -1 with ERROR_NO_MEMORY */
int view_compare_add(struct view_compare *compare, const char *cluster, struct span task,
                     int64_t pos, struct span bytes, struct error *err);
void view_compare_release(struct view_compare *compare);
/** A log_fold_before_fn: compares when the fold is about to pass the base's position. */
int view_compare_before(void *context, struct log_fold_entry *entry, int64_t next_offset,
                        struct error *err);
/** After the fold: what was not passed is compared now; a base at whose position the log has no record of the task differs. */
int view_compare_finish(struct view_compare *compare, const struct log_fold *fold,
                        struct error *err);
/** True if it holds a base of the task "CLUSTER/TASK". */
bool view_compare_has(const struct view_compare *compare, const char *key);
/** A base that was read after the fold: compared if the fold is at its position. @return 0 or -1 with ERROR_NO_MEMORY */
int view_compare_late(struct view_compare *compare, const struct log_fold_entry *entry, int64_t pos,
                      struct span bytes, struct error *err);

#endif
