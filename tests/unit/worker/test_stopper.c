#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "tests/unit/worker/stop_world.h"

static struct world *make_world(const struct world_container *containers, size_t count)
{
    struct world *world = memory_calloc(1, sizeof *world);
    assert_non_null(world);
    for (size_t i = 0; i < count; i++) {
        world->containers[i] = containers[i];
        if (world->containers[i].status == 0) {
            world->containers[i].status = RUNTIME_RUNNING;
        }
        if (world->containers[i].started_at == 0) {
            world->containers[i].started_at = 5000;
        }
    }
    world->container_count = count;
    world_open(world);
    return world;
}

static void end_world(struct world *world)
{
    world_close(world);
    memory_free(world);
}

#define make(...)                                                                                  \
    make_world((struct world_container[]){__VA_ARGS__},                                            \
               sizeof((struct world_container[]){__VA_ARGS__}) / sizeof(struct world_container))

static void assert_stopped(struct world *world)
{
    const struct task *task = world_fold(world);
    assert_non_null(task->terminal);
    assert_string_equal(task->terminal, "TaskStopped");
    assert_int_equal(world_events(world, EVENT_TASK_STOPPED), 1);
    assert_true(stopper_idle(world->stopper));
}

static int64_t exit_code_of(struct world *world, const char *container_id)
{
    const struct task *task = world_fold(world);
    for (size_t i = 0; i < task->exits.count; i++) {
        if (strcmp(task->exits.items[i].container_id, container_id) == 0) {
            assert_true(task->exits.items[i].exit_code.known);
            return task->exits.items[i].exit_code.value;
        }
    }
    fail_msg("no exit of %s", container_id);
    return -1;
}

static bool said_repeated(struct world *world)
{
    struct event event;
    assert_true(world_event(world, EVENT_SIGNAL_SENT, 0, &event));
    bool repeated = event.signal_sent.maybe_repeated;
    event_release(&event);
    return repeated;
}

/* ---- the way of a stop ---- */

static void stopper_obedient_task_is_stopped(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 300});
    world_start(world, true);
    assert_true(stopper_idle(world->stopper));
    world_request(world, "r1", -1);
    world_settle(world);
    assert_true(stopper_concerned(world->stopper, "t"));
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    world_run(world, 400);
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "a"), 0);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 0);
    assert_string_equal(world_fold(world)->named.items[0], "r1");
    assert_false(said_repeated(world));
    assert_int_equal(world_events(world, EVENT_STOP_ACCEPTED), 1);
    end_world(world);
}

static void stopper_ignoring_container_is_killed_at_the_deadline(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 4999);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 0);
    world_run(world, 5);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 5000);
    world_run(world, 10);
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "a"), 137);
    assert_int_equal(world_fold(world)->kills.count, 1);
    end_world(world);
}

static void stopper_records_deadlines_that_prove_themselves(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 2100);
    struct event sent, killed;
    assert_true(world_event(world, EVENT_SIGNAL_SENT, 0, &sent));
    assert_true(world_event(world, EVENT_KILL_SENT, 0, &killed));
    assert_true(killed.signal_sent.sent_boot_ms >= sent.signal_sent.sent_boot_ms + 2000);
    assert_int_equal(sent.signal_sent.deadline_unix_ms, sent.signal_sent.sent_unix_ms + 2000);
    assert_string_equal(sent.signal_sent.boot_id, "boot-1");
    assert_string_equal(sent.signal_sent.answer, "204");
    assert_string_equal(sent.cause, "r1");
    event_release(&sent);
    event_release(&killed);
    end_world(world);
}

static void stopper_keeps_the_order(void **state)
{
    (void)state;
    struct world *world =
        make({.id = "app", .name = "app", .depends_on = "db", .obeys_after_ms = 100},
             {.id = "db", .name = "db", .obeys_after_ms = 100},
             {.id = "log", .name = "log", .sidecar = true, .obeys_after_ms = 100});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    assert_stopped(world);
    int64_t app = world_signal_at(world, "app", "SIGTERM");
    int64_t db = world_signal_at(world, "db", "SIGTERM");
    int64_t log = world_signal_at(world, "log", "SIGTERM");
    assert_true(db >= app + 100);
    assert_true(log >= db + 100);
    end_world(world);
}

static void stopper_stops_unrelated_containers_together(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 100},
                               {.id = "b", .name = "b", .obeys_after_ms = 100});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_settle(world);
    assert_int_equal(world->signal_count, 2);
    world_run(world, 200);
    assert_stopped(world);
    end_world(world);
}

static void stopper_call_limit_holds(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"}, {.id = "b", .name = "b"},
                               {.id = "c", .name = "c"}, {.id = "d", .name = "d"});
    world->call_limit = 1;
    world_start(world, true);
    world_request(world, "r1", -1);
    while (world_read(world)) {
    }
    size_t most = 0;
    for (int i = 0; i < 200; i++) {
        bool probing = world->call_count == 4;
        most = probing || world->call_count < most ? most : world->call_count;
        world_answer_call(world);
        stopper_tick(world->stopper);
        world_deliver(world);
        world_read(world);
    }
    world_run(world, 100);
    assert_stopped(world);
    assert_true(most <= 3); /* the look at the whole task is not a run's call */
    end_world(world);
}

static void stopper_drain_delay_comes_before_the_signal(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .drain_delay_ms = 700});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 699);
    assert_int_equal(world->signal_count, 0);
    world_run(world, 2);
    assert_int_equal(world->signal_count, 1);
    end_world(world);
}

static void stopper_force_kills_without_a_signal(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", 0);
    world_run(world, 5);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 0);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    assert_stopped(world);
    end_world(world);
}

static void stopper_lost_event_is_made_up_for_by_a_look(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 100);
    world_end_container(world, &world->containers[0], 3, false);
    world_run(world, STOP_POLL_MS + 100);
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "a"), 3);
    end_world(world);
}

static void stopper_vanished_container_has_the_code_that_an_event_told(void **state)
{
    (void)state;
    struct world *world =
        make({.id = "a", .name = "a", .ignores = true}, {.id = "b", .name = "b", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 100);
    world->containers[0].gone = true;
    world->containers[1].gone = true;
    world_end_container(world, &world->containers[0], 9, true);
    stopper_on_runtime_back(world->stopper);
    world_run(world, 100);
    assert_stopped(world);
    const struct task *task = world_fold(world);
    for (size_t i = 0; i < task->exits.count; i++) {
        bool told = strcmp(task->exits.items[i].container_id, "a") == 0;
        assert_int_equal(task->exits.items[i].exit_code.known, told);
    }
    end_world(world);
}

/* ---- further requests ---- */

static void stopper_duplicate_requests_change_nothing(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 3000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 500);
    world_request(world, "r1", -1);
    world_request(world, "r2", -1);
    world_run(world, 2600);
    assert_stopped(world);
    world_request(world, "r3", -1);
    world_run(world, 100);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_int_equal(world_events(world, EVENT_STOP_ACCEPTED), 1);
    assert_int_equal(world_fold(world)->named.count, 1);
    assert_true(stopper_idle(world->stopper));
    end_world(world);
}

static void stopper_further_request_changes_the_grace(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 3000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world_request(world, "r2", 8000);
    world_run(world, 6000);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 0);
    assert_int_equal(world_fold(world)->named.count, 2);
    assert_int_equal(world_fold(world)->plan.items[0].grace_ms, 8000);
    world_run(world, 1010);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 8000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    end_world(world);
}

static void stopper_force_shortens_a_stop_that_is_running(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world_request(world, "r2", 0);
    world_run(world, 10);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    end_world(world);
}

static void stopper_grace_is_fixed_once_sigkill_is_decided(void **state)
{
    (void)state;
    struct world *world =
        make({.id = "a", .name = "a", .ignores = true, .immortal = true, .stop_timeout_ms = 1000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1100);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    world_request(world, "r2", 60000);
    world_run(world, 10);
    assert_int_equal(world_fold(world)->named.count, 2);
    assert_int_equal(world_fold(world)->plan.items[0].grace_ms, 1000);
    world_run(world, 10000);
    assert_true(world_signals(world, "a", 0, "SIGKILL") >= 3);
    assert_int_equal(world_fold(world)->stuck.count, 1);
    assert_string_equal(world_fold(world)->stuck.items[0].reason,
                        "the container runs on after SIGKILL");
    assert_int_equal(world_events(world, EVENT_STOP_STUCK), 1);
    world->containers[0].immortal = false;
    world_run(world, 31000);
    assert_stopped(world);
    end_world(world);
}

/* ---- runs that start again ---- */

static void stopper_run_that_starts_again_is_stopped_again(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .restarts = true, .obeys_after_ms = 50});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 300);
    assert_stopped(world);
    const struct task *task = world_fold(world);
    assert_int_equal(task->plan.count, 2);
    assert_int_equal(world_signals(world, "a", 5000, "SIGTERM"), 1);
    assert_int_equal(world_signals(world, "a", task->plan.items[1].started_at, "SIGTERM"), 1);
    assert_int_equal(world_events(world, EVENT_STOP_ACCEPTED), 2);
    end_world(world);
}

static void stopper_run_of_another_task_is_left_alone(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .restarts = true, .obeys_after_ms = 50});
    world->claimed = true;
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 300);
    assert_stopped(world);
    assert_int_equal(world_fold(world)->plan.count, 1);
    assert_int_equal(world->signal_count, 1);
    end_world(world);
}

static void stopper_described_container_that_runs_again_is_in_the_plan(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world->containers[0].started_at = 9000;
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 100);
    assert_stopped(world);
    assert_int_equal(world_fold(world)->plan.count, 2);
    assert_int_equal(world_signals(world, "a", 9000, "SIGTERM"), 1);
    assert_int_equal(world->signal_count, 1);
    end_world(world);
}

/* ---- when new work may be taken up ---- */

static void stopper_waits_for_the_base(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world->base_unknown = true;
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 50);
    assert_int_equal(world->signal_count, 0);
    assert_true(stopper_concerned(world->stopper, "t"));
    assert_int_equal(stopper_commit_floor(world->stopper, 100, 100), 2);
    world->base_unknown = false;
    (void)world_fold(world);
    stopper_on_base(world->stopper, "c", "t");
    world_run(world, 50);
    assert_stopped(world);
    end_world(world);
}

static void stopper_commit_floor_follows_the_terminal_event(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 100});
    world_start(world, true);
    assert_int_equal(stopper_commit_floor(world->stopper, 1, 1), 1);
    world_settle(world);
    world_request(world, "r1", -1);
    world_settle(world);
    int64_t next = (int64_t)world->log_count;
    assert_int_equal(stopper_commit_floor(world->stopper, next, next), 2);
    world_run(world, 200);
    next = (int64_t)world->log_count;
    assert_int_equal(stopper_commit_floor(world->stopper, next, next - 2), next - 2);
    assert_int_equal(stopper_commit_floor(world->stopper, next, next), next);
    assert_null(stopper_own(world->stopper, "t"));
    end_world(world);
}

static void stopper_request_of_a_terminal_base_holds_nothing_back(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 50);
    assert_stopped(world);
    world_crash(world, false);
    world_start(world, true);
    world_request(world, "late", -1);
    world_run(world, 50);
    assert_true(stopper_idle(world->stopper));
    int64_t next = (int64_t)world->log_count;
    assert_int_equal(stopper_commit_floor(world->stopper, next, next), next);
    assert_int_equal(world->signal_count, 1);
    end_world(world);
}

static void stopper_later_incarnation_ends_this_one(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_settle(world);
    struct event event;
    struct error err = {0};
    char id[37];
    assert_int_equal(
        identity_event(&world->identity, EVENT_WORKER_STARTED, NULL, 1, id, &event, &err), 0);
    event.actor.incarnation = "another";
    stopper_on_record(world->stopper, 77, &event);
    assert_true(world->superseded);
    world_request(world, "r1", -1);
    world_run(world, 100);
    assert_int_equal(world->signal_count, 0);
    end_world(world);
}

/* ---- crashes ---- */

static void stopper_crash_in_mid_grace_goes_on_with_the_remaining_grace(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 10000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 4000);
    world_crash(world, false);
    world->boot_ms += 3000;
    world->wall_ms += 3000;
    world_start(world, true);
    assert_true(world->journal_found);
    world_run(world, 3100);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 10000);
    end_world(world);
}

static void stopper_journal_alone_carries_a_stop_while_kafka_is_away(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1);
    world->kafka_away = true;
    world_run(world, 1000);
    world_crash(world, false);
    world_start(world, false);
    world_run(world, 4100);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    assert_int_equal(world_events(world, EVENT_TASK_STOPPED), 0);
    world->kafka_away = false;
    world_settle(world);
    stopper_caught_up(world->stopper);
    world_run(world, 100);
    assert_stopped(world);
    end_world(world);
}

static void stopper_without_log_and_journal_waits(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world_request(world, "r1", -1);
    world->kafka_away = true;
    world_start(world, false);
    world_run(world, 100);
    assert_int_equal(world->signal_count, 0);
    world->kafka_away = false;
    while (world_read(world)) {
    }
    stopper_caught_up(world->stopper);
    world_run(world, 100);
    assert_stopped(world);
    end_world(world);
}

/** Runs until the signal's call is out. */
static void run_to_signal_call(struct world *world)
{
    for (int i = 0; i < 100; i++) {
        if (world->call_count > 0 && world->calls[0].kind == WORLD_SIGNAL) {
            return;
        }
        stopper_tick(world->stopper);
        world_deliver(world);
        world_read(world);
        if (world->call_count > 0 && world->calls[0].kind != WORLD_SIGNAL) {
            world_answer_call(world);
        }
    }
    fail_msg("no signal was sent");
}

static void crash_in_the_call(bool reaches, enum runtime_history_answer history, size_t signals,
                              bool repeated)
{
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    run_to_signal_call(world);
    world_crash(world, reaches);
    world->boot_ms += 500;
    world->wall_ms += 500;
    world->history = history;
    world_start(world, true);
    world_run(world, 3000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), signals);
    assert_int_equal(said_repeated(world), repeated);
    end_world(world);
}

static void stopper_crash_after_the_signal_is_settled_by_history(void **state)
{
    (void)state;
    crash_in_the_call(true, 0, 1, false);
}

static void stopper_crash_before_the_signal_sends_it_as_maybe_repeated(void **state)
{
    (void)state;
    crash_in_the_call(false, 0, 1, true);
}

static void stopper_crash_without_history_repeats_and_says_so(void **state)
{
    (void)state;
    crash_in_the_call(true, RUNTIME_HISTORY_UNKNOWN, 2, true);
}

static void stopper_grace_of_a_settled_signal_counts_from_when_it_was_sent(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    run_to_signal_call(world);
    world_crash(world, true);
    world->boot_ms += 1500;
    world->wall_ms += 1500;
    world_start(world, true);
    world_run(world, 3600);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 5000);
    end_world(world);
}

static void stopper_call_without_answer_is_settled_by_history(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 500});
    world->signal_answer = WORLD_NO_ANSWER;
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_false(said_repeated(world));
    end_world(world);
}

static void stopper_call_that_was_not_sent_is_made_again(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 500});
    world->signal_answer = WORLD_NO_ANSWER_NOT_SENT;
    world_start(world, true);
    world_request(world, "r1", -1);
    run_to_signal_call(world);
    world_answer_call(world);
    world->signal_answer = WORLD_ANSWERS;
    world_run(world, 1000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_true(said_repeated(world));
    end_world(world);
}

static void stopper_refusing_engine_is_stuck_and_tried_on(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world->signal_answer = WORLD_REFUSES;
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 20000);
    assert_int_equal(world_events(world, EVENT_STOP_STUCK), 1);
    assert_string_equal(world_fold(world)->stuck.items[0].reason,
                        "the engine refuses the stop signal: 500 cannot signal");
    world->signal_answer = WORLD_ANSWERS;
    world_run(world, 31000);
    assert_stopped(world);
    end_world(world);
}

static void stopper_engine_that_is_away_is_waited_for(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world->engine_away = true;
    world_run(world, 9000);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 0);
    assert_int_equal(world_events(world, EVENT_STOP_STUCK), 1);
    world->engine_away = false;
    stopper_on_runtime_back(world->stopper);
    world_run(world, 50);
    assert_stopped(world);
    end_world(world);
}

static void stopper_lost_state_goes_on_by_the_log_and_says_maybe_repeated(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    run_to_signal_call(world);
    while (world_deliver(world)) {
    }
    world_crash(world, true);
    world_lose_state(world);
    world->history = RUNTIME_HISTORY_UNKNOWN;
    world_start(world, true);
    assert_false(world->journal_found);
    world_run(world, 3000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 2);
    assert_true(said_repeated(world));
    end_world(world);
}

static void stopper_lost_plan_of_an_older_worker_is_maybe_repeated(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_settle(world);
    world_request(world, "r1", -1);
    world_read(world);
    world->kafka_away = true;
    world_run(world, 10);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    world_crash(world, false);
    world_lose_state(world);
    world->kafka_away = false;
    world_start(world, true);
    world_run(world, 3000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_true(said_repeated(world));
    end_world(world);
}

static void stopper_stop_below_the_commit_is_over(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 100);
    world_crash(world, false);
    world->commit = world->log_count; /* another worker ended it, and this journal is an old one */
    world_start(world, true);
    world_run(world, 40000);
    assert_int_equal(world->signal_count, 1);
    assert_true(stopper_idle(world->stopper));
    end_world(world);
}

static void stopper_other_boot_lets_an_inspection_say(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 100);
    world_crash(world, false);
    world->boot_ms = 5000;
    world->identity.boot_id = "boot-2";
    world->containers[0].status = RUNTIME_EXITED;
    world->containers[0].exit_code = 255;
    world_start(world, true);
    world_run(world, 50);
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "a"), 255);
    assert_int_equal(world->signal_count, 1);
    end_world(world);
}

static void stopper_crash_between_kill_and_proof_kills_again(void **state)
{
    (void)state;
    struct world *world =
        make({.id = "a", .name = "a", .ignores = true, .immortal = true, .stop_timeout_ms = 1000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1010);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    world_crash(world, false);
    world_start(world, true);
    world->containers[0].immortal = false;
    world_run(world, 50);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_int_equal(world_fold(world)->kills.count, 1);
    end_world(world);
}

static void stopper_one_worker_a_state_directory(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world_start(world, true);
    struct stopper_environment environment = {.clock = &world->clock,
                                              .runtime = &world->runtime,
                                              .identity = &world->identity,
                                              .state_directory = world->directory};
    bool found = false;
    struct error err = {0};
    assert_null(stopper_new(&environment, &found, &err));
    assert_int_equal(err.code, ERROR_CONFLICT);
    end_world(world);
}

/* ---- random histories ---- */

static unsigned dice(uint64_t *seed, unsigned sides)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = (*seed ^ (*seed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % sides);
}

static void one_turn(struct world *world, uint64_t *seed)
{
    static const int64_t graces[] = {-1, -1, 0, 1000, 6000};
    char id[16];
    switch (dice(seed, 24)) {
    case 0:
        snprintf(id, sizeof id, "r%u", dice(seed, 5));
        world_request(world, id, graces[dice(seed, 5)]);
        break;
    case 1:
        if (dice(seed, 4) == 0) {
            world_crash(world, dice(seed, 2) == 0);
            world->boot_ms += 100;
            world->wall_ms += 100;
            bool blind = world->kafka_away;
            world_start(world, !blind);
        }
        break;
    case 2:
        world->kafka_away = dice(seed, 3) == 0;
        break;
    case 3:
        world->engine_away = dice(seed, 4) == 0;
        break;
    case 4:
        world->signal_answer = (enum world_answer)(dice(seed, 2) == 0 ? dice(seed, 4) : 0);
        break;
    case 5:
        stopper_on_runtime_back(world->stopper);
        break;
    case 6:
    case 7:
    case 8:
        stopper_tick(world->stopper);
        break;
    case 9:
    case 10:
        world_read(world);
        break;
    case 11:
    case 12:
        world_deliver(world);
        break;
    case 13:
        world_run(world, dice(seed, 400));
        break;
    default:
        world_answer_call(world);
        break;
    }
    world->boot_ms += dice(seed, 30);
    world->wall_ms = INT64_C(1800000000000) + world->boot_ms;
    if (!world->kafka_away && world->read == world->log_count) {
        stopper_caught_up(world->stopper);
    }
}

static void check_signals(struct world *world)
{
    const struct task *task = world_fold(world);
    for (size_t i = 0; i < task->plan.count; i++) {
        struct run run = run_of_planned(&task->plan.items[i]);
        const struct sent_signal *sent = task_signal(task, run);
        const struct sent_signal *killed = task_kill(task, run);
        size_t count = world_signals(world, run.container_id, run.started_at, "SIGTERM");
        const struct run_result *exit = task_exit(task, run);
        bool unsettled = sent == NULL && exit != NULL && exit->reason != NULL;
        assert_true(count <= 1 || unsettled || (sent != NULL && sent->maybe_repeated));
        assert_true(sent == NULL || count >= 1);
        if (sent != NULL && killed != NULL) {
            assert_true(killed->sent_boot_ms >= sent->sent_boot_ms + task->plan.items[i].grace_ms);
        }
    }
}

static void check_end(struct world *world, uint64_t seed)
{
    const struct task *task = world_fold(world);
    if (task->terminal == NULL || !stopper_idle(world->stopper)) {
        fail_msg("seed %llu: the stop does not end", (unsigned long long)seed);
    }
    for (size_t i = 0; i < world->container_count; i++) {
        assert_int_equal(world->containers[i].status, RUNTIME_EXITED);
    }
    for (size_t i = 0; i < task->exits.count; i++) {
        const struct run_result *exit = &task->exits.items[i];
        for (size_t c = 0; c < world->container_count; c++) {
            const struct world_container *container = &world->containers[c];
            if (strcmp(container->id, exit->container_id) == 0 &&
                container->started_at == exit->started_at && exit->exit_code.known) {
                assert_int_equal(exit->exit_code.value, container->exit_code);
            }
        }
    }
    int64_t next = (int64_t)world->log_count;
    assert_int_equal(stopper_commit_floor(world->stopper, next, next), next);
}

static void one_history(uint64_t seed)
{
    uint64_t dice_seed = seed;
    struct world *world = make({.id = "a",
                                .name = "a",
                                .obeys_after_ms = 300,
                                .depends_on = "b",
                                .restarts = seed % 3 == 0},
                               {.id = "b", .name = "b", .ignores = true, .stop_timeout_ms = 1500});
    world->call_limit = seed % 2 == 0 ? 1 : 0;
    world->history = seed % 5 == 0 ? RUNTIME_HISTORY_UNKNOWN : 0;
    world->wall_ms = INT64_C(1800000000000) + world->boot_ms;
    world_start(world, true);
    world_request(world, "r0", -1);
    for (int turn = 0; turn < 250 && world->log_count < WORLD_LOG - 200; turn++) {
        one_turn(world, &dice_seed);
    }
    world->kafka_away = false;
    world->engine_away = false;
    world->signal_answer = WORLD_ANSWERS;
    world_settle(world);
    stopper_caught_up(world->stopper);
    stopper_on_runtime_back(world->stopper);
    world_run(world, 70000);
    check_signals(world);
    check_end(world, seed);
    end_world(world);
}

static void stopper_holds_its_promises_in_random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        one_history(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_obedient_task_is_stopped),
        cmocka_unit_test(stopper_ignoring_container_is_killed_at_the_deadline),
        cmocka_unit_test(stopper_records_deadlines_that_prove_themselves),
        cmocka_unit_test(stopper_keeps_the_order),
        cmocka_unit_test(stopper_stops_unrelated_containers_together),
        cmocka_unit_test(stopper_call_limit_holds),
        cmocka_unit_test(stopper_drain_delay_comes_before_the_signal),
        cmocka_unit_test(stopper_force_kills_without_a_signal),
        cmocka_unit_test(stopper_lost_event_is_made_up_for_by_a_look),
        cmocka_unit_test(stopper_vanished_container_has_the_code_that_an_event_told),
        cmocka_unit_test(stopper_duplicate_requests_change_nothing),
        cmocka_unit_test(stopper_further_request_changes_the_grace),
        cmocka_unit_test(stopper_force_shortens_a_stop_that_is_running),
        cmocka_unit_test(stopper_grace_is_fixed_once_sigkill_is_decided),
        cmocka_unit_test(stopper_run_that_starts_again_is_stopped_again),
        cmocka_unit_test(stopper_run_of_another_task_is_left_alone),
        cmocka_unit_test(stopper_described_container_that_runs_again_is_in_the_plan),
        cmocka_unit_test(stopper_waits_for_the_base),
        cmocka_unit_test(stopper_commit_floor_follows_the_terminal_event),
        cmocka_unit_test(stopper_request_of_a_terminal_base_holds_nothing_back),
        cmocka_unit_test(stopper_later_incarnation_ends_this_one),
        cmocka_unit_test(stopper_crash_in_mid_grace_goes_on_with_the_remaining_grace),
        cmocka_unit_test(stopper_journal_alone_carries_a_stop_while_kafka_is_away),
        cmocka_unit_test(stopper_without_log_and_journal_waits),
        cmocka_unit_test(stopper_crash_after_the_signal_is_settled_by_history),
        cmocka_unit_test(stopper_crash_before_the_signal_sends_it_as_maybe_repeated),
        cmocka_unit_test(stopper_crash_without_history_repeats_and_says_so),
        cmocka_unit_test(stopper_grace_of_a_settled_signal_counts_from_when_it_was_sent),
        cmocka_unit_test(stopper_call_without_answer_is_settled_by_history),
        cmocka_unit_test(stopper_call_that_was_not_sent_is_made_again),
        cmocka_unit_test(stopper_refusing_engine_is_stuck_and_tried_on),
        cmocka_unit_test(stopper_engine_that_is_away_is_waited_for),
        cmocka_unit_test(stopper_lost_state_goes_on_by_the_log_and_says_maybe_repeated),
        cmocka_unit_test(stopper_lost_plan_of_an_older_worker_is_maybe_repeated),
        cmocka_unit_test(stopper_stop_below_the_commit_is_over),
        cmocka_unit_test(stopper_other_boot_lets_an_inspection_say),
        cmocka_unit_test(stopper_crash_between_kill_and_proof_kills_again),
        cmocka_unit_test(stopper_one_worker_a_state_directory),
        cmocka_unit_test(stopper_holds_its_promises_in_random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
