#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

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

/* No plan, and so no signal, as long as all that runs is somebody else's. */
static void stopper_signals_nothing_that_is_somebody_elses(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world->left = "the agent manages it";
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 5000);
    assert_int_equal(world_events(world, EVENT_STOP_ACCEPTED), 0);
    assert_int_equal(world->signal_count, 0);
    world->left = NULL;
    world_run(world, 5000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 5000, "SIGTERM"), 1);
    end_world(world);
}

/* A stop that began goes on; what is started again after it is somebody else's. */
static void stopper_ends_what_it_began_before_it_was_somebody_elses(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .restarts = true, .obeys_after_ms = 50});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 30);
    assert_int_equal(world->signal_count, 1);
    world->left = "the agent manages it";
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

static void stopper_says_nothing_while_a_run_looks_alive(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 100});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 50);
    world_end_container(world, &world->containers[0], 4, true);
    world_answer_call(world);
    assert_non_null(stopper_own(world->stopper, "t"));
    assert_int_equal(stopper_own(world->stopper, "t")->exits.count, 1);
    world->containers[0].status = RUNTIME_RUNNING;
    world_run(world, 2500);
    assert_int_equal(world_events(world, EVENT_TASK_STOPPED), 0);
    world->containers[0].status = RUNTIME_EXITED;
    world_run(world, 1100);
    assert_stopped(world);
    end_world(world);
}

static void stopper_hint_while_an_inspection_is_out_is_not_lost(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 50);
    world->stale_answers = true;
    stopper_on_runtime_back(world->stopper);
    assert_int_equal(world->call_count, 1);
    world_end_container(world, &world->containers[0], 4, true);
    world_run(world, 20);
    assert_stopped(world);
    end_world(world);
}

enum { STORM_ANSWER_MS = 5, STORM_LATE_MS = 3 * STORM_ANSWER_MS };

/** An engine that answers slowly, and comes back again and again: each answer finds that something happened since its question. */
static void storm(struct world *world, int64_t ms)
{
    for (int64_t at = 0; at < ms; at++) {
        world->boot_ms++;
        world->wall_ms++;
        stopper_tick(world->stopper);
        stopper_on_runtime_back(world->stopper);
        if (at % STORM_ANSWER_MS == 0) {
            (void)world_answer_call(world);
        }
    }
}

/** However often it was looked at: no SIGKILL after an exit that an event told of. */
static void stopper_exit_while_it_is_looked_at_again_is_looked_into(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world->stale_answers = true;
    world->boot_ms += 1000;
    world->wall_ms += 1000;
    stopper_tick(world->stopper);
    stopper_on_runtime_back(world->stopper);
    assert_true(world_answer_call(world));
    assert_int_equal(world->call_count, 1);
    world_end_container(world, &world->containers[0], 4, true);
    assert_true(world_answer_call(world));
    assert_int_equal(world->call_count, 1);
    assert_int_equal(world->calls[0].kind, WORLD_INSPECT);
    world_run(world, 50);
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "a"), 4);
    end_world(world);
}

static void stopper_hints_without_end_do_not_hold_sigkill_back(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 500);
    storm(world, 2000);
    int64_t deadline = world_signal_at(world, "a", "SIGTERM") + 2000;
    assert_in_range(world_signal_at(world, "a", "SIGKILL"), deadline, deadline + STORM_LATE_MS);
    world_run(world, 50);
    assert_stopped(world);
    end_world(world);
}

static void stopper_hints_without_end_do_not_hold_the_stop_signal_back(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .drain_delay_ms = 1000});
    world_start(world, true);
    world_request(world, "r1", -1);
    int64_t due = world->boot_ms + 1000;
    world_run(world, 500);
    storm(world, 1000);
    assert_in_range(world_signal_at(world, "a", "SIGTERM"), due, due + STORM_LATE_MS);
    world_run(world, 50);
    assert_stopped(world);
    end_world(world);
}

static void stopper_hint_leaves_a_look_its_place_in_the_queue(void **state)
{
    (void)state;
    struct world *world =
        make({.id = "a", .name = "a", .ignores = true}, {.id = "b", .name = "b", .ignores = true},
             {.id = "c", .name = "c", .ignores = true});
    world->call_limit = 1;
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 50);
    stopper_on_runtime_back(world->stopper);
    assert_int_equal(world->call_count, 1);
    struct stop_slot *first = world->stopper->queue_first;
    struct stop_slot *last = world->stopper->queue_last;
    assert_ptr_not_equal(first, last);
    stopper_run_hint(first);
    assert_ptr_equal(world->stopper->queue_first, first);
    assert_ptr_equal(world->stopper->queue_last, last);
    world_run(world, 31000);
    assert_stopped(world);
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

static void stopper_waits_until_the_base_is_folded_to_the_request(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world_start(world, true);
    world->base_frozen = true;
    world_request(world, "r1", -1);
    world_run(world, 50);
    assert_int_equal(world->signal_count, 0);
    world->base_frozen = false;
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

static void stopper_request_that_memory_was_out_for_holds_the_commit(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    struct event event = {.type = EVENT_STOP_REQUESTED,
                          .type_name = "StopRequested",
                          .id = "r9",
                          .cluster = "c",
                          .task = "another"};
    world_start(world, true);
    for (uint64_t n = 1; n <= 3; n++) {
        memory_fail_nth(n, true);
        stopper_on_record(world->stopper, 7 + (int64_t)n, &event);
        memory_fail_nth(0, false);
    }
    assert_int_equal(stopper_commit_floor(world->stopper, 100, 100), 8);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_duplicate_requests_change_nothing),
        cmocka_unit_test(stopper_run_that_starts_again_is_stopped_again),
        cmocka_unit_test(stopper_run_of_another_task_is_left_alone),
        cmocka_unit_test(stopper_signals_nothing_that_is_somebody_elses),
        cmocka_unit_test(stopper_ends_what_it_began_before_it_was_somebody_elses),
        cmocka_unit_test(stopper_described_container_that_runs_again_is_in_the_plan),
        cmocka_unit_test(stopper_says_nothing_while_a_run_looks_alive),
        cmocka_unit_test(stopper_hint_while_an_inspection_is_out_is_not_lost),
        cmocka_unit_test(stopper_hint_leaves_a_look_its_place_in_the_queue),
        cmocka_unit_test(stopper_exit_while_it_is_looked_at_again_is_looked_into),
        cmocka_unit_test(stopper_hints_without_end_do_not_hold_sigkill_back),
        cmocka_unit_test(stopper_hints_without_end_do_not_hold_the_stop_signal_back),
        cmocka_unit_test(stopper_waits_for_the_base),
        cmocka_unit_test(stopper_waits_until_the_base_is_folded_to_the_request),
        cmocka_unit_test(stopper_commit_floor_follows_the_terminal_event),
        cmocka_unit_test(stopper_request_that_memory_was_out_for_holds_the_commit),
        cmocka_unit_test(stopper_request_of_a_terminal_base_holds_nothing_back),
        cmocka_unit_test(stopper_later_incarnation_ends_this_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
