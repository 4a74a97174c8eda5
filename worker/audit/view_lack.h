#ifndef WORKER_AUDIT_VIEW_LACK_H
#define WORKER_AUDIT_VIEW_LACK_H

/** What the view has to hold and does not: tasks of the log without a base, and their clusters. */

#include "worker/audit/view_compare.h"
#include "worker/audit/view_session.h"

/** One task of the log that Redis has no base of. */
struct view_lack {
    const struct log_fold_entry *entry;
    bool cluster_known; /**< to Redis */
};

struct view_lacks {
    struct view_lack *items;
    size_t count;
    bool complete; /**< as the last look at Redis said, if there was one */
};

/** Asks Redis for each task of the fold that belongs in the view and that compare has no base of: what came meanwhile is added
 *  to compare, the rest are lacks. {0} plus complete is a valid value to begin with.
 *  @return 0, or -1 with the call's error or ERROR_NO_MEMORY; release in every case */
int view_lacks_find(struct view_lacks *lacks, struct view_session *session,
                    struct view_compare *compare, const struct log_fold *fold, int64_t retention_ms,
                    struct error *err);
void view_lacks_release(struct view_lacks *lacks);

#endif
