#ifndef WORKER_RUNTIME_DOCKER_FIRST_H
#define WORKER_RUNTIME_DOCKER_FIRST_H

/** What Docker must be told before a stop signal, so that the container ends and stays ended. Pure.
 *
 *  The engine cancels a restart policy and resumes a paused container by itself for SIGKILL, for the
 *  container's own stop signal (Config.StopSignal), and where that is not set (moby, daemon/kill.go).
 *  For any other signal it does neither: a container that obeys would be started again, and a frozen
 *  one would not see the signal. The policy `unless-stopped` ends with any signal. */

#include "worker/runtime/runtime.h"

enum docker_first {
    DOCKER_FIRST_NOTHING = 1,
    DOCKER_FIRST_NO_RESTART, /**< set the restart policy to "no" */
    DOCKER_FIRST_UNPAUSE     /**< resume it */
};

/** The next thing to do before that signal. */
enum docker_first docker_first_before(const struct runtime_container *container,
                                      const char *signal);

#endif
