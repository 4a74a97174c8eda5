#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

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

static int64_t grace_kept(struct world *world, const char *id)
{
    return world_signal_at(world, id, "SIGKILL") - world_signal_at(world, id, "SIGTERM");
}

static void stopper_shorter_grace_counts_from_the_signal(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 30000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 2000);
    world_request(world, "r2", 9000);
    world_run(world, 1000);
    world_request(world, "r3", 5000);
    world_run(world, 2050);
    assert_stopped(world);
    assert_int_equal(grace_kept(world, "a"), 5000);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    end_world(world);
}

static void stopper_grace_that_has_passed_already_ends_at_once(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 30000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 4000);
    world_request(world, "r2", 2000);
    world_run(world, 50);
    assert_stopped(world);
    assert_in_range(grace_kept(world, "a"), 4000, 4050);
    end_world(world);
}

static void stopper_force_ends_the_drain_delay(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .drain_delay_ms = 60000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    assert_int_equal(world->signal_count, 0);
    world_request(world, "r2", 0);
    world_run(world, 50);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 0);
    end_world(world);
}

static void stopper_force_is_the_way_out_of_a_refused_signal(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    world->signal_answer = WORLD_REFUSES;
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 10000);
    assert_int_equal(world_events(world, EVENT_STOP_STUCK), 1);
    world->signal_answer = WORLD_ANSWERS;
    world_request(world, "r2", 0);
    world_run(world, 50);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 0);
    assert_int_equal(world_signals(world, "a", 0, "SIGKILL"), 1);
    end_world(world);
}

static void stopper_force_keeps_the_order(void **state)
{
    (void)state;
    struct world *world =
        make({.id = "db", .name = "db", .ignores = true},
             {.id = "app", .name = "app", .depends_on = "db", .ignores = true, .immortal = true});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    assert_int_equal(world_signals(world, "app", 0, "SIGTERM"), 1);
    world_request(world, "r2", 0);
    world_run(world, 1000);
    assert_true(world_signals(world, "app", 0, "SIGKILL") > 0);
    assert_int_equal(world_signals(world, "db", 0, "SIGKILL"), 0);
    world->containers[1].immortal = false;
    world_run(world, 2000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "db", 0, "SIGTERM"), 0);
    assert_int_equal(world_signals(world, "db", 0, "SIGKILL"), 1);
    end_world(world);
}

static void stopper_changed_grace_holds_for_what_is_signalled_later(void **state)
{
    (void)state;
    struct world *world = make(
        {.id = "db", .name = "db", .ignores = true, .stop_timeout_ms = 30000},
        {.id = "app", .name = "app", .depends_on = "db", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world_request(world, "r2", 4000);
    world_run(world, 8200);
    assert_stopped(world);
    assert_int_equal(grace_kept(world, "app"), 4000);
    assert_int_equal(grace_kept(world, "db"), 4000);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_further_request_changes_the_grace),
        cmocka_unit_test(stopper_force_shortens_a_stop_that_is_running),
        cmocka_unit_test(stopper_shorter_grace_counts_from_the_signal),
        cmocka_unit_test(stopper_grace_that_has_passed_already_ends_at_once),
        cmocka_unit_test(stopper_force_ends_the_drain_delay),
        cmocka_unit_test(stopper_force_is_the_way_out_of_a_refused_signal),
        cmocka_unit_test(stopper_force_keeps_the_order),
        cmocka_unit_test(stopper_changed_grace_holds_for_what_is_signalled_later),
        cmocka_unit_test(stopper_grace_is_fixed_once_sigkill_is_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
