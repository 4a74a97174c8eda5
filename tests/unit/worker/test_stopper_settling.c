#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

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

/** A signal is sent sent_after_ms after its intent, and the worker crashes. Before and after that the wall clock is set. @return from signal to SIGKILL */
static int64_t grace_over_a_crash(int64_t sent_after_ms, int64_t set_before_ms,
                                  int64_t set_after_ms)
{
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    run_to_signal_call(world);
    world->boot_ms += sent_after_ms;
    world->wall_ms += sent_after_ms + set_before_ms;
    world_crash(world, true);
    world->boot_ms += 1500;
    world->wall_ms += 1500 + set_after_ms;
    world_start(world, true);
    world_run(world, 6000);
    int64_t grace = world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM");
    assert_stopped(world);
    end_world(world);
    return grace;
}

static void stopper_grace_of_a_settled_signal_counts_from_when_it_was_sent(void **state)
{
    (void)state;
    assert_in_range(grace_over_a_crash(0, 0, 0), 5000, 5002);
    assert_in_range(grace_over_a_crash(800, 0, 0), 5000, 5002);
}

static void stopper_grace_is_whole_when_the_wall_clock_is_set(void **state)
{
    static const int64_t steps[] = {-3600000, -1200, -900, -300, 300, 900, 1200, 3600000};
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_in_range(grace_over_a_crash(800, 0, steps[i]), 5000, 6600);
        assert_in_range(grace_over_a_crash(800, steps[i], 0), 5000, 6600);
    }
    assert_in_range(grace_over_a_crash(800, -3600000, 3600000), 5000, 6600);
    assert_in_range(grace_over_a_crash(800, 3600000, -3600000), 5000, 6600);
    assert_in_range(grace_over_a_crash(800, -700, 2500), 5000, 6600);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_crash_after_the_signal_is_settled_by_history),
        cmocka_unit_test(stopper_crash_before_the_signal_sends_it_as_maybe_repeated),
        cmocka_unit_test(stopper_crash_without_history_repeats_and_says_so),
        cmocka_unit_test(stopper_grace_of_a_settled_signal_counts_from_when_it_was_sent),
        cmocka_unit_test(stopper_grace_is_whole_when_the_wall_clock_is_set),
        cmocka_unit_test(stopper_call_without_answer_is_settled_by_history),
        cmocka_unit_test(stopper_call_that_was_not_sent_is_made_again),
        cmocka_unit_test(stopper_refusing_engine_is_stuck_and_tried_on),
        cmocka_unit_test(stopper_engine_that_is_away_is_waited_for),
        cmocka_unit_test(stopper_stop_below_the_commit_is_over),
        cmocka_unit_test(stopper_other_boot_lets_an_inspection_say),
        cmocka_unit_test(stopper_crash_between_kill_and_proof_kills_again),
        cmocka_unit_test(stopper_one_worker_a_state_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
