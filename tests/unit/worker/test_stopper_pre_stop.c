#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

/** The one PreStopEnded of the log has this exit code, or a reason that begins so. */
static void assert_command_ended(struct world *world, const char *reason)
{
    struct event event;
    assert_int_equal(world_events(world, EVENT_PRE_STOP_ENDED), 1);
    assert_true(world_event(world, EVENT_PRE_STOP_ENDED, 0, &event));
    assert_int_equal(event.pre_stop_ended.exit_code.known, reason == NULL);
    if (reason != NULL) {
        assert_non_null(strstr(event.pre_stop_ended.reason, reason));
    }
    event_release(&event);
}

static struct world *stopping(struct world *world)
{
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 10);
    return world;
}

static void stopper_pre_stop_ends_and_the_signal_follows(void **state)
{
    (void)state;
    struct world *world = stopping(make({.id = "a",
                                         .name = "a",
                                         .ignores = true,
                                         .pre_stop = "true",
                                         .pre_stop_ends_ms = 3000,
                                         .stop_timeout_ms = 10000}));
    assert_int_equal(world->command_count, 1);
    world_run(world, 2985);
    assert_int_equal(world->signal_count, 0);
    world_run(world, STOP_PRE_STOP_POLL_MS);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_command_ended(world, NULL);
    world_run(world, 7000);
    assert_stopped(world);
    assert_in_range(world_signal_at(world, "a", "SIGKILL") - world->commands[0].begun_boot_ms,
                    10000, 10050);
    assert_int_equal(world->command_count, 1);
    end_world(world);
}

static void stopper_pre_stop_that_uses_the_grace_up_is_not_waited_for(void **state)
{
    (void)state;
    struct world *world = stopping(make({.id = "a",
                                         .name = "a",
                                         .pre_stop = "sleep inf",
                                         .pre_stop_ends_ms = 100000,
                                         .stop_timeout_ms = 2000}));
    world_run(world, 2050);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 0);
    assert_int_equal(world_signal_at(world, "a", "SIGKILL") - world->commands[0].begun_boot_ms,
                     2000);
    end_world(world);
}

static void stopper_pre_stop_that_cannot_be_started_holds_nothing_up(void **state)
{
    (void)state;
    struct world *world = stopping(make({.id = "a", .name = "a", .pre_stop = "absent"}));
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_command_ended(world, "cannot be started");
    assert_int_equal(world_events(world, EVENT_PRE_STOP_STARTED), 0);
    end_world(world);
}

/** What the stop of a task wrote to standard error. */
static void log_of_stop(struct world_container container, char *ret_log, size_t size)
{
    FILE *file = tmpfile();
    int real = dup(STDERR_FILENO);
    assert_non_null(file);
    assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
    struct world *world = stopping(make(container));
    world_run(world, 20000);
    (void)dup2(real, STDERR_FILENO);
    (void)close(real);
    assert_stopped(world);
    end_world(world);
    rewind(file);
    ret_log[fread(ret_log, 1, size - 1, file)] = '\0';
    (void)fclose(file);
}

static void stopper_log_says_the_exit_code_of_a_failed_pre_stop(void **state)
{
    (void)state;
    char log[8192];
    log_of_stop((struct world_container){.id = "a",
                                         .name = "a",
                                         .pre_stop = "exit 3",
                                         .pre_stop_ends_ms = 100,
                                         .pre_stop_code = 3,
                                         .stop_timeout_ms = 5000},
                log, sizeof log);
    assert_non_null(strstr(log, "stop.pre_stop"));
    assert_non_null(strstr(log, "exit_code=3"));
    assert_null(strstr(log, "reason="));
    log_of_stop((struct world_container){.id = "a", .name = "a", .pre_stop = "absent"}, log,
                sizeof log);
    assert_non_null(strstr(log, "reason="));
    assert_null(strstr(log, "exit_code="));
}

static void stopper_log_says_begin_kill_and_end_of_a_stop_once(void **state)
{
    (void)state;
    static const char *const words[] = {" stop.begins: ", " stop.kill: ", " stop.ends: "};
    char log[8192];
    log_of_stop(
        (struct world_container){.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000},
        log, sizeof log);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *first = strstr(log, words[i]);
        assert_non_null(first);
        assert_null(strstr(first + 1, words[i]));
    }
}

static void stopper_pre_stop_where_the_runtime_runs_none_is_said(void **state)
{
    (void)state;
    struct runtime_ops without = WORLD_ENGINE;
    without.run_command = NULL;
    without.look_command = NULL;
    struct world *world = make({.id = "a", .name = "a", .pre_stop = "true"});
    world->runtime.ops = &without;
    (void)stopping(world);
    assert_stopped(world);
    assert_command_ended(world, "PreStopUnsupported");
    end_world(world);
}

static void stopper_container_that_ends_during_its_pre_stop_gets_no_signal(void **state)
{
    (void)state;
    struct world *world =
        stopping(make({.id = "a", .name = "a", .pre_stop = "sleep 9", .pre_stop_ends_ms = 9000}));
    world_end_container(world, &world->containers[0], 3, true);
    world_run(world, 10);
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "a"), 3);
    assert_int_equal(world->signal_count, 0);
    end_world(world);
}

static void stopper_pre_stop_comes_after_the_drain_delay(void **state)
{
    (void)state;
    struct world *world =
        stopping(make({.id = "a", .name = "a", .pre_stop = "true", .drain_delay_ms = 1000}));
    world_run(world, 980);
    assert_int_equal(world->command_count, 0);
    world_run(world, 20);
    assert_int_equal(world->command_count, 1);
    world_run(world, 200);
    assert_stopped(world);
    end_world(world);
}

static void stopper_force_runs_no_pre_stop_and_waits_for_none(void **state)
{
    (void)state;
    for (int started = 0; started < 2; started++) {
        struct world *world = make({.id = "a",
                                    .name = "a",
                                    .ignores = true,
                                    .pre_stop = "sleep 9",
                                    .pre_stop_ends_ms = 9000});
        world_start(world, true);
        if (started) {
            world_request(world, "r1", -1);
            world_run(world, 500);
        }
        world_request(world, "r2", 0);
        world_run(world, 10);
        assert_stopped(world);
        assert_int_equal(world->command_count, started);
        assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 0);
        end_world(world);
    }
}

static void stopper_changed_grace_counts_from_the_start_of_the_pre_stop(void **state)
{
    (void)state;
    struct world *world = stopping(make({.id = "a",
                                         .name = "a",
                                         .pre_stop = "sleep inf",
                                         .pre_stop_ends_ms = 100000,
                                         .stop_timeout_ms = 3000}));
    world_run(world, 2700); /* the look before SIGKILL has been */
    world_request(world, "r2", 6000);
    world_run(world, 3000);
    assert_int_equal(world->signal_count, 0);
    world_run(world, 400);
    assert_stopped(world);
    assert_int_equal(world_signal_at(world, "a", "SIGKILL") - world->commands[0].begun_boot_ms,
                     6000);
    end_world(world);
}

/* ---- crashes and engines that are away ---- */

static void stopper_crash_during_the_pre_stop_goes_on_waiting(void **state)
{
    (void)state;
    struct world *world = stopping(make({.id = "a",
                                         .name = "a",
                                         .ignores = true,
                                         .pre_stop = "sleep 5",
                                         .pre_stop_ends_ms = 5000,
                                         .stop_timeout_ms = 8000}));
    world_run(world, 1000);
    world_crash(world, false);
    world_start(world, true);
    world_run(world, 3900);
    assert_int_equal(world->signal_count, 0);
    world_run(world, STOP_PRE_STOP_POLL_MS + 100);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    world_run(world, 3000);
    assert_stopped(world);
    assert_int_equal(world->command_count, 1);
    assert_in_range(world_signal_at(world, "a", "SIGKILL") - world->commands[0].begun_boot_ms, 8000,
                    8050);
    end_world(world);
}

static void stopper_crash_at_the_start_of_the_pre_stop_does_not_run_it_again(void **state)
{
    (void)state;
    for (int reaches = 0; reaches < 2; reaches++) {
        struct world *world =
            make({.id = "a", .name = "a", .pre_stop = "sleep 9", .pre_stop_ends_ms = 9000});
        world_start(world, true);
        world_request(world, "r1", -1);
        while (world->call_count == 0 || world->calls[0].kind != WORLD_RUN_COMMAND) {
            assert_true(world_answer_call(world) || world_deliver(world) || world_read(world) ||
                        world_settle(world));
        }
        world_crash(world, reaches == 1);
        world_start(world, true);
        world_run(world, 100);
        assert_stopped(world);
        assert_int_equal(world->command_count, reaches);
        assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
        assert_int_equal(world_events(world, EVENT_PRE_STOP_ENDED), 1);
        end_world(world);
    }
}

static void stopper_pre_stop_that_the_engine_forgot_is_over(void **state)
{
    (void)state;
    struct world *world =
        stopping(make({.id = "a", .name = "a", .pre_stop = "sleep 9", .pre_stop_ends_ms = 9000}));
    world->commands_forgotten = true;
    world_run(world, STOP_PRE_STOP_POLL_MS);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_command_ended(world, "PreStopUnknown");
    end_world(world);
}

static void stopper_engine_away_during_the_pre_stop_is_waited_for(void **state)
{
    (void)state;
    struct world *world = stopping(make({.id = "a",
                                         .name = "a",
                                         .ignores = true,
                                         .pre_stop = "sleep 1",
                                         .pre_stop_ends_ms = 1000,
                                         .stop_timeout_ms = 20000}));
    world->engine_away = true;
    world_run(world, 4000);
    assert_int_equal(world->signal_count, 0);
    world->engine_away = false;
    world_run(world, 5000);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    world_run(world, 11050);
    assert_stopped(world);
    assert_int_equal(world->command_count, 1);
    end_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_pre_stop_ends_and_the_signal_follows),
        cmocka_unit_test(stopper_pre_stop_that_uses_the_grace_up_is_not_waited_for),
        cmocka_unit_test(stopper_pre_stop_that_cannot_be_started_holds_nothing_up),
        cmocka_unit_test(stopper_log_says_the_exit_code_of_a_failed_pre_stop),
        cmocka_unit_test(stopper_log_says_begin_kill_and_end_of_a_stop_once),
        cmocka_unit_test(stopper_pre_stop_where_the_runtime_runs_none_is_said),
        cmocka_unit_test(stopper_container_that_ends_during_its_pre_stop_gets_no_signal),
        cmocka_unit_test(stopper_pre_stop_comes_after_the_drain_delay),
        cmocka_unit_test(stopper_force_runs_no_pre_stop_and_waits_for_none),
        cmocka_unit_test(stopper_changed_grace_counts_from_the_start_of_the_pre_stop),
        cmocka_unit_test(stopper_crash_during_the_pre_stop_goes_on_waiting),
        cmocka_unit_test(stopper_crash_at_the_start_of_the_pre_stop_does_not_run_it_again),
        cmocka_unit_test(stopper_pre_stop_that_the_engine_forgot_is_over),
        cmocka_unit_test(stopper_engine_away_during_the_pre_stop_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
