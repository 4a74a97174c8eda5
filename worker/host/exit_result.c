#include "worker/host/exit_result.h"

#include <stdio.h>
#include <string.h>

static bool is_over(const struct runtime_container *container)
{
    return container->status == RUNTIME_EXITED || container->status == RUNTIME_DEAD ||
           container->status == RUNTIME_REMOVING;
}

bool exit_result_of(struct run run, const char *name, const struct runtime_container *container,
                    struct optional_integer hint, char storage[EXIT_REASON_MAX_BYTES],
                    struct run_result *ret_result)
{
    struct run_result result = {
        .container_id = run.container_id, .started_at = run.started_at, .name = name};
    bool same = container != NULL && container->described.started_at == run.started_at;
    if (same && !is_over(container)) {
        return false;
    }
    storage[0] = '\0';
    if (!same) {
        result.exit_code = hint;
        if (container == NULL && !hint.known) {
            snprintf(storage, EXIT_REASON_MAX_BYTES,
                     "ContainerVanishedError: No container matching saved ID found");
        }
    } else {
        result.exit_code = container->exit_code;
        result.oom_killed = container->oom_killed;
        result.finished_at = container->finished_at;
        if (container->oom_killed) {
            snprintf(storage, EXIT_REASON_MAX_BYTES,
                     "OutOfMemoryError: Container killed due to memory usage");
        } else if (container->state_error != NULL && container->state_error[0] != '\0') {
            struct span text = span_cut_utf8(span_of(container->state_error), 1000);
            snprintf(storage, EXIT_REASON_MAX_BYTES, "DockerStateError: %.*s", (int)text.length,
                     text.data);
        }
    }
    result.reason = storage[0] == '\0' ? NULL : storage;
    *ret_result = result;
    return true;
}
