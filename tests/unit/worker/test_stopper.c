#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

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
        most = world->call_count < most ? most : world->call_count;
        world_answer_call(world);
        stopper_tick(world->stopper);
        world_deliver(world);
        world_read(world);
    }
    world_run(world, 100);
    assert_stopped(world);
    assert_int_equal(most, 2); /* the look at the whole task is not a run's call */
    end_world(world);
}

static void stopper_task_leaves_calls_to_others(void **state)
{
    (void)state;
    struct world *world =
        make({.id = "a", .name = "a"}, {.id = "b", .name = "b"}, {.id = "c", .name = "c"},
             {.id = "d", .name = "d"}, {.id = "e", .name = "e"}, {.id = "f", .name = "f"});
    world->call_limit = 7;
    world_start(world, true);
    world_request(world, "r1", -1);
    while (world_read(world)) {
    }
    size_t most = 0;
    for (int i = 0; i < 200; i++) {
        most = world->call_count < most ? most : world->call_count;
        world_answer_call(world);
        stopper_tick(world->stopper);
        world_deliver(world);
        world_read(world);
    }
    world_run(world, 100);
    assert_stopped(world);
    assert_int_equal(most, 4); /* more than it leaves free is not begun */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_obedient_task_is_stopped),
        cmocka_unit_test(stopper_ignoring_container_is_killed_at_the_deadline),
        cmocka_unit_test(stopper_records_deadlines_that_prove_themselves),
        cmocka_unit_test(stopper_keeps_the_order),
        cmocka_unit_test(stopper_stops_unrelated_containers_together),
        cmocka_unit_test(stopper_call_limit_holds),
        cmocka_unit_test(stopper_task_leaves_calls_to_others),
        cmocka_unit_test(stopper_drain_delay_comes_before_the_signal),
        cmocka_unit_test(stopper_force_kills_without_a_signal),
        cmocka_unit_test(stopper_lost_event_is_made_up_for_by_a_look),
        cmocka_unit_test(stopper_vanished_container_has_the_code_that_an_event_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
