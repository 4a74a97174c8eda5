#ifndef WORKER_RUNTIME_DOCKER_WINDOWS_H
#define WORKER_RUNTIME_DOCKER_WINDOWS_H

/** Stops on an engine of Windows containers, which know no POSIX signals: the engine's own stop sends
 *  CTRL_SHUTDOWN_EVENT and, after `t` seconds, terminates the container (moby, libcontainerd's local_windows.go). */

#include "worker/runtime/docker.h"

/** True once the engine has said that it runs Windows. */
bool docker_is_windows(const struct docker *docker);

/** POST /containers/ID/stop?t=GRACE, which the engine answers at the container's end: the call stays open so long and
 *  counts as none of those at once. fn is called once: at the answer if that comes within a second, else by what the
 *  engine's own history shows. own_signal: the container's configured stop signal, whose number the engine's events
 *  name; NULL = SIGTERM. @return 0 or -1 with ERROR_NO_MEMORY (fn is not called) */
int docker_windows_stop(struct docker *docker, struct run run, const char *own_signal,
                        int64_t grace_ms, runtime_signal_fn *fn, void *context, struct error *err);

#endif
