#include "worker/runtime/docker_first.h"

#include <string.h>

#include "worker/runtime/signal_name.h"

static bool engine_does_it(const struct runtime_container *container, const char *signal)
{
    const char *own = container->configured_stop_signal;
    return own == NULL || strcmp(signal, "SIGKILL") == 0 ||
           signal_name_number(span_of(own)) == signal_name_number(span_of(signal));
}

enum docker_first docker_first_before(const struct runtime_container *container, const char *signal)
{
    const char *policy = container->described.restart_policy;
    if (engine_does_it(container, signal)) {
        return DOCKER_FIRST_NOTHING;
    }
    if (policy != NULL && strcmp(policy, "unless-stopped") != 0) {
        return DOCKER_FIRST_NO_RESTART;
    }
    return container->status == RUNTIME_PAUSED ? DOCKER_FIRST_UNPAUSE : DOCKER_FIRST_NOTHING;
}
