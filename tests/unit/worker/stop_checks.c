#include "tests/unit/worker/stop_checks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/memory.h"

struct world *make_world(const struct world_container *containers, size_t count)
{
    struct world *world = memory_calloc(1, sizeof *world);
    assert_non_null(world);
    for (size_t i = 0; i < count; i++) {
        world->containers[i] = containers[i];
        if (world->containers[i].status == 0) {
            world->containers[i].status = RUNTIME_RUNNING;
        }
        if (world->containers[i].started_at == 0) {
            world->containers[i].started_at = 5000;
        }
    }
    world->container_count = count;
    world_open(world);
    return world;
}

void end_world(struct world *world)
{
    world_close(world);
    memory_free(world);
}

void assert_stopped(struct world *world)
{
    const struct task *task = world_fold(world);
    assert_non_null(task->terminal);
    assert_string_equal(task->terminal, "TaskStopped");
    assert_int_equal(world_events(world, EVENT_TASK_STOPPED), 1);
    assert_true(stopper_idle(world->stopper));
}

int64_t exit_code_of(struct world *world, const char *container_id)
{
    const struct task *task = world_fold(world);
    for (size_t i = 0; i < task->exits.count; i++) {
        if (strcmp(task->exits.items[i].container_id, container_id) == 0) {
            assert_true(task->exits.items[i].exit_code.known);
            return task->exits.items[i].exit_code.value;
        }
    }
    fail_msg("no exit of %s", container_id);
    return -1;
}

bool said_repeated(struct world *world)
{
    struct event event;
    assert_true(world_event(world, EVENT_SIGNAL_SENT, 0, &event));
    bool repeated = event.signal_sent.maybe_repeated;
    event_release(&event);
    return repeated;
}

void run_to_signal_call(struct world *world)
{
    for (int i = 0; i < 100; i++) {
        if (world->call_count > 0 && world->calls[0].kind == WORLD_SIGNAL) {
            return;
        }
        stopper_tick(world->stopper);
        world_deliver(world);
        world_read(world);
        if (world->call_count > 0 && world->calls[0].kind != WORLD_SIGNAL) {
            world_answer_call(world);
        }
    }
    fail_msg("no signal was sent");
}

void assert_stopped_once_kafka_is_back(struct world *world)
{
    world->kafka_away = false;
    world_settle(world);
    stopper_caught_up(world->stopper);
    world_run(world, 100);
    assert_stopped(world);
}
