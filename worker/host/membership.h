#ifndef WORKER_HOST_MEMBERSHIP_H
#define WORKER_HOST_MEMBERSHIP_H

/** Private to grouping: which task one container belongs to, or why none. */

#include "worker/host/grouping.h"

enum { MEMBERSHIP_OWN_MAX = 16 };

/** What is known of all containers of a list before each is looked at. */
struct membership_scene {
    const struct grouping_options *options;
    const struct runtime_container *containers;
    size_t count;
    const char *
        own_network; /**< id of the container whose network this worker's container has; NULL = none */
    /** Those with that network, the worker's own among them. Of more than fit, all are still its own, but what belongs
     *  together with them is not. */
    const struct runtime_container *own[MEMBERSHIP_OWN_MAX];
    size_t own_count;
    bool ecs_agent; /**< a container of the list is an ECS agent's */
};

/** What one container belongs to. Texts are the container's or the arena's. */
struct membership {
    enum group_exclusion exclusion;
    enum group_kind kind;
    const char *value, *part; /**< with the kind's word: the group's key; part may be NULL */
    const char *given_id, *name;
};

/** Looks at all containers of a list, the ended ones too. */
struct membership_scene membership_look(const struct runtime_container *containers, size_t count,
                                        const struct grouping_options *options);
/** True if the container is an ECS agent's where one is on the engine. */
bool membership_may_be_agents(const struct runtime_container *container,
                              const struct grouping_options *options);
/** Finds the membership of one container; appends a warning where its labels contradict each other.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int membership_find(const struct membership_scene *scene, const struct runtime_container *container,
                    const struct label_values *labels, struct arena *arena,
                    struct membership *ret_membership, struct label_warnings *warnings,
                    struct error *err);

#endif
