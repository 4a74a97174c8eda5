#include "tests/unit/domain/stop_model.h"

#include "tests/unit/domain/stop_edge_taken.h"

enum {
    IS_NEW = 1 << 0,
    IS_STARTED = 1 << 1,
    IS_WAITING = 1 << 2, /* and not released yet */
    IS_ENDED = 1 << 3,
    HAS_TIMER = 1 << 4,
    HAS_INSPECTION = 1 << 5,
    HAS_HISTORY = 1 << 6,
    HAS_SIGNAL = 1 << 7,
    HAS_KILL = 1 << 8,
    HAS_ANY = 1 << 9, /* a call or a timer */
    LOOKS_ONCE = 1 << 10,
    LOOKS_AGAIN = 1 << 11,
    RUNS = 1 << 12,
    GONE = 1 << 13,
    UNDECIDED = 1 << 14, /* on SIGKILL */
    HAS_COMMAND = 1 << 15,
    HAS_LOOK = 1 << 16,
    COMMAND_RUNS = 1 << 17,
    COMMAND_OVER = 1 << 18,

    ANSWERS = 1 << 0,
    ENDS = 1 << 1,    /* the container */
    AT_TIME = 1 << 2, /* of the timer */
    WAITS = 1 << 3,
    ASKS = 1 << 4, /* for one more inspection */
    STARTS_COMMAND = 1 << 5,
    ENDS_COMMAND = 1 << 6
};

const struct model_move MODEL_MOVES[] = {
    {"driving begins", MODEL_DUE, STOP_ON_START, IS_NEW, 0, 0},
    {"its turn has come", MODEL_DUE, STOP_ON_RELEASED, IS_WAITING, 0, 0},
    {"the timer", MODEL_DUE, STOP_ON_TIMER, HAS_TIMER, AT_TIME, 0},
    {"the timer, too early", MODEL_OUTSIDE, STOP_ON_TIMER, HAS_TIMER, 0, 0},
    {"the timer, held", MODEL_OUTSIDE, STOP_ON_HELD, HAS_TIMER | UNDECIDED, AT_TIME, 0},
    {"nothing happens for long", MODEL_FAULT, STOP_EVENT_NONE, HAS_ANY, WAITS, 0},
    {"the container ends", MODEL_MAY, STOP_EVENT_NONE, RUNS, ENDS, 0},

    {"seen running", MODEL_DUE, STOP_ON_INSPECTED_RUNNING, HAS_INSPECTION | LOOKS_ONCE | RUNS,
     ANSWERS, 0},
    {"looked at once more", MODEL_DUE, STOP_EVENT_NONE, HAS_INSPECTION | LOOKS_AGAIN | RUNS, ASKS,
     0},
    {"seen running at the second look, and asked for once more", MODEL_OUTSIDE,
     STOP_ON_INSPECTED_RUNNING, HAS_INSPECTION | LOOKS_AGAIN | RUNS, ANSWERS, 0},
    {"seen running, held", MODEL_OUTSIDE, STOP_ON_HELD,
     HAS_INSPECTION | LOOKS_ONCE | RUNS | UNDECIDED, ANSWERS, 0},
    {"seen running, from before the end", MODEL_FAULT, STOP_ON_INSPECTED_RUNNING,
     HAS_INSPECTION | LOOKS_ONCE | IS_ENDED, ANSWERS, 0},
    {"seen running, from before the end, held", MODEL_OUTSIDE, STOP_ON_HELD,
     HAS_INSPECTION | LOOKS_ONCE | IS_ENDED | UNDECIDED, ANSWERS, 0},
    {"seen ended", MODEL_DUE, STOP_ON_INSPECTED_ENDED, HAS_INSPECTION | GONE, ANSWERS, 0},
    {"no inspection", MODEL_FAULT, STOP_ON_INSPECT_FAILED, HAS_INSPECTION, ANSWERS, 0},

    {"the command is started", MODEL_DUE, STOP_ON_PRE_STOP_STARTED, HAS_COMMAND | RUNS,
     ANSWERS | STARTS_COMMAND, 0},
    {"nothing to start it in", MODEL_DUE, STOP_ON_PRE_STOP_FAILED, HAS_COMMAND | GONE, ANSWERS, 0},
    {"the command is not started", MODEL_FAULT, STOP_ON_PRE_STOP_FAILED, HAS_COMMAND, ANSWERS, 0},
    {"the command was started before the end", MODEL_FAULT, STOP_ON_PRE_STOP_STARTED,
     HAS_COMMAND | IS_ENDED, ANSWERS, 0},
    {"the command ends", MODEL_MAY, STOP_EVENT_NONE, COMMAND_RUNS, ENDS_COMMAND, 0},
    {"the command runs", MODEL_DUE, STOP_ON_PRE_STOP_RUNS, HAS_LOOK | COMMAND_RUNS, ANSWERS, 0},
    {"the command is over", MODEL_DUE, STOP_ON_PRE_STOP_OVER, HAS_LOOK | COMMAND_OVER, ANSWERS, 0},
    {"the command ran before the end", MODEL_FAULT, STOP_ON_PRE_STOP_RUNS, HAS_LOOK | IS_ENDED,
     ANSWERS, 0},
    {"no look at the command", MODEL_FAULT, STOP_ON_PRE_STOP_UNSEEN, HAS_LOOK, ANSWERS, 0},

    {"signal sent", MODEL_DUE, STOP_ON_SENT, HAS_SIGNAL, ANSWERS, 0},
    {"nothing to signal", MODEL_DUE, STOP_ON_NOT_RUNNING, HAS_SIGNAL | GONE, ANSWERS, 0},
    {"nothing to signal, untrue", MODEL_FAULT, STOP_ON_NOT_RUNNING, HAS_SIGNAL | RUNS, ANSWERS, 0},
    {"signal refused", MODEL_FAULT, STOP_ON_REFUSED, HAS_SIGNAL, ANSWERS, 0},
    {"signal not answered", MODEL_FAULT, STOP_ON_NO_ANSWER, HAS_SIGNAL, ANSWERS, 0},
    {"the history shows it", MODEL_DUE, STOP_ON_HISTORY_SENT, HAS_HISTORY, ANSWERS, 0},
    {"the history shows it, older", MODEL_DUE, STOP_ON_HISTORY_SENT, HAS_HISTORY, ANSWERS,
     MODEL_SHORT_MS},
    {"the history does not show it", MODEL_DUE, STOP_ON_HISTORY_NOT_SENT, HAS_HISTORY, ANSWERS, 0},
    {"the history cannot tell", MODEL_DUE, STOP_ON_HISTORY_UNKNOWN, HAS_HISTORY, ANSWERS, 0},

    {"killed", MODEL_DUE, STOP_ON_SENT, HAS_KILL, ANSWERS | ENDS, 0},
    {"killed, lives on", MODEL_FAULT, STOP_ON_SENT, HAS_KILL | RUNS, ANSWERS, 0},
    {"nothing to kill", MODEL_DUE, STOP_ON_NOT_RUNNING, HAS_KILL | GONE, ANSWERS, 0},
    {"nothing to kill, untrue", MODEL_FAULT, STOP_ON_NOT_RUNNING, HAS_KILL | RUNS, ANSWERS, 0},
    {"SIGKILL refused", MODEL_FAULT, STOP_ON_REFUSED, HAS_KILL, ANSWERS, 0},
    {"SIGKILL not answered", MODEL_FAULT, STOP_ON_NO_ANSWER, HAS_KILL, ANSWERS, 0},

    {"a hint", MODEL_OUTSIDE, STOP_ON_EXIT_HINT, IS_STARTED, 0, 0},
    {"grace 0", MODEL_OUTSIDE, STOP_ON_GRACE_CHANGED, IS_STARTED, 0, 0},
    {"a short grace", MODEL_OUTSIDE, STOP_ON_GRACE_CHANGED, IS_STARTED, 0, MODEL_SHORT_MS},
    {"a long grace", MODEL_OUTSIDE, STOP_ON_GRACE_CHANGED, IS_STARTED, 0, MODEL_LONG_MS},
    {"the log shows a pre-stop command", MODEL_OUTSIDE, STOP_ON_LOG_PRE_STOPPED, IS_STARTED, 0, 0},
    {"the log shows a signal", MODEL_OUTSIDE, STOP_ON_LOG_SIGNALLED, IS_STARTED, 0, 0},
    {"the log shows an old signal", MODEL_OUTSIDE, STOP_ON_LOG_SIGNALLED, IS_STARTED, 0,
     MODEL_SHORT_MS},
    {"the log shows the end", MODEL_OUTSIDE, STOP_ON_LOG_ENDED, IS_STARTED, ENDS, 0},
};

const size_t MODEL_MOVE_COUNT = sizeof MODEL_MOVES / sizeof MODEL_MOVES[0];

/** One figure out of i, which loses it. */
static size_t figure(size_t *i, size_t base)
{
    size_t digit = *i % base;
    *i /= base;
    return digit;
}

bool model_begin(size_t i, struct model_place *ret_place)
{
    static const int64_t graces[] = {0, MODEL_SHORT_MS, MODEL_LONG_MS};
    static const int64_t drains[] = {0, MODEL_DRAIN_MS};
    static const int64_t ages[] = {0, MODEL_SHORT_MS, MODEL_LONG_MS};
    struct stop_run run = {0};
    run.grace_ms = graces[figure(&i, 3)];
    run.drain_delay_ms = drains[figure(&i, 2)];
    size_t signal = figure(&i, 4);
    run.signalled = signal > 0;
    run.signalled_boot_ms = signal > 0 ? MODEL_NOW - ages[signal - 1] : 0;
    run.intents = (int64_t)figure(&i, 3);
    run.intended = figure(&i, 2) == 1;
    run.kill_intents = (int64_t)figure(&i, 2);
    run.kill_recorded = figure(&i, 2) == 1;
    size_t pre_stop = figure(&i, 6);
    run.pre_stop_left = pre_stop == 1;
    run.pre_stop_intended = pre_stop == 2;
    run.pre_stopped = pre_stop >= 3;
    run.pre_stop_boot_ms = pre_stop >= 3 ? MODEL_NOW - ages[pre_stop == 3 ? 0 : 1] : 0;
    run.pre_stop_ended = pre_stop == 5;
    stop_run_init(&run);
    *ret_place = (struct model_place){
        .run = run, .running = true, .command = run.pre_stopped && !run.pre_stop_ended};
    return i == 0;
}

unsigned model_holds(const struct model_place *place)
{
    const struct stop_run *run = &place->run;
    unsigned is = run->state == STOP_NEW ? IS_NEW : IS_STARTED;
    is |= run->state == STOP_WAITING && !place->released ? IS_WAITING : 0;
    is |= run->state == STOP_ENDED ? IS_ENDED : 0;
    is |= run->wake_boot_ms >= 0 ? HAS_TIMER | HAS_ANY : 0;
    is |= place->call != 0 ? HAS_ANY : 0;
    is |= place->call == STOP_ACTION_INSPECT ? HAS_INSPECTION : 0;
    is |= place->call == STOP_ACTION_ASK_HISTORY ? HAS_HISTORY : 0;
    is |= place->call == STOP_ACTION_SIGNAL ? HAS_SIGNAL : 0;
    is |= place->call == STOP_ACTION_KILL ? HAS_KILL : 0;
    is |= place->call == STOP_ACTION_PRE_STOP ? HAS_COMMAND : 0;
    is |= place->call == STOP_ACTION_LOOK ? HAS_LOOK : 0;
    is |= place->command ? COMMAND_RUNS : COMMAND_OVER;
    is |= place->look_again ? LOOKS_AGAIN : LOOKS_ONCE;
    is |= place->running ? RUNS : GONE;
    return is | (stop_run_kill_decided(run) ? 0 : UNDECIDED);
}

bool model_can(unsigned holds, const struct model_move *move)
{
    return (move->needs & ~holds) == 0;
}

static const char *call(struct model_place *place, enum stop_action_kind kind)
{
    if (place->call != 0 && (place->call != STOP_ACTION_INSPECT || kind != STOP_ACTION_INSPECT)) {
        return "a call while another one is out";
    }
    place->look_again = place->call == STOP_ACTION_INSPECT;
    place->call = kind;
    return NULL;
}

static const char *pre_stop_broken(const struct stop_run *before, bool running)
{
    bool late = before->pre_stopped || before->signalled || before->grace_ms == 0;
    return late || !running
               ? "a pre-stop command that comes again, too late, without a look or although forced"
               : NULL;
}

static const char *signal_broken(const struct model_place *place, const struct stop_run *before,
                                 bool running)
{
    if (before->signalled || !running) {
        return before->signalled ? "a second signal" : "a signal without a look";
    }
    return place->command && before->pre_stopped ? "a signal while the pre-stop command runs"
                                                 : NULL;
}

static const char *kill_broken(const struct stop_run *before, bool running, int64_t now)
{
    if (before->kill_intents == 0 && before->grace_ms > 0 && now < stop_run_deadline(before)) {
        return "SIGKILL before the deadline";
    }
    return !running && now - before->seen_running_boot_ms > STOP_FRESH_MS
               ? "SIGKILL without a fresh look"
               : NULL;
}

/** The engine's action. @return the promise that it breaks, NULL = none */
static const char *perform(struct model_place *place, const struct stop_run *before,
                           enum stop_event event, const struct stop_action *action, int64_t now)
{
    bool running = event == STOP_ON_INSPECTED_RUNNING;
    const char *broken = NULL;
    switch (action->kind) {
    case STOP_ACTION_RECORD_SIGNAL:
        return before->signalled ? "a second signal recorded" : NULL;
    case STOP_ACTION_RECORD_KILL:
        return before->kill_recorded ? "a second SIGKILL recorded" : NULL;
    case STOP_ACTION_RECORD_PRE_STOP:
    case STOP_ACTION_RECORD_PRE_STOP_END:
        return NULL;
    case STOP_ACTION_RECORD_STUCK:
        return action->problem == STOP_PROBLEM_NONE ? "stuck without a reason" : NULL;
    case STOP_ACTION_RECORD_EXIT:
        return event != STOP_ON_INSPECTED_ENDED ? "an end recorded without proof" : NULL;
    case STOP_ACTION_ARM:
        return action->at_boot_ms < 0 ? "a timer before the start of time" : NULL;
    case STOP_ACTION_DISARM:
        return NULL;
    case STOP_ACTION_INSPECT:
    case STOP_ACTION_ASK_HISTORY:
    case STOP_ACTION_LOOK:
        return call(place, action->kind);
    case STOP_ACTION_PRE_STOP:
        broken = pre_stop_broken(before, running);
        break;
    case STOP_ACTION_SIGNAL:
        broken = signal_broken(place, before, running);
        break;
    case STOP_ACTION_KILL:
        broken = kill_broken(before, running, now);
        break;
    default:
        return "an unknown action";
    }
    return broken != NULL ? broken : call(place, action->kind);
}

static int64_t at_least(int64_t value, int64_t least)
{
    return value < least ? least : value;
}

static int64_t at_most(int64_t value, int64_t most)
{
    return value > most ? most : value;
}

/** Whether an edge from the state asks the guard. */
static bool asks(enum stop_state state, enum stop_guard guard)
{
    static unsigned asked[STOP_STATE_COUNT];
    if (asked[STOP_NEW] == 0) {
        for (size_t i = 0; i < STOP_EDGE_COUNT; i++) {
            asked[STOP_EDGES[i].state] |= 1U << STOP_EDGES[i].guard;
        }
    }
    return (asked[state] & (1U << guard)) != 0;
}

/** Moves the clock back to MODEL_NOW. */
static void move_clock(struct stop_run *run, int64_t passed_ms)
{
    if (run->signalled) {
        run->signalled_boot_ms =
            at_least(run->signalled_boot_ms - passed_ms, MODEL_NOW - MODEL_LONG_MS);
    }
    if (run->pre_stopped) {
        run->pre_stop_boot_ms =
            at_least(run->pre_stop_boot_ms - passed_ms, MODEL_NOW - MODEL_LONG_MS);
    }
    if (run->wake_boot_ms >= 0) {
        run->wake_boot_ms = at_least(run->wake_boot_ms - passed_ms, MODEL_NOW);
    }
    if (run->drained_boot_ms > 0) {
        run->drained_boot_ms = at_least(run->drained_boot_ms - passed_ms, MODEL_NOW);
    }
    if (run->seen_running_boot_ms >= 0) {
        run->seen_running_boot_ms =
            at_least(run->seen_running_boot_ms - passed_ms, MODEL_NOW - STOP_FRESH_MS - 1);
    }
}

/** Forgets what the engine does not ask any more. Whether a signal may be repeated is the random histories' matter; each failure
 *  is one that makes a stop stuck. */
static void forget(struct stop_run *run)
{
    bool settled = run->signalled || stop_run_kill_decided(run);
    run->intents = settled ? 0 : at_most(run->intents, 2);
    run->maybe_repeated = false;
    run->kill_intents = at_most(run->kill_intents, 1);
    run->failures = STOP_TRIES_TO_STUCK - 1;
    run->tries = at_most(run->tries, 5);
    if (run->state != STOP_NEW && run->state != STOP_WAITING) {
        run->drain_delay_ms = 0;
    }
    if (!asks(run->state, STOP_IF_DRAINED)) {
        run->drained_boot_ms = 0;
    }
    if (!asks(run->state, STOP_IF_OVERDUE_FRESH)) {
        run->seen_running_boot_ms = -1;
    }
    if (stop_run_kill_decided(run)) {
        run->grace_ms = 0;
        run->drain_delay_ms = 0;
        run->signalled_boot_ms = run->signalled ? MODEL_NOW : 0;
        run->pre_stop_boot_ms = run->pre_stopped ? MODEL_NOW : 0;
    }
    if (run->signalled && run->pre_stopped) {
        /* the deadline counts from the command: as if the signal had been sent then */
        run->signalled_boot_ms = run->pre_stop_boot_ms;
        run->pre_stopped = false;
        run->pre_stop_boot_ms = 0;
    }
    run->pre_stop_left = run->pre_stop_left && !run->signalled;
    run->pre_stop_intended = run->pre_stop_intended && run->state == STOP_NEW;
    run->pre_stop_ended = run->pre_stop_ended && run->state == STOP_NEW;
    if (run->state == STOP_ENDED) {
        bool decided = stop_run_kill_decided(run);
        *run = (struct stop_run){0};
        stop_run_init(run);
        run->state = STOP_ENDED;
        run->kill_intents = decided ? 1 : 0;
    }
}

static bool does(const struct stop_actions *actions, enum stop_action_kind kind)
{
    for (size_t i = 0; i < actions->count; i++) {
        if (actions->items[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/** @return what the step as a whole breaks, NULL = nothing */
static const char *judge(const struct model_place *before, const struct model_move *move,
                         enum stop_state after, const struct stop_actions *actions)
{
    bool ended = after == STOP_ENDED;
    bool ends = before->run.state != STOP_ENDED && ended;
    if (move->event == STOP_ON_LOG_ENDED) {
        return ended ? NULL : "a stop that goes on after its end in the log";
    }
    if (ends && !does(actions, STOP_ACTION_RECORD_EXIT)) {
        return "an end that is not recorded";
    }
    if (!ended && move->event == STOP_ON_HELD && !does(actions, STOP_ACTION_ARM)) {
        return "a step that was held and is not tried again";
    }
    return NULL;
}

static void tell(const struct model_place *before, const struct model_move *move, int64_t now,
                 struct model_step *step)
{
    struct stop_actions actions;
    struct error err = {0};
    struct stop_input input = {.event = move->event,
                               .at_boot_ms = now - move->value_ms,
                               .times = move->value_ms > 0 ? 2 : 1,
                               .grace_ms = move->value_ms};
    if (stop_engine_step(&step->place.run, &input, now, &actions, &err) != 0) {
        step->broken = "an event in a state that holds it to be impossible";
        return;
    }
    step->edge = stop_edge_taken(&before->run, &step->place.run, move->event, now);
    for (size_t i = 0; i < actions.count && step->broken == NULL; i++) {
        step->broken = perform(&step->place, &before->run, move->event, &actions.items[i], now);
    }
    if (step->broken == NULL) {
        step->broken = judge(before, move, step->place.run.state, &actions);
    }
}

/** Far from the timer only the time just before it matters. */
static int64_t pause_of(const struct stop_run *run)
{
    int64_t to_timer = run->wake_boot_ms - MODEL_NOW;
    return to_timer > MODEL_SLOW_MS ? to_timer - MODEL_SLOW_MS : MODEL_SLOW_MS;
}

void model_make(const struct model_place *place, const struct model_move *move,
                struct model_step *ret_step)
{
    *ret_step = (struct model_step){.place = *place};
    struct model_place *next = &ret_step->place;
    if (move->does & AT_TIME) {
        ret_step->passed_ms = place->run.wake_boot_ms - MODEL_NOW;
    } else if (move->does & WAITS) {
        ret_step->passed_ms = pause_of(&place->run);
    }
    if (move->does & (ANSWERS | ASKS)) {
        next->call = (move->does & ASKS) ? STOP_ACTION_INSPECT : 0;
        next->look_again = false;
    }
    if (move->does & ENDS) {
        next->running = false;
    }
    next->command = (next->command || (move->does & STARTS_COMMAND)) && next->running &&
                    !(move->does & ENDS_COMMAND);
    next->released |= move->event == STOP_ON_RELEASED;
    if (move->event != STOP_EVENT_NONE) {
        tell(place, move, MODEL_NOW + ret_step->passed_ms, ret_step);
    }
    move_clock(&next->run, ret_step->passed_ms);
    forget(&next->run);
    next->command = next->command && next->run.state == STOP_PRE_STOP;
    next->released = next->released && next->run.state == STOP_WAITING;
}
