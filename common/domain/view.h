#ifndef COMMON_DOMAIN_VIEW_H
#define COMMON_DOMAIN_VIEW_H

/** A task's view: base + pending. */

#include "common/domain/reduce.h"

/** A StopRequested or TaskTagged that an API has recorded and the base does not hold yet. */
struct view_pending {
    int64_t offset;
    struct span bytes; /**< encoded event, borrowed */
};

/** Folds pending entries above pos, in offset order (the array is sorted in place), onto base. A
 *  pending entry that cannot be decoded is an error.
 *  @return 0 or -1 as reduce_bytes */
int view_fold(struct task *base, int64_t pos, struct view_pending *pending, size_t count,
              struct error *err);

#endif
