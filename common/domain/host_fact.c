#include "common/domain/host_fact.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *host_fact_name(enum host_fact_kind kind)
{
    static const char *const names[HOST_FACT_COUNT] = {[HOST_FACT_NONE] = "",
                                                       [HOST_FACT_STARTED] = "started",
                                                       [HOST_FACT_DEREGISTERED] = "deregistered",
                                                       [HOST_FACT_STATUS] = "status"};
    return (unsigned)kind < HOST_FACT_COUNT ? names[kind] : "";
}

enum host_fact_kind host_fact_kind(const struct event *event)
{
    if (event->host == NULL) {
        return HOST_FACT_NONE;
    }
    return event->type == EVENT_WORKER_STARTED       ? HOST_FACT_STARTED
           : event->type == EVENT_HOST_DEREGISTERED  ? HOST_FACT_DEREGISTERED
           : event->type == EVENT_HOST_STATE_CHANGED ? HOST_FACT_STATUS
                                                     : HOST_FACT_NONE;
}

static bool says_draining(const struct event *event)
{
    const char *status = event->host_state_changed.status;
    return status != NULL && strcmp(status, "DRAINING") == 0;
}

const char *host_fact_value(const struct event *event, char ret_text[24])
{
    switch (host_fact_kind(event)) {
    case HOST_FACT_STATUS:
        return says_draining(event) ? "DRAINING" : "ACTIVE";
    case HOST_FACT_DEREGISTERED:
        (void)snprintf(ret_text, 24, "%" PRId64, event->ts);
        return ret_text;
    case HOST_FACT_NONE:
    case HOST_FACT_STARTED:
    case HOST_FACT_COUNT:
        break;
    }
    return "";
}

void host_state_fold(struct host_state *state, const struct event *event, int64_t offset)
{
    enum host_fact_kind kind = host_fact_kind(event);
    if (kind == HOST_FACT_NONE || offset <= state->offsets[kind]) {
        return;
    }
    state->offsets[kind] = offset;
    if (kind == HOST_FACT_STATUS) {
        state->draining = says_draining(event);
    }
}

enum { VERSION_OF_POSITION_0 = 2 };

int64_t host_state_version(const struct host_state *state)
{
    int64_t newest = -1;
    for (int kind = HOST_FACT_STARTED; kind < HOST_FACT_COUNT; kind++) {
        newest = state->offsets[kind] > newest ? state->offsets[kind] : newest;
    }
    return newest + VERSION_OF_POSITION_0;
}

int64_t host_version_position(int64_t version)
{
    return version - VERSION_OF_POSITION_0;
}

const char *host_state_status(const struct host_state *state)
{
    int64_t deregistered = state->offsets[HOST_FACT_DEREGISTERED];
    if (deregistered > state->offsets[HOST_FACT_STARTED]) {
        return "INACTIVE";
    }
    return state->draining && state->offsets[HOST_FACT_STATUS] > deregistered ? "DRAINING"
                                                                              : "ACTIVE";
}
