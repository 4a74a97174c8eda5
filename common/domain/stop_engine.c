#include "common/domain/stop_engine.h"

#include "common/domain/stop_engine_table.h"

/** One step under way. */
struct step {
    struct stop_run *run;
    const struct stop_input *input;
    int64_t now_boot_ms;
    struct stop_actions *actions;
};

void stop_run_init(struct stop_run *run)
{
    run->state = STOP_NEW;
    run->hinted = false;
    run->wake_boot_ms = -1;
    run->drained_boot_ms = 0;
    run->seen_running_boot_ms = -1;
    run->failures = 0;
    run->tries = 0;
    run->kill_problem = STOP_PROBLEM_NONE;
}

int64_t stop_run_deadline(const struct stop_run *run)
{
    int64_t deadline = INT64_MAX;
    int64_t begun = run->pre_stopped ? run->pre_stop_boot_ms : run->signalled_boot_ms;
    if ((!run->pre_stopped && !run->signalled) ||
        __builtin_add_overflow(begun, run->grace_ms, &deadline)) {
        return INT64_MAX;
    }
    return deadline;
}

bool stop_run_kill_decided(const struct stop_run *run)
{
    return run->kill_intents > 0;
}

static struct stop_action *emit(struct step *step, enum stop_action_kind kind)
{
    struct stop_action *action = &step->actions->items[step->actions->count++];
    *action = (struct stop_action){.kind = kind};
    return action;
}

/** The first start counts. */
static void take_pre_stop(struct stop_run *run, int64_t at_boot_ms)
{
    if (!run->pre_stopped) {
        run->pre_stopped = true;
        run->pre_stop_boot_ms = at_boot_ms;
    }
    run->pre_stop_left = false;
    run->pre_stop_intended = false;
}

/** Takes what the event says into the run, before any guard is asked. */
static void take_event(struct stop_run *run, const struct stop_input *input, int64_t now_boot_ms)
{
    bool fixed = stop_run_kill_decided(run) || run->state == STOP_ENDED;
    if (input->event == STOP_ON_GRACE_CHANGED && !fixed) {
        run->grace_ms = input->grace_ms;
    } else if (input->event == STOP_ON_LOG_SIGNALLED && !run->signalled) {
        run->signalled = true;
        run->signalled_boot_ms = input->at_boot_ms;
        run->intended = false;
    } else if (input->event == STOP_ON_LOG_PRE_STOPPED) {
        take_pre_stop(run, input->at_boot_ms);
    } else if (input->event == STOP_ON_INSPECTED_RUNNING) {
        run->seen_running_boot_ms = now_boot_ms;
    }
}

static void record_signal(struct step *step)
{
    struct stop_run *run = step->run;
    bool settled = step->input->event == STOP_ON_HISTORY_SENT;
    run->signalled = true;
    run->signalled_boot_ms = settled ? step->input->at_boot_ms : step->now_boot_ms;
    run->intended = false;
    run->maybe_repeated |= run->intents > 1 || (settled && step->input->times > 1);
    struct stop_action *action = emit(step, STOP_ACTION_RECORD_SIGNAL);
    action->at_boot_ms = run->signalled_boot_ms;
    action->maybe_repeated = run->maybe_repeated;
}

static void record_kill(struct step *step)
{
    step->run->kill_recorded = true;
    emit(step, STOP_ACTION_RECORD_KILL)->maybe_repeated = step->run->kill_intents > 1;
}

static void record_pre_stop(struct step *step)
{
    take_pre_stop(step->run, step->now_boot_ms);
    emit(step, STOP_ACTION_RECORD_PRE_STOP)->at_boot_ms = step->run->pre_stop_boot_ms;
}

static void record_pre_stop_end(struct step *step)
{
    step->run->pre_stop_ended = true;
    step->run->pre_stop_intended = false;
    emit(step, STOP_ACTION_RECORD_PRE_STOP_END);
}

static void fail(struct step *step, enum stop_problem problem)
{
    if (problem == STOP_PROBLEM_NONE) {
        return;
    }
    step->run->failures++;
    if (step->run->failures >= STOP_TRIES_TO_STUCK) {
        emit(step, STOP_ACTION_RECORD_STUCK)->problem = problem;
    }
}

static enum stop_problem signal_problem_of(enum stop_event answer)
{
    if (answer == STOP_ON_REFUSED) {
        return STOP_PROBLEM_SIGNAL_REFUSED;
    }
    return answer == STOP_ON_NO_ANSWER ? STOP_PROBLEM_SIGNAL_UNANSWERED
                                       : STOP_PROBLEM_SIGNAL_POINTLESS;
}

static enum stop_problem kill_problem_of(enum stop_event answer)
{
    if (answer == STOP_ON_SENT) {
        return STOP_PROBLEM_KILL_SURVIVED;
    }
    if (answer == STOP_ON_REFUSED) {
        return STOP_PROBLEM_KILL_REFUSED;
    }
    return answer == STOP_ON_NO_ANSWER ? STOP_PROBLEM_KILL_UNANSWERED : STOP_PROBLEM_KILL_POINTLESS;
}

static int64_t backoff(struct stop_run *run)
{
    int64_t delay = STOP_BACKOFF_MAX_MS;
    if (run->tries < 5) {
        delay = (int64_t)STOP_BACKOFF_FIRST_MS << run->tries;
    }
    run->tries++;
    return delay < STOP_BACKOFF_MAX_MS ? delay : STOP_BACKOFF_MAX_MS;
}

/** Often at first: most commands are short. */
static int64_t pre_stop_poll(const struct stop_run *run, int64_t now_boot_ms)
{
    int64_t poll = (now_boot_ms - run->pre_stop_boot_ms) / 4;
    if (poll < STOP_PRE_STOP_POLL_LEAST_MS) {
        return STOP_PRE_STOP_POLL_LEAST_MS;
    }
    return poll < STOP_PRE_STOP_POLL_MS ? poll : STOP_PRE_STOP_POLL_MS;
}

/** When the next look in GRACE or PRE_STOP is due. */
static int64_t next_look(const struct stop_run *run, int64_t now_boot_ms)
{
    int64_t look = stop_run_deadline(run) - STOP_CHECK_LEAD_MS;
    int64_t poll = run->signalled ? STOP_POLL_MS : pre_stop_poll(run, now_boot_ms);
    if (look > now_boot_ms + poll) {
        look = now_boot_ms + poll;
    }
    return look > now_boot_ms ? look : now_boot_ms;
}

static void arm(struct step *step, int64_t at_boot_ms)
{
    step->run->wake_boot_ms = at_boot_ms;
    emit(step, STOP_ACTION_ARM)->at_boot_ms = at_boot_ms;
}

static void disarm(struct step *step)
{
    if (step->run->wake_boot_ms >= 0) {
        step->run->wake_boot_ms = -1;
        emit(step, STOP_ACTION_DISARM);
    }
}

static void do_notes_and_records(struct step *step, unsigned actions)
{
    struct stop_run *run = step->run;
    if (actions & DO_PROGRESS) {
        run->failures = 0;
        run->tries = 0;
    }
    if (actions & DO_NOTE_HINT) {
        run->hinted = true;
    }
    if (actions & DO_NOTE_CALL) {
        run->kill_problem = kill_problem_of(step->input->event);
    }
    if (actions & DO_RECORD_SIGNAL) {
        record_signal(step);
    }
    if (actions & DO_RECORD_KILL) {
        record_kill(step);
    }
    if (actions & DO_RECORD_PRE_STOP) {
        record_pre_stop(step);
    }
    if (actions & DO_RECORD_PRE_STOP_END) {
        record_pre_stop_end(step);
    }
    if (actions & DO_FAIL_INSPECTION) {
        fail(step, STOP_PROBLEM_NO_INSPECTION);
    }
    if (actions & DO_FAIL_CALL) {
        fail(step, signal_problem_of(step->input->event));
    }
    if (actions & DO_FAIL_KILL) {
        fail(step, run->kill_problem);
    }
    if (actions & DO_RECORD_EXIT) {
        emit(step, STOP_ACTION_RECORD_EXIT);
    }
}

static void do_timers(struct step *step, unsigned actions, bool state_changes)
{
    struct stop_run *run = step->run;
    int64_t now = step->now_boot_ms;
    if (actions & DO_ARM_DRAIN) {
        if (state_changes) {
            run->drained_boot_ms = now + run->drain_delay_ms;
        }
        arm(step, run->drained_boot_ms);
    } else if (actions & DO_ARM_CHECK) {
        arm(step, next_look(run, now));
    } else if (actions & DO_ARM_RETRY) {
        int64_t look = next_look(run, now);
        int64_t retry = now + backoff(run);
        arm(step, look < retry ? look : retry);
    } else if (actions & DO_ARM_DEADLINE) {
        arm(step, stop_run_deadline(run));
    } else if (actions & DO_ARM_BACKOFF) {
        arm(step, now + backoff(run));
    } else if (actions & DO_ARM_HOLD) {
        arm(step, now + STOP_HOLD_MS);
    } else if ((actions & DO_DISARM) || state_changes) {
        disarm(step);
    }
}

static void do_calls(struct step *step, unsigned actions)
{
    if (actions & DO_INSPECT) {
        emit(step, STOP_ACTION_INSPECT);
    }
    if (actions & DO_ASK_HISTORY) {
        emit(step, STOP_ACTION_ASK_HISTORY);
    }
    if (actions & DO_SIGNAL) {
        step->run->intents++;
        step->run->intended = true;
        step->run->hinted = false;
        emit(step, STOP_ACTION_SIGNAL);
    }
    if (actions & DO_KILL) {
        step->run->kill_intents++;
        emit(step, STOP_ACTION_KILL);
    }
    if (actions & DO_PRE_STOP) {
        step->run->pre_stop_left = false;
        step->run->pre_stop_intended = true;
        step->run->hinted = false;
        emit(step, STOP_ACTION_PRE_STOP);
    }
    if (actions & DO_LOOK) {
        emit(step, STOP_ACTION_LOOK);
    }
}

/** The edge of a cell that is taken: its last one always holds. */
static const struct stop_edge *choose(const struct stop_edge *first, const struct stop_run *run,
                                      int64_t now_boot_ms)
{
    const struct stop_edge *edge = first;
    while (!stop_guard_holds(edge->guard, run, now_boot_ms)) {
        edge++;
    }
    return edge;
}

int stop_engine_step(struct stop_run *run, const struct stop_input *input, int64_t now_boot_ms,
                     struct stop_actions *ret_actions, struct error *err)
{
    ret_actions->count = 0;
    if (run->state <= STOP_STATE_NONE || run->state >= STOP_STATE_COUNT ||
        input->event <= STOP_EVENT_NONE || input->event >= STOP_EVENT_COUNT) {
        return error_set(err, ERROR_BUG, "the stop engine has no state %d or no event %d",
                         (int)run->state, (int)input->event);
    }
    const struct stop_edge *first = stop_edge_first(run->state, input->event);
    if (first == NULL) {
        return error_set(err, ERROR_BUG, "event %s cannot happen in state %s of a stop: %s",
                         stop_event_name(input->event), stop_state_name(run->state),
                         stop_event_elsewhere(input->event));
    }
    take_event(run, input, now_boot_ms);
    if (input->event == STOP_ON_TIMER) {
        run->wake_boot_ms = -1;
    }
    const struct stop_edge *edge = choose(first, run, now_boot_ms);
    struct step step = {run, input, now_boot_ms, ret_actions};
    do_notes_and_records(&step, edge->actions);
    do_timers(&step, edge->actions, edge->next != run->state);
    do_calls(&step, edge->actions);
    run->state = edge->next;
    return 0;
}
