#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

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
    assert_stopped_once_kafka_is_back(world);
    end_world(world);
}

static void stopper_signals_wait_while_the_log_comes_in(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 4000);
    world_crash(world, false);
    world_request(world, "r2", 8000);
    world->kafka_away = true;
    world_start(world, false);
    world_run(world, 500);
    world->kafka_away = false;
    world_run(world, 2000);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 0);
    stopper_caught_up(world->stopper);
    world_run(world, 1600);
    assert_stopped(world);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 8000);
    end_world(world);
}

/** Kafka comes back, a part of the log with it, and goes away again. */
static struct world *make_with_a_part_of_the_log(void)
{
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world_crash(world, false);
    world_request(world, "r2", 8000);
    world->kafka_away = true;
    world_start(world, false);
    world_run(world, 500);
    world->kafka_away = false;
    return world;
}

static void stopper_goes_on_when_kafka_leaves_before_the_end_of_the_log(void **state)
{
    (void)state;
    struct world *world = make_with_a_part_of_the_log();
    assert_true(world_read(world));
    world->kafka_away = true;
    world_run(world, 4000);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 5000);
    end_world(world);
}

static void stopper_goes_on_when_kafka_leaves_after_a_request_was_read(void **state)
{
    (void)state;
    struct world *world = make_with_a_part_of_the_log();
    while (world_read(world)) {
    }
    world->kafka_away = true;
    world_run(world, 4000);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    end_world(world);
}

static void stopper_waits_again_when_kafka_is_back_again(void **state)
{
    (void)state;
    struct world *world = make_with_a_part_of_the_log();
    assert_true(world_read(world));
    world->kafka_away = true;
    world_run(world, 1000);
    world->kafka_away = false;
    world_run(world, 4000);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 0);
    stopper_caught_up(world->stopper);
    world_run(world, 2000);
    assert_stopped(world);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 8000);
    end_world(world);
}

static void stopper_request_that_is_named_is_not_taken_up_again(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true});
    world_start(world, true);
    world_request(world, "r1", 5000);
    world_run(world, 1000);
    world_crash(world, false);
    world_start(world, true);
    world_run(world, 4100);
    assert_stopped(world);
    assert_int_equal(world_events(world, EVENT_STOP_ACCEPTED), 1);
    end_world(world);
}

static const char ANOTHER[] = "11111111111111111111111111111111";

static void accept_by_another(struct world *world)
{
    struct event event;
    char id[37];
    const char *requests[] = {"r1"};
    struct planned_run plan[] = {{.container_id = "a",
                                  .started_at = 5000,
                                  .name = "a",
                                  .signal = "SIGTERM",
                                  .grace_ms = 9000},
                                 {.container_id = "b",
                                  .started_at = 5000,
                                  .name = "b",
                                  .signal = "SIGTERM",
                                  .grace_ms = 9000}};
    assert_int_equal(
        identity_event(&world->identity, EVENT_STOP_ACCEPTED, "t", 9, id, &event, NULL), 0);
    event.actor.incarnation = ANOTHER;
    event.stop_accepted.requests = (struct text_list){requests, 1};
    event.stop_accepted.plan.items = plan;
    event.stop_accepted.plan.count = 2;
    world_append(world, &event);
}

static void stopper_end_that_does_not_cover_the_log_is_none(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 400});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 100);
    world_crash(world, false);
    world->containers[1] = (struct world_container){
        .id = "b", .name = "b", .started_at = 5000, .status = RUNTIME_RUNNING};
    world->container_count = 2;
    accept_by_another(world);
    world->kafka_away = true;
    world_start(world, false);
    world_run(world, 1000);
    assert_true(task_is_terminal(stopper_own(world->stopper, "t")));
    world->kafka_away = false;
    world_settle(world);
    stopper_caught_up(world->stopper);
    world_run(world, 100);
    assert_int_equal(world_signals(world, "b", 0, "SIGTERM"), 1);
    const struct task *task = world_fold(world);
    assert_string_equal(task->terminal, "TaskStopped");
    assert_int_equal(task->exits.count, 2);
    assert_int_equal(world_events(world, EVENT_TASK_STOPPED), 2);
    end_world(world);
}

static void end_by_another(struct world *world)
{
    struct event event;
    char id[37];
    struct run_result result = {.container_id = "a", .started_at = 5000};
    assert_int_equal(identity_event(&world->identity, EVENT_TASK_STOPPED, "t", 9, id, &event, NULL),
                     0);
    event.actor.incarnation = ANOTHER;
    event.task_ended.results.items = &result;
    event.task_ended.results.count = 1;
    world_append(world, &event);
}

static void stopper_end_by_another_that_lacks_a_run_settles_no_request(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .obeys_after_ms = 400},
                               {.id = "b", .name = "b", .obeys_after_ms = 400});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 100);
    world->kafka_away = true;
    world_run(world, 1000);
    assert_true(task_is_terminal(stopper_own(world->stopper, "t")));
    assert_int_equal(world_events(world, EVENT_TASK_STOPPED), 0);
    end_by_another(world);
    world->kafka_away = false;
    while (world_read(world)) {
    }
    assert_false(task_is_terminal(world_fold(world)));
    int64_t next = (int64_t)world->log_count;
    int64_t floor = stopper_commit_floor(world->stopper, next, next);
    assert_true(floor < next - 1);
    world_run(world, 100);
    assert_true(task_is_terminal(world_fold(world)));
    next = (int64_t)world->log_count;
    assert_int_equal(stopper_commit_floor(world->stopper, next, next), next);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_crash_in_mid_grace_goes_on_with_the_remaining_grace),
        cmocka_unit_test(stopper_journal_alone_carries_a_stop_while_kafka_is_away),
        cmocka_unit_test(stopper_signals_wait_while_the_log_comes_in),
        cmocka_unit_test(stopper_goes_on_when_kafka_leaves_before_the_end_of_the_log),
        cmocka_unit_test(stopper_goes_on_when_kafka_leaves_after_a_request_was_read),
        cmocka_unit_test(stopper_waits_again_when_kafka_is_back_again),
        cmocka_unit_test(stopper_request_that_is_named_is_not_taken_up_again),
        cmocka_unit_test(stopper_end_that_does_not_cover_the_log_is_none),
        cmocka_unit_test(stopper_end_by_another_that_lacks_a_run_settles_no_request),
        cmocka_unit_test(stopper_without_log_and_journal_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
