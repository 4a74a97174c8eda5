/* The stop engine against a small world of chance: whatever happens, its promises hold, and every edge of the
 * table is taken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "tests/unit/domain/stop_edge_taken.h"
#include "tests/unit/domain/stop_script.h"

/** A container, an engine that fails at times, and a journal that outlives the worker. */
struct world {
    struct script s;
    uint64_t seed;
    enum stop_action_kind
        call; /**< out: INSPECT, ASK_HISTORY, SIGNAL, KILL, PRE_STOP, LOOK; 0 = none */
    bool look_again, looked_again;
    bool running;
    int64_t grace_ms; /**< newest in the log */
    int64_t timer_at;
    /* what log and journal hold */
    bool signal_recorded, kill_recorded, exit_recorded, intended;
    int64_t signal_recorded_at, intents, kill_intents;
    bool pre_stop_intended, pre_stop_recorded, pre_stop_end_recorded;
    int64_t pre_stop_recorded_at;
    /* what the container saw */
    int64_t signals, last_signal_at;
    bool has_pre_stop, pre_stop_runs;
    int64_t pre_stops, pre_stop_at; /**< how often the command was started, and when last */
    bool said_repeated;
    bool
        blind; /**< the worker acted before it had read its log: a second signal is the documented window */
    unsigned *edges_taken;
};

static unsigned dice(struct world *w, unsigned sides)
{
    /* splitmix64 */
    w->seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = (w->seed ^ (w->seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % sides);
}

static void world_kill(struct world *w)
{
    if (w->grace_ms > 0 && w->kill_intents == 0) {
        const struct stop_run *run = &w->s.run;
        assert_true(run->signalled || run->pre_stopped);
        assert_true(w->s.now >= stop_run_deadline(run));
        int64_t begun = run->pre_stopped ? w->pre_stop_at : w->last_signal_at;
        bool any = run->pre_stopped || w->signals > 0;
        assert_true(!any || w->s.now >= begun + run->grace_ms || w->said_repeated || w->blind ||
                    run->intents > 1);
    }
    w->kill_intents++;
    w->call = STOP_ACTION_KILL;
}

static void world_do(struct world *w, const struct stop_action *action)
{
    switch (action->kind) {
    case STOP_ACTION_RECORD_SIGNAL:
        assert_true(!w->signal_recorded || w->blind);
        w->signal_recorded = true;
        w->signal_recorded_at = action->at_boot_ms;
        w->said_repeated = action->maybe_repeated;
        w->intended = false;
        assert_true(w->signals <= 1 || action->maybe_repeated || w->blind);
        break;
    case STOP_ACTION_RECORD_KILL:
        w->kill_recorded = true;
        break;
    case STOP_ACTION_RECORD_PRE_STOP:
        assert_true(w->pre_stops > 0);
        assert_true(!w->pre_stop_recorded || w->blind);
        if (!w->pre_stop_recorded) {
            w->pre_stop_recorded_at = action->at_boot_ms;
        }
        w->pre_stop_recorded = true;
        break;
    case STOP_ACTION_RECORD_PRE_STOP_END:
        w->pre_stop_end_recorded = true;
        break;
    case STOP_ACTION_RECORD_STUCK:
        assert_true(action->problem != STOP_PROBLEM_NONE);
        break;
    case STOP_ACTION_RECORD_EXIT:
        assert_false(w->running);
        w->exit_recorded = true;
        break;
    case STOP_ACTION_ARM:
        w->timer_at = action->at_boot_ms;
        break;
    case STOP_ACTION_DISARM:
        w->timer_at = -1;
        break;
    case STOP_ACTION_INSPECT:
        assert_true(w->call == 0 || w->call == STOP_ACTION_INSPECT);
        w->look_again = w->call == STOP_ACTION_INSPECT;
        w->call = STOP_ACTION_INSPECT;
        break;
    case STOP_ACTION_ASK_HISTORY:
        assert_int_equal(w->call, 0);
        w->call = STOP_ACTION_ASK_HISTORY;
        break;
    case STOP_ACTION_SIGNAL:
        assert_int_equal(w->call, 0);
        assert_true(!w->signal_recorded || w->blind);
        assert_true(!w->pre_stop_runs || !w->pre_stop_recorded || w->blind);
        w->intents++;
        w->intended = true;
        w->call = STOP_ACTION_SIGNAL;
        break;
    case STOP_ACTION_KILL:
        assert_int_equal(w->call, 0);
        world_kill(w);
        break;
    case STOP_ACTION_PRE_STOP:
        assert_int_equal(w->call, 0);
        assert_true((w->pre_stops == 0 && w->signals == 0) || w->blind);
        assert_true(w->s.run.grace_ms > 0);
        w->pre_stop_intended = true;
        w->call = STOP_ACTION_PRE_STOP;
        break;
    case STOP_ACTION_LOOK:
        assert_int_equal(w->call, 0);
        w->call = STOP_ACTION_LOOK;
        break;
    }
}

static void world_feed(struct world *w, struct stop_input input)
{
    const struct stop_run before = w->s.run;
    feed(&w->s, &input);
    w->edges_taken[stop_edge_taken(&before, &w->s.run, input.event, w->s.now) - STOP_EDGES]++;
    for (size_t i = 0; i < w->s.actions.count; i++) {
        world_do(w, &w->s.actions.items[i]);
    }
}

static bool world_held(struct world *w)
{
    return !stop_run_kill_decided(&w->s.run) && dice(w, 12) == 0;
}

static void world_answer_inspect(struct world *w)
{
    /* an answer may be older than the end that the log told of */
    bool running = w->running || (w->s.run.state == STOP_ENDED && dice(w, 2) == 0);
    bool again = w->look_again;
    bool looked_again = w->looked_again;
    w->call = 0;
    w->look_again = false;
    w->looked_again = false;
    if (dice(w, 6) == 0) {
        world_feed(w, (struct stop_input){.event = STOP_ON_INSPECT_FAILED});
    } else if (again && running && !looked_again) {
        w->looked_again = true;
        w->call = STOP_ACTION_INSPECT;
    } else if (running) {
        bool held = world_held(w);
        world_feed(w,
                   (struct stop_input){.event = held ? STOP_ON_HELD : STOP_ON_INSPECTED_RUNNING});
        if (again) {
            world_feed(w, (struct stop_input){.event = STOP_ON_EXIT_HINT});
        }
    } else {
        world_feed(w, (struct stop_input){.event = STOP_ON_INSPECTED_ENDED});
    }
}

static void world_answer_signal(struct world *w)
{
    bool kill = w->call == STOP_ACTION_KILL;
    unsigned how = dice(w, 10);
    bool reaches = w->running && how != 0 && how != 1;
    w->call = 0;
    if (reaches && kill) {
        w->running = dice(w, 4) == 0;
    } else if (reaches) {
        w->signals++;
        w->last_signal_at = w->s.now;
        w->running = dice(w, 3) != 0;
    }
    enum stop_event event = STOP_ON_SENT;
    if (how <= 1) {
        event = how == 0 ? STOP_ON_REFUSED : STOP_ON_NO_ANSWER;
    } else if (how == 2) {
        event = STOP_ON_NO_ANSWER;
    } else if (!reaches && (w->s.run.state != STOP_ENDED || dice(w, 2) == 0)) {
        event = STOP_ON_NOT_RUNNING;
    }
    w->s.now += dice(w, 3);
    world_feed(w, (struct stop_input){.event = event});
}

static void world_answer_history(struct world *w)
{
    w->call = 0;
    if (dice(w, 3) == 0) {
        world_feed(w, (struct stop_input){.event = STOP_ON_HISTORY_UNKNOWN});
    } else if (w->signals == 0 || dice(w, 8) == 0) { /* or the engine forgot it */
        world_feed(w, (struct stop_input){.event = STOP_ON_HISTORY_NOT_SENT});
    } else {
        world_feed(w, (struct stop_input){.event = STOP_ON_HISTORY_SENT,
                                          .at_boot_ms = w->last_signal_at,
                                          .times = w->signals});
    }
}

static void world_answer_pre_stop(struct world *w)
{
    unsigned how = dice(w, 6);
    bool starts = w->running && how > 0;
    w->call = 0;
    if (starts) {
        w->pre_stops++;
        w->pre_stop_at = w->s.now;
        w->pre_stop_runs = dice(w, 4) != 0;
    }
    w->s.now += dice(w, 3);
    /* an answer may be older than the end that the log told of */
    bool said = (starts && how > 1) || (w->s.run.state == STOP_ENDED && dice(w, 2) == 0);
    world_feed(
        w, (struct stop_input){.event = said ? STOP_ON_PRE_STOP_STARTED : STOP_ON_PRE_STOP_FAILED});
}

static void world_answer_look(struct world *w)
{
    w->call = 0;
    bool runs = w->pre_stop_runs || (w->s.run.state == STOP_ENDED && dice(w, 2) == 0);
    enum stop_event event = runs ? STOP_ON_PRE_STOP_RUNS : STOP_ON_PRE_STOP_OVER;
    world_feed(w, (struct stop_input){.event = dice(w, 6) == 0 ? STOP_ON_PRE_STOP_UNSEEN : event});
}

static void world_log(struct world *w)
{
    if (w->signal_recorded && dice(w, 4) == 0) {
        world_feed(w, (struct stop_input){.event = STOP_ON_LOG_SIGNALLED,
                                          .at_boot_ms = w->signal_recorded_at});
    } else if (w->pre_stop_recorded && dice(w, 4) == 0) {
        world_feed(w, (struct stop_input){.event = STOP_ON_LOG_PRE_STOPPED,
                                          .at_boot_ms = w->pre_stop_recorded_at});
    } else if (w->exit_recorded || (!w->running && dice(w, 6) == 0)) {
        w->exit_recorded = true;
        world_feed(w, (struct stop_input){.event = STOP_ON_LOG_ENDED});
    } else if (w->signals > 0 && !w->signal_recorded && dice(w, 3) == 0) {
        w->signal_recorded = true;
        w->signal_recorded_at = w->last_signal_at;
        w->intended = false;
        w->said_repeated = true;
        world_feed(w, (struct stop_input){.event = STOP_ON_LOG_SIGNALLED,
                                          .at_boot_ms = w->last_signal_at});
    }
}

static void world_answer(struct world *w)
{
    w->pre_stop_runs = w->pre_stop_runs && w->running;
    if (w->call == STOP_ACTION_INSPECT) {
        world_answer_inspect(w);
    } else if ((w->call == STOP_ACTION_PRE_STOP || w->call == STOP_ACTION_LOOK) &&
               dice(w, w->blind ? 2 : 8) == 0) {
        world_log(w); /* a slow answer, before which the log comes */
    } else if (w->call == STOP_ACTION_PRE_STOP) {
        world_answer_pre_stop(w);
    } else if (w->call == STOP_ACTION_LOOK) {
        world_answer_look(w);
    } else if (w->call == STOP_ACTION_ASK_HISTORY) {
        world_answer_history(w);
    } else if (w->call != 0) {
        world_answer_signal(w);
    }
}

static void world_start(struct world *w)
{
    int64_t drain = dice(w, 3) == 0 ? 700 : 0;
    bool blind = (w->signal_recorded || w->pre_stop_recorded) && dice(w, 3) == 0;
    bool tried = w->pre_stop_intended || w->pre_stop_recorded || w->pre_stop_end_recorded;
    w->blind |= blind;
    w->s.run =
        (struct stop_run){.grace_ms = w->grace_ms,
                          .drain_delay_ms = drain,
                          .signalled = w->signal_recorded && !blind,
                          .signalled_boot_ms = w->signal_recorded_at,
                          .intents = w->intents,
                          .kill_intents = w->kill_intents,
                          .intended = w->intended,
                          .kill_recorded = w->kill_recorded,
                          .pre_stop_left = w->has_pre_stop && (!tried || blind),
                          .pre_stop_intended = w->pre_stop_intended && !blind &&
                                               !w->pre_stop_recorded && !w->pre_stop_end_recorded,
                          .pre_stopped = w->pre_stop_recorded && !blind,
                          .pre_stop_boot_ms = w->pre_stop_recorded_at,
                          .pre_stop_ended = w->pre_stop_end_recorded && !blind};
    stop_run_init(&w->s.run);
    w->timer_at = -1;
    w->call = 0;
    w->look_again = false;
    w->looked_again = false;
    world_feed(w, (struct stop_input){.event = STOP_ON_START});
}

static void world_crash(struct world *w)
{
    if (w->call == STOP_ACTION_SIGNAL && w->running && dice(w, 2) == 0) {
        w->signals++;
        w->last_signal_at = w->s.now;
    }
    if (w->call == STOP_ACTION_PRE_STOP && w->running && dice(w, 2) == 0) {
        w->pre_stops++;
        w->pre_stop_at = w->s.now;
        w->pre_stop_runs = true;
    }
    w->s.now += dice(w, 3000);
    world_start(w);
}

static void world_change_grace(struct world *w)
{
    static const int64_t graces[] = {0, 1000, 2500, 9000};
    int64_t grace = graces[dice(w, 4)];
    if (!stop_run_kill_decided(&w->s.run)) {
        w->grace_ms = grace;
    }
    world_feed(w, (struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = grace});
}

static void world_timer(struct world *w)
{
    if (w->timer_at < 0) {
        return;
    }
    bool late = dice(w, 5) == 0;
    bool early = dice(w, 10) == 0;
    int64_t at = w->timer_at + (late ? 1500 : 0) - (early ? 1 : 0);
    w->s.now = at > w->s.now ? at : w->s.now;
    w->timer_at = -1;
    world_feed(w, (struct stop_input){.event = world_held(w) ? STOP_ON_HELD : STOP_ON_TIMER});
}

static void world_turn(struct world *w)
{
    switch (dice(w, 16)) {
    case 0:
        world_feed(w, (struct stop_input){.event = STOP_ON_EXIT_HINT});
        break;
    case 1:
        w->running = w->running && dice(w, 4) != 0;
        w->pre_stop_runs = w->pre_stop_runs && dice(w, 4) == 0;
        break;
    case 2:
        world_change_grace(w);
        break;
    case 3:
        if (dice(w, 3) == 0) {
            world_crash(w);
        }
        break;
    case 4:
        world_log(w);
        break;
    case 5:
        if (w->s.run.state == STOP_WAITING) {
            world_feed(w, (struct stop_input){.event = STOP_ON_RELEASED});
        }
        break;
    case 6:
    case 7:
    case 8:
        world_timer(w);
        break;
    default:
        world_answer(w);
        break;
    }
    w->s.now += dice(w, 4);
}

static void stop_engine_holds_its_promises_in_random_histories(void **state)
{
    (void)state;
    unsigned *taken = memory_calloc(STOP_EDGE_COUNT, sizeof *taken);
    assert_non_null(taken);
    size_t ended = 0;
    for (uint64_t seed = 1; seed <= 100000; seed++) {
        struct world w = {.seed = seed, .running = true, .edges_taken = taken};
        w.grace_ms = dice(&w, 5) == 0 ? 0 : 2000;
        w.has_pre_stop = dice(&w, 2) == 0;
        w.s.now = 500000;
        world_start(&w);
        for (int turn = 0; turn < 150; turn++) {
            world_turn(&w);
        }
        ended += w.s.run.state == STOP_ENDED;
        assert_true(w.s.run.state != STOP_ENDED || w.exit_recorded);
    }
    assert_true(ended > 50000);
    for (size_t i = 0; i < STOP_EDGE_COUNT; i++) {
        if (taken[i] == 0) {
            fail_msg("edge never taken: %s on %s (%s)", stop_state_name(STOP_EDGES[i].state),
                     stop_event_name(STOP_EDGES[i].event), STOP_EDGES[i].why);
        }
    }
    memory_free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_engine_holds_its_promises_in_random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
