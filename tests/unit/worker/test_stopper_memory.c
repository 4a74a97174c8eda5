#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

/* Memory runs out at each allocation of a stop in turn. The stop comes to its end all the same, or the worker says what it leaves to
 * its next start, and that one ends it. */

enum { GRACE_MS = 2000, ENOUGH_MS = 3 * GRACE_MS, ALLOCATIONS_MAX = 5000 };

/** A stop of one container that obeys and one that ignores. @return whether the n-th allocation was made */
static bool stop_without_allocation(uint64_t n, bool crash)
{
    struct world *world =
        make({.id = "obeys", .name = "obeys", .stop_timeout_ms = GRACE_MS},
             {.id = "ignores", .name = "ignores", .ignores = true, .stop_timeout_ms = GRACE_MS});
    world_start(world, true);
    world_request(world, "r1", -1);
    world_fail_allocation(world, n);
    world_run(world, crash ? GRACE_MS / 2 : ENOUGH_MS);
    bool failed = world_allocation_failed(world);
    world_fail_allocation(world, 0);
    bool ended = stopper_idle(world->stopper) && world_fold(world)->terminal != NULL;
    if (!ended) {
        /* it has said so, or asks for its end */
        assert_true(crash || world->failed || world->stopper->missed_offset >= 0);
        int64_t end = (int64_t)world->log_count;
        world->commit = (size_t)stopper_commit_floor(world->stopper, end, end);
        world_crash(world, false);
        world_start(world, true);
        world_run(world, ENOUGH_MS);
    }
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "ignores"), 137);
    assert_int_equal(world_signals(world, "obeys", 0, "SIGTERM"), 1);
    assert_int_equal(world_signals(world, "obeys", 0, "SIGKILL"), 0);
    assert_int_equal(world_signals(world, "ignores", 0, "SIGTERM"), 1);
    assert_int_equal(world_signals(world, "ignores", 0, "SIGKILL"), 1);
    assert_true(world_signal_at(world, "ignores", "SIGKILL") >=
                world_signal_at(world, "ignores", "SIGTERM") + GRACE_MS);
    end_world(world);
    return failed;
}

static void fail_each(bool crash)
{
    uint64_t n = 1;
    while (stop_without_allocation(n, crash)) {
        n++;
        assert_true(n < ALLOCATIONS_MAX);
    }
    assert_true(n > 50); /* a stop makes more than that */
}

static void stopper_stops_whatever_allocation_fails(void **state)
{
    (void)state;
    fail_each(false);
}

static void stopper_is_recovered_whatever_allocation_fails(void **state)
{
    (void)state;
    fail_each(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_stops_whatever_allocation_fails),
        cmocka_unit_test(stopper_is_recovered_whatever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
