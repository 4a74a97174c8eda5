#ifndef WORKER_HOST_LEFT_ALONE_H
#define WORKER_HOST_LEFT_ALONE_H

/** Which containers are somebody else's by now, whatever the log describes: no stop begins to signal them, and a task of
 *  which nothing else runs is over here (docs/tasks.md, "What is never discovered"). */

#include "worker/host/grouping.h"

struct left_container {
    const char *container_id;
    enum group_exclusion reason;
};

/** Of the last list. */
struct left_alone {
    struct arena arena;
    struct left_container *items; /**< sorted by id */
    size_t count;
    bool listed; /**< there was one */
};

/** Takes over what a list showed; what the one before showed is forgotten. @return 0, or -1 with ERROR_NO_MEMORY: all is as it was */
int left_alone_take(struct left_alone *left, const struct grouping *grouping, struct error *err);
void left_alone_release(struct left_alone *left);

/** Why a container is left alone, by the last list: a sentence that lives for ever; NULL = it is not. */
const char *left_alone_listed(const struct left_alone *left, const char *container_id);
/** The same, also by the container's own labels: before the first list, or where it came after the last one. Until the first list nobody knows
 *  whether what has labels of ECS is an agent's: it is left alone as well. */
const char *left_alone_why(const struct left_alone *left, const struct runtime_container *container,
                           const struct grouping_options *options);

#endif
