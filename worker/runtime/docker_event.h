#ifndef WORKER_RUNTIME_DOCKER_EVENT_H
#define WORKER_RUNTIME_DOCKER_EVENT_H

/** One line of GET /events. Pure. Only Action and Actor are read: engines leave the older members out
 *  from API 1.52 on. */

#include "common/base/buffer.h"
#include "common/domain/record.h"

enum docker_action {
    DOCKER_ACTION_OTHER = 0, /**< of no interest: exec, attach, stop, images, networks… */
    DOCKER_ACTION_CREATE,
    DOCKER_ACTION_START,
    DOCKER_ACTION_KILL, /**< a signal was sent */
    DOCKER_ACTION_DIE,
    DOCKER_ACTION_DESTROY,
    DOCKER_ACTION_CHANGE /**< rename, update, health_status, oom, pause, unpause */
};

struct docker_event {
    enum docker_action action;
    const char *container_id; /**< NULL for events that are not a container's */
    int64_t time_unix_ms;
    int64_t time_nanos;                /**< for `since` */
    struct optional_integer exit_code; /**< DIE */
    int signal;                        /**< KILL: its number; 0 = not said (Podman) */
};

/** Reads a line; texts go to the arena. @return 0, or -1: ERROR_CORRUPT (no JSON, no event),
 *  ERROR_NO_MEMORY */
int docker_event_read(struct span line, struct arena *arena, struct docker_event *ret_event,
                      struct error *err);

/** The value of `filters` for the stream, not encoded: the actions above but KILL, so that health
 *  checks cost nothing. Podman has other names for some actions: it is asked for all. */
extern const char DOCKER_EVENT_FILTERS[];
extern const char DOCKER_EVENT_FILTERS_PODMAN[];

#endif
