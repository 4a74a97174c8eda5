#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_checks.h"

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
            if (dice(seed, 8) == 0) {
                world_lose_state(world);
            }
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
        /* with the state directory, facts that an older incarnation's signal was sent may be lost */
        assert_true(count <= 1 || world->lost_state || unsettled ||
                    (sent != NULL && sent->maybe_repeated));
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
    for (int second = 0; second < 70 && (second < 2 || !stopper_idle(world->stopper)); second++) {
        world_run(world, 1000);
    }
    check_signals(world);
    check_end(world, seed);
    end_world(world);
}

static void stopper_holds_its_promises_in_random_histories(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        one_history(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopper_holds_its_promises_in_random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
