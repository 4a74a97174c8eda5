/* A worker whose state directory was lost or copied, and what the log alone shows. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

/** A stop in mid-grace whose worker is dead, and its state directory lost. */
static struct world *make_lost(void)
{
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world_crash(world, false);
    world_lose_state(world);
    return world;
}

/** A stop whose signal was sent, and nobody says so. */
static struct world *make_lost_after_a_signal(void)
{
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    world_start(world, true);
    world_request(world, "r1", -1);
    run_to_signal_call(world);
    while (world_deliver(world)) {
    }
    world_crash(world, true);
    world_lose_state(world);
    world->history = RUNTIME_HISTORY_UNKNOWN;
    return world;
}

/** The log has the request of a stop, and nothing of what the lost worker did. */
static void lose_after_acting_without_kafka(struct world *world)
{
    world_start(world, true);
    world_settle(world);
    world_request(world, "r1", -1);
    world_read(world);
    world->kafka_away = true;
    world_run(world, 10);
    world_crash(world, false);
    world_lose_state(world);
    world->kafka_away = false;
}

static void stopper_lost_state_goes_on_by_the_log_and_says_maybe_repeated(void **state)
{
    (void)state;
    struct world *world = make_lost_after_a_signal();
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
    lose_after_acting_without_kafka(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    world_start(world, true);
    world_run(world, 3000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_true(said_repeated(world));
    end_world(world);
}

static void stopper_new_journal_holds_what_the_log_showed(void **state)
{
    (void)state;
    struct world *world = make_lost();
    world_start(world, true);
    assert_false(world->journal_found);
    world_crash(world, false);
    world->kafka_away = true;
    world_start(world, false);
    assert_true(world->journal_found);
    world_run(world, 4000);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    assert_int_equal(
        world_signal_at(world, "a", "SIGKILL") - world_signal_at(world, "a", "SIGTERM"), 5000);
    assert_stopped_once_kafka_is_back(world);
    end_world(world);
}

static void stopper_new_journal_is_not_acted_by_before_the_log_was_read(void **state)
{
    (void)state;
    struct world *world = make_lost();
    world->kafka_away = true;
    world_start(world, false);
    world_crash(world, false);
    world_start(world, false);
    assert_false(world->journal_found);
    world_run(world, 6000);
    assert_int_equal(world->signal_count, 1);
    assert_stopped_once_kafka_is_back(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    end_world(world);
}

static void stopper_suspicion_outlives_the_worker_that_had_it(void **state)
{
    (void)state;
    struct world *world = make_lost_after_a_signal();
    world_start(world, true);
    world_crash(world, false);
    world_start(world, true);
    assert_true(world->journal_found);
    world_run(world, 3000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 2);
    assert_true(said_repeated(world));
    end_world(world);
}

/* Then what ran before the loss looks younger than it, also when the clock is right again. */
static void suspicion_holds(int64_t set_forward_ms)
{
    struct world *world = make_lost_after_a_signal();
    world->wall_ms = 1000;
    world_start(world, true);
    world_crash(world, false);
    world->wall_ms += set_forward_ms;
    world_start(world, true);
    assert_true(world->journal_found);
    world_run(world, 3000);
    assert_stopped(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 2);
    assert_true(said_repeated(world));
    end_world(world);
}

static void stopper_suspicion_holds_after_the_wall_clock_was_set_back(void **state)
{
    (void)state;
    suspicion_holds(0);
    suspicion_holds(86400000);
}

static void stopper_request_of_the_lost_is_suspected_by_each_that_follows(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 2000});
    lose_after_acting_without_kafka(world);
    assert_int_equal(world_signals(world, "a", 0, "SIGTERM"), 1);
    world->base_unknown = true; /* nothing is taken up */
    world_start(world, true);
    world_run(world, 10);
    world_crash(world, false);
    world->base_unknown = false;
    world->history = RUNTIME_HISTORY_UNKNOWN;
    world_start(world, true);
    assert_false(world->journal_found);
    world_run(world, 3000);
    assert_stopped(world);
    assert_true(said_repeated(world));
    end_world(world);
}

static void stopper_pre_stop_command_of_a_lost_plan_is_not_run_again(void **state)
{
    (void)state;
    struct world *world = make({.id = "a",
                                .name = "a",
                                .ignores = true,
                                .stop_timeout_ms = 2000,
                                .pre_stop = "true",
                                .pre_stop_ends_ms = 1000});
    lose_after_acting_without_kafka(world);
    assert_int_equal(world->command_count, 1);
    world_start(world, true);
    world_run(world, 5000);
    assert_stopped(world);
    assert_int_equal(world->command_count, 1);
    end_world(world);
}

/** Another file of the same bytes in its place. */
static void copy_file(const char *path)
{
    char copy[400];
    struct stat status = {0};
    (void)snprintf(copy, sizeof copy, "%s.copy", path);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    int out = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0 && fstat(in, &status) == 0);
    assert_int_equal(sendfile(out, in, NULL, (size_t)status.st_size), status.st_size);
    close(in);
    close(out);
    assert_int_equal(rename(copy, path), 0);
}

static void copy_journal(const struct world *world, const char *prefix)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s%s", world->directory, prefix, world->incarnation);
    copy_file(path);
}

static void stopper_copied_state_is_not_acted_by_before_the_log_was_read(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a", .ignores = true, .stop_timeout_ms = 5000});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_run(world, 1000);
    world_crash(world, false);
    copy_journal(world, "journal-");
    world->kafka_away = true;
    world_start(world, false);
    assert_false(world->journal_found);
    world_run(world, 6000);
    assert_int_equal(world->signal_count, 1);
    end_world(world);
}

/* Its writer is frozen before its first look at the log, and wakes when another one works by a copy. */
static void stopper_writer_of_a_copied_state_is_the_later_one(void **state)
{
    (void)state;
    struct world *world = make({.id = "a", .name = "a"});
    struct event event;
    struct error err = {0};
    char id[37], writer[33];
    world->kafka_away = true;
    world_start(world, false);
    memcpy(writer, world->incarnation, sizeof writer);
    world_crash(world, false);
    copy_journal(world, "partial-");
    world->kafka_away = false;
    world_start(world, true);
    world_settle(world);
    assert_int_equal(world_events(world, EVENT_WORKER_STARTED), 1);
    assert_false(world->superseded);
    assert_int_equal(
        identity_event(&world->identity, EVENT_WORKER_STARTED, NULL, 1, id, &event, &err), 0);
    event.actor.incarnation = writer;
    stopper_on_record(world->stopper, 77, &event);
    assert_true(world->superseded);
    end_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_lost_state_goes_on_by_the_log_and_says_maybe_repeated),
        cmocka_unit_test(stopper_lost_plan_of_an_older_worker_is_maybe_repeated),
        cmocka_unit_test(stopper_new_journal_holds_what_the_log_showed),
        cmocka_unit_test(stopper_new_journal_is_not_acted_by_before_the_log_was_read),
        cmocka_unit_test(stopper_suspicion_outlives_the_worker_that_had_it),
        cmocka_unit_test(stopper_suspicion_holds_after_the_wall_clock_was_set_back),
        cmocka_unit_test(stopper_request_of_the_lost_is_suspected_by_each_that_follows),
        cmocka_unit_test(stopper_copied_state_is_not_acted_by_before_the_log_was_read),
        cmocka_unit_test(stopper_writer_of_a_copied_state_is_the_later_one),
        cmocka_unit_test(stopper_pre_stop_command_of_a_lost_plan_is_not_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
