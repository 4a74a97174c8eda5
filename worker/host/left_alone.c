#include "worker/host/left_alone.h"

#include <stdlib.h>
#include <string.h>

#include "worker/host/membership.h"

static const char NOT_LISTED[] =
    "the engine's containers were not listed yet, which shows whether an ECS agent manages it";

/* Of what the log describes. A label that names a cluster was there when the task was observed in that cluster: what has changed is the
 * worker's --cluster, and the task is still that cluster's. A missing process is found dead by who looks at it. Whose labels
 * those of a container are was known when it was observed. */
static bool leaves(enum group_exclusion reason)
{
    return reason != GROUP_INCLUDED && reason != GROUP_OTHER_CLUSTER && reason != GROUP_MISSING &&
           reason != GROUP_IMAGE_UNKNOWN;
}

static int compare(const void *a, const void *b)
{
    const struct left_container *x = a;
    const struct left_container *y = b;
    return strcmp(x->container_id, y->container_id);
}

int left_alone_take(struct left_alone *left, const struct grouping *grouping, struct error *err)
{
    struct left_alone taken = {0};
    size_t count = grouping->excluded.count;
    taken.items = arena_alloc(&taken.arena, (count + 1) * sizeof *taken.items);
    bool ok = taken.items != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        const struct excluded_container *excluded = &grouping->excluded.items[i];
        if (!leaves(excluded->reason)) {
            continue;
        }
        const char *id = arena_strdup(&taken.arena, excluded->container->described.container_id);
        taken.items[taken.count++] = (struct left_container){id, excluded->reason};
        ok = id != NULL;
    }
    if (!ok) {
        left_alone_release(&taken);
        return error_no_memory(err, "listing what is left alone");
    }
    if (taken.count > 1) {
        qsort(taken.items, taken.count, sizeof *taken.items, compare);
    }
    left_alone_release(left);
    taken.listed = true;
    *left = taken;
    return 0;
}

void left_alone_release(struct left_alone *left)
{
    arena_release(&left->arena);
    *left = (struct left_alone){0};
}

const char *left_alone_listed(const struct left_alone *left, const char *container_id)
{
    struct left_container key = {.container_id = container_id};
    const struct left_container *found =
        left->count == 0 ? NULL
                         : bsearch(&key, left->items, left->count, sizeof *left->items, compare);
    return found == NULL ? NULL : group_exclusion_reason(found->reason);
}

const char *left_alone_why(const struct left_alone *left, const struct runtime_container *container,
                           const struct grouping_options *options)
{
    /* That no label says a task is for a list to find: an inspect of a process whose file is gone may have none. */
    const char *why = left_alone_listed(left, container->described.container_id);
    struct arena arena = {0};
    struct error err = {0};
    struct grouping alone;
    if (why == NULL && !left->listed && membership_may_be_agents(container, options)) {
        return NOT_LISTED;
    }
    if (why == NULL && grouping_make(container, 1, options, &arena, &alone, &err) == 0 &&
        alone.excluded.count > 0 && alone.excluded.items[0].reason != GROUP_NO_TASK &&
        leaves(alone.excluded.items[0].reason)) {
        why = group_exclusion_reason(alone.excluded.items[0].reason);
    }
    arena_release(&arena);
    return why;
}
