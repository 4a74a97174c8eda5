#ifndef WORKER_HOST_OBSERVATION_H
#define WORKER_HOST_OBSERVATION_H

/** What the groups of living containers mean beside what the log says of open tasks: which task has a new
 *  description, which is new, which has ended. Pure. */

#include "common/domain/task.h"
#include "worker/host/left_alone.h"

/** A task whose base is not terminal. */
struct open_task {
    const struct task *base;
    const struct task *own; /**< fold of the worker's own events of its stop; NULL = none */
    bool concerned;         /**< a StopRequested waits, or a stop is under way */
};

/** A TaskObserved that was written and not read back yet. */
struct flight {
    const char *cluster, *task;
    const char *group; /**< key of the group that it describes */
    int64_t revision;
    RECORD_LIST_OF(struct run) runs;
};

/** What is known of a task id. */
enum observation_id {
    OBSERVATION_ID_NEW = 1, /**< the view was asked: neither it nor the log has a task of this id */
    OBSERVATION_ID_ASKED,   /**< the view is being asked */
    OBSERVATION_ID_TAKEN,   /**< there is one, or it has ended, or it is another host's */
    OBSERVATION_ID_OVER /**< it has ended, and lists have shown for a while that its runs have not */
};

struct observation_input {
    const struct runtime_container *const *containers; /**< all of the runtime's, sorted by id */
    size_t container_count;
    struct grouping *grouping; /**< its members' marks are used */
    const struct grouping_options *options;
    const struct left_alone *left; /**< by the same list; NULL = nothing */
    const struct open_task *open;
    size_t open_count;
    const struct flight *const *flights; /**< sorted by task id */
    size_t flight_count;
    const char *host, *cluster, *runtime;
    /** given: the containers name it, so that it may have been used before; it was not minted. */
    enum observation_id (*know_id)(void *context, const char *cluster, const char *task,
                                   bool given);
    /** See stopper_told_code. */
    struct optional_integer (*told_code)(void *context, struct run run);
    void *context;
};

enum finding_kind {
    FINDING_OBSERVED = 1, /**< write a TaskObserved */
    FINDING_TOO_LARGE,    /**< it has more containers than an event can describe */
    FINDING_ID_TAKEN, /**< the ECS task id that its containers name has ended, or is another host's */
    FINDING_GONE /**< none of its runs lives, and nobody asked to stop it; or those that live are somebody else's; or the log never observed it, and nothing of it runs */
};
struct finding {
    enum finding_kind kind;
    const struct task *base; /**< NULL = a new task */
    char id[37];
    const char *group; /**< key */
    int64_t revision;
    struct description description;
    bool truncated; /**< something of the description was cut */
};
struct observation {
    RECORD_LIST_OF(struct finding) findings;
    bool waits; /**< something has to wait for what is in flight or not read back */
};

/** Compares. All memory is the arena's or the input's. @return 0 or -1 with ERROR_NO_MEMORY */
int observation_make(const struct observation_input *input, struct arena *arena,
                     struct observation *ret_observation, struct error *err);

/** True if `described` as the log has it and the container as it now is are the same life: the same run; its first start;
 *  or a restart by the engine itself. */
bool observation_continues(const struct described_container *described,
                           const struct runtime_container *container);
/** Whether task a was observed before task b. */
bool observation_is_earlier(const struct task *a, const struct task *b);
/** The container of this id; NULL = none. */
const struct runtime_container *observation_find(const struct runtime_container *const *containers,
                                                 size_t count, const char *container_id);

#endif
