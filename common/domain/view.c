#include "common/domain/view.h"

#include <stdlib.h>

static int compare_offsets(const void *a, const void *b)
{
    const struct view_pending *x = a;
    const struct view_pending *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

int view_fold(struct task *base, int64_t pos, struct view_pending *pending, size_t count,
              struct error *err)
{
    if (count > 1) {
        qsort(pending, count, sizeof *pending, compare_offsets);
    }
    for (size_t i = 0; i < count; i++) {
        if (pending[i].offset > pos && reduce_bytes(base, pending[i].bytes, NULL, err) < 0) {
            return error_wrap(err, "pending event of offset %lld", (long long)pending[i].offset);
        }
    }
    return 0;
}
