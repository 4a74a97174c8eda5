#include "common/domain/stop_engine_table.h"

#define NOTHING 0

const struct stop_edge STOP_EDGES[] = {
#define STOP_EDGE(from, on, only_if, to, what, because)                                            \
    {.state = STOP_##from,                                                                         \
     .event = STOP_ON_##on,                                                                        \
     .guard = STOP_IF_##only_if,                                                                   \
     .next = STOP_##to,                                                                            \
     .actions = (what),                                                                            \
     .actions_text = #what,                                                                        \
     .why = (because)},
#include "common/domain/stop_engine.def"
};

const size_t STOP_EDGE_COUNT = sizeof STOP_EDGES / sizeof STOP_EDGES[0];

static const char *const STATE_DOCS[STOP_STATE_COUNT] = {
#define STOP_STATE(name, doc) [STOP_##name] = (doc),
#include "common/domain/stop_engine.def"
};

static const char *const EVENT_DOCS[STOP_EVENT_COUNT] = {
#define STOP_EVENT(name, doc) [STOP_ON_##name] = (doc),
#include "common/domain/stop_engine.def"
};

static const char *const ELSEWHERE[STOP_EVENT_COUNT] = {
#define STOP_ELSEWHERE(event, why) [STOP_ON_##event] = (why),
#include "common/domain/stop_engine.def"
};

static const char *const GUARD_DOCS[STOP_GUARD_COUNT] = {
    [STOP_IF_ALWAYS] = "",
    [STOP_IF_KILL_INTENDED] = "SIGKILL was decided on",
    [STOP_IF_SIGNALLED] = "signal recorded",
    [STOP_IF_INTENDED] = "open intent",
    [STOP_IF_UNSIGNALLED] = "signal not recorded",
    [STOP_IF_PRE_STOP_LEFT] = "pre-stop command not tried yet",
    [STOP_IF_PRE_STOP_INTENDED] = "open intent of the pre-stop command",
    [STOP_IF_PRE_STOPPING] = "pre-stop command started, its end not recorded",
    [STOP_IF_DRAINS] = "drain delay left, not forced",
    [STOP_IF_DRAINED] = "drain delay over",
    [STOP_IF_FORCED] = "grace 0",
    [STOP_IF_HINTED] = "hint came meanwhile",
    [STOP_IF_REPEATED] = "tried more than once",
    [STOP_IF_RESTING] = "timer armed",
    [STOP_IF_NEAR] = "deadline near",
    [STOP_IF_OVERDUE] = "deadline here",
    [STOP_IF_OVERDUE_FRESH] = "deadline here, last look fresh",
    [STOP_IF_KILL_RECORDED] = "SIGKILL recorded",
};

const struct stop_edge *stop_edge_first(enum stop_state state, enum stop_event event)
{
    for (size_t i = 0; i < STOP_EDGE_COUNT; i++) {
        if (STOP_EDGES[i].state == state && STOP_EDGES[i].event == event) {
            return &STOP_EDGES[i];
        }
    }
    return NULL;
}

const char *stop_event_elsewhere(enum stop_event event)
{
    return ELSEWHERE[event];
}

const char *stop_state_doc(enum stop_state state)
{
    return STATE_DOCS[state];
}

const char *stop_event_doc(enum stop_event event)
{
    return EVENT_DOCS[event];
}

const char *stop_guard_doc(enum stop_guard guard)
{
    return GUARD_DOCS[guard];
}

static bool seen_lately(const struct stop_run *run, int64_t now_boot_ms)
{
    return run->seen_running_boot_ms >= 0 &&
           now_boot_ms - run->seen_running_boot_ms <= STOP_FRESH_MS;
}

bool stop_guard_holds(enum stop_guard guard, const struct stop_run *run, int64_t now_boot_ms)
{
    int64_t deadline = stop_run_deadline(run);
    switch (guard) {
    case STOP_IF_ALWAYS:
        return true;
    case STOP_IF_KILL_INTENDED:
        return stop_run_kill_decided(run);
    case STOP_IF_SIGNALLED:
        return run->signalled;
    case STOP_IF_INTENDED:
        return run->intended;
    case STOP_IF_UNSIGNALLED:
        return !run->signalled;
    case STOP_IF_PRE_STOP_LEFT:
        return run->pre_stop_left;
    case STOP_IF_PRE_STOP_INTENDED:
        return run->pre_stop_intended;
    case STOP_IF_PRE_STOPPING:
        return run->pre_stopped && !run->pre_stop_ended;
    case STOP_IF_DRAINS:
        return run->drain_delay_ms > 0 && run->grace_ms > 0;
    case STOP_IF_DRAINED:
        return now_boot_ms >= run->drained_boot_ms;
    case STOP_IF_FORCED:
        return run->grace_ms == 0;
    case STOP_IF_HINTED:
        return run->hinted;
    case STOP_IF_REPEATED:
        return run->intents > 1;
    case STOP_IF_RESTING:
        return run->wake_boot_ms >= 0;
    case STOP_IF_NEAR:
        return now_boot_ms >= deadline - STOP_CHECK_LEAD_MS;
    case STOP_IF_OVERDUE:
        return now_boot_ms >= deadline;
    case STOP_IF_OVERDUE_FRESH:
        return now_boot_ms >= deadline && seen_lately(run, now_boot_ms);
    case STOP_IF_KILL_RECORDED:
        return run->kill_recorded;
    case STOP_GUARD_COUNT:
        break;
    }
    return false;
}
