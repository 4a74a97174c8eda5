#include "worker/runtime/docker_podman.h"

#include <string.h>

#include "worker/runtime/docker_json.h"
#include "worker/runtime/signal_name.h"

/* A year: longer than any grace. */
#define STOP_AND_WAIT "/stop?t=31536000"
#define STOP_NOW      "/stop?t=0"

static bool is_kill(const char *signal)
{
    return strcmp(signal, "SIGKILL") == 0;
}

static bool is_own(const struct runtime_container *container, const char *signal)
{
    const char *own = container->configured_stop_signal;
    return signal_name_number(span_of(own == NULL ? "SIGTERM" : own)) ==
           signal_name_number(span_of(signal));
}

enum docker_first docker_podman_first(const struct runtime_container *container, const char *signal)
{
    /* SIGKILL needs no thaw; a stop of a paused container is refused. */
    bool needs_thaw = !is_kill(signal) || container->described.restart_policy != NULL;
    return container->status == RUNTIME_PAUSED && needs_thaw ? DOCKER_FIRST_UNPAUSE
                                                             : DOCKER_FIRST_NOTHING;
}

bool docker_podman_is_stopping(const json_t *inspect)
{
    const char *status = docker_json_text(json_object_get(inspect, "State"), "Status");
    return status != NULL && strcmp(status, "stopping") == 0;
}

const char *docker_podman_stop(const struct runtime_container *container, const json_t *inspect,
                               const char *signal)
{
    if (container->described.restart_policy == NULL || docker_podman_is_stopping(inspect)) {
        return NULL;
    }
    if (is_kill(signal)) {
        return STOP_NOW;
    }
    return is_own(container, signal) ? STOP_AND_WAIT : NULL;
}
