#ifndef WORKER_RUNTIME_DOCKER_PODMAN_H
#define WORKER_RUNTIME_DOCKER_PODMAN_H

/** Where Podman's compatible socket has to be told something else than Docker, so that a container ends and stays ended.
 *  Pure.
 *
 *  A container with a restart policy that ends after /kill is started again, also after SIGKILL: only a stop counts as the
 *  user's will (libpod, container_internal.go: StoppedByUser). /stop sends the container's own stop signal at once, marks it
 *  "stopping", and goes on without the caller; its own SIGKILL is put off by `t`, so that the grace stays the worker's.
 *  A paused container is resumed by no signal. Seen with 4.3.1 and 5.4.2. */

#include <jansson.h>

#include "worker/runtime/docker_first.h"

/** What to do before that signal: DOCKER_FIRST_UNPAUSE or DOCKER_FIRST_NOTHING. */
enum docker_first docker_podman_first(const struct runtime_container *container,
                                      const char *signal);

/** True between a stop's signal and the end. */
bool docker_podman_is_stopping(const json_t *inspect);

/** What to post instead of /kill; NULL = /kill will do. */
const char *docker_podman_stop(const struct runtime_container *container, const json_t *inspect,
                               const char *signal);

#endif
