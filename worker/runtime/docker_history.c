#include "worker/runtime/docker_history.h"

#include <string.h>

void docker_history_add(struct docker_history *history, const struct docker_event *event)
{
    if (event->time_unix_ms < history->since_unix_ms) {
        history->reaches_back = history->reaches_back || event->time_unix_ms > 0;
        return;
    }
    if (history->over || event->container_id == NULL ||
        strcmp(event->container_id, history->container_id) != 0) {
        return;
    }
    if (event->action == DOCKER_ACTION_DIE) {
        history->died = true;
    } else if (event->action == DOCKER_ACTION_START) {
        history->over = history->died;
    } else if (event->action == DOCKER_ACTION_KILL && event->signal == 0) {
        history->unnamed_signals = true;
    } else if (event->action == DOCKER_ACTION_KILL && event->signal == history->signal) {
        /* The engine writes the event after the call: it may come behind the death that it caused. */
        history->times++;
        history->last_unix_ms = event->time_unix_ms;
    }
}

enum runtime_history_answer docker_history_answer(const struct docker_history *history)
{
    if (history->times > 0) {
        return RUNTIME_HISTORY_SENT;
    }
    return history->reaches_back && !history->unnamed_signals ? RUNTIME_HISTORY_NOT_SENT
                                                              : RUNTIME_HISTORY_UNKNOWN;
}

int64_t docker_clock_ahead(int64_t engine_ms, int64_t asked_ms, int64_t answered_ms)
{
    int64_t most = engine_ms - asked_ms, least = engine_ms - answered_ms;
    bool same = least <= DOCKER_CLOCK_NOISE_MS && most >= -DOCKER_CLOCK_NOISE_MS;
    return engine_ms == 0 || same ? 0 : least + (most - least) / 2;
}
