#ifndef WORKER_HOST_EXIT_RESULT_H
#define WORKER_HOST_EXIT_RESULT_H

/** What became of a run, from what the runtime says of its container now. Pure. */

#include "worker/runtime/runtime.h"

enum { EXIT_REASON_MAX_BYTES = 1025 /**< ECS keeps 1,024 characters of a container's reason */ };

/** Fills result for a run that has ended. container: as inspected; NULL = it does not exist, and another run of it than this one
 *  counts as the same: then the exit code is what an event said (`hint`), else unknown, never guessed. reason is written to
 *  storage as ECS words it (OutOfMemoryError, DockerStateError, ContainerVanishedError).
 *  @return false if the run has not ended: nothing is written */
bool exit_result_of(struct run run, const char *name, const struct runtime_container *container,
                    struct optional_integer hint, char storage[EXIT_REASON_MAX_BYTES],
                    struct run_result *ret_result);

#endif
