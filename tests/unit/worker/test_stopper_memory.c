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

/* ---- a start that finds a stop under way ---- */

/** How the worker before it died. */
struct death {
    int64_t after_ms; /* of the StopRequested */
    bool kafka_away;  /* since the StopRequested: the journal alone has what it did */
    bool in_call;     /* within the call of the first stop signal, which reaches the container */
    bool comes_back;  /* Kafka is back at the start */
    bool loses_state; /* the log alone has what it did, and the engine has no history */
};

static void die(struct world *world, const struct death *death)
{
    world_start(world, true);
    world_request(world, "r1", -1);
    if (death->in_call) {
        run_to_signal_call(world);
    } else {
        while (world_read(world)) {
        }
        world->kafka_away = death->kafka_away;
        world_run(world, death->after_ms);
    }
    world_crash(world, true);
    world->kafka_away = death->kafka_away && !death->comes_back;
    if (death->loses_state) {
        world_lose_state(world);
        world->history = RUNTIME_HISTORY_UNKNOWN;
    }
}

/** @return whether the n-th allocation was made */
static bool start_without_allocation(const struct death *death, uint64_t n)
{
    struct world *world =
        make({.id = "ignores", .name = "ignores", .ignores = true, .stop_timeout_ms = GRACE_MS});
    die(world, death);
    world_fail_allocation(world, n);
    bool started = world_try_start(world, !world->kafka_away);
    if (started && !world->failed) {
        world_run(world, ENOUGH_MS);
    }
    bool failed = world_allocation_failed(world);
    world_fail_allocation(world, 0);
    world->kafka_away = false;
    if (started && !world->failed) {
        world_run(world, ENOUGH_MS);
    }
    if (!started || world->failed || !stopper_idle(world->stopper) ||
        world_fold(world)->terminal == NULL) {
        assert_true(!started || world->failed || world->stopper->missed_offset >= 0);
        world_crash(world, false);
        world_start(world, true);
        world_run(world, ENOUGH_MS);
    }
    assert_stopped(world);
    assert_int_equal(exit_code_of(world, "ignores"), 137);
    assert_int_equal(world_signals(world, "ignores", 0, "SIGTERM"), 1);
    assert_true(world_signals(world, "ignores", 0, "SIGKILL") >= 1);
    assert_true(world_signal_at(world, "ignores", "SIGKILL") >=
                world_signal_at(world, "ignores", "SIGTERM") + GRACE_MS);
    end_world(world);
    return failed;
}

static void worker_starts_whatever_allocation_fails(void **state)
{
    (void)state;
    static const struct death DEATHS[] = {
        {.after_ms = GRACE_MS / 2},
        {.after_ms = GRACE_MS / 2, .kafka_away = true},
        {.after_ms = GRACE_MS / 2, .kafka_away = true, .comes_back = true},
        {.after_ms = GRACE_MS + 10, .kafka_away = true, .comes_back = true},
        {.in_call = true},
        {.after_ms = GRACE_MS / 2, .loses_state = true},
    };
    for (size_t i = 0; i < sizeof DEATHS / sizeof DEATHS[0]; i++) {
        uint64_t n = 1;
        while (start_without_allocation(&DEATHS[i], n)) {
            n++;
            assert_true(n < ALLOCATIONS_MAX);
        }
        assert_true(n > 50);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_stops_whatever_allocation_fails),
        cmocka_unit_test(stopper_is_recovered_whatever_allocation_fails),
        cmocka_unit_test(worker_starts_whatever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
