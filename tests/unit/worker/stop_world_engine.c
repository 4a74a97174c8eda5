#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/stop_world.h"

static struct world_container *container_of(struct world *world, const char *id)
{
    for (size_t i = 0; i < world->container_count; i++) {
        if (strcmp(world->containers[i].id, id) == 0) {
            return &world->containers[i];
        }
    }
    return NULL;
}

static struct world_call *add_call(struct runtime *runtime, enum world_call_kind kind,
                                   const char *id, void *context)
{
    struct world *world = (struct world *)runtime;
    assert_true(world->call_count < WORLD_CALLS);
    struct world_call *call = &world->calls[world->call_count++];
    *call = (struct world_call){.context = context};
    call->kind = kind;
    snprintf(call->container_id, sizeof call->container_id, "%s", id);
    const struct world_container *container = container_of(world, id);
    if (container != NULL) {
        call->asked = *container;
    }
    return call;
}

static void inspect(struct runtime *runtime, const char *id, runtime_inspect_fn *fn, void *context)
{
    add_call(runtime, WORLD_INSPECT, id, context)->fn.inspect = fn;
}

static void send_signal(struct runtime *runtime, struct run run,
                        const struct runtime_signal *signal, runtime_signal_fn *fn, void *context)
{
    struct world_call *call = add_call(runtime, WORLD_SIGNAL, run.container_id, context);
    call->fn.signal = fn;
    call->started_at = run.started_at;
    snprintf(call->signal, sizeof call->signal, "%s", signal->name);
}

static void history(struct runtime *runtime, struct run run, const char *signal,
                    int64_t since_unix_ms, runtime_history_fn *fn, void *context)
{
    struct world_call *call = add_call(runtime, WORLD_HISTORY, run.container_id, context);
    call->fn.history = fn;
    call->started_at = run.started_at;
    call->since_unix_ms = since_unix_ms;
    snprintf(call->signal, sizeof call->signal, "%s", signal);
}

static void run_command(struct runtime *runtime, struct run run, const char *command,
                        runtime_command_fn *fn, void *context)
{
    struct world_call *call = add_call(runtime, WORLD_RUN_COMMAND, run.container_id, context);
    call->fn.run_command = fn;
    call->started_at = run.started_at;
    assert_string_equal(command, call->asked.pre_stop);
}

static void look_command(struct runtime *runtime, const char *exec_id, runtime_look_fn *fn,
                         void *context)
{
    struct world_call *call = add_call(runtime, WORLD_LOOK_COMMAND, "", context);
    call->fn.look_command = fn;
    assert_int_equal(sscanf(exec_id, "exec-%zu", &call->command), 1);
}

const struct runtime_ops WORLD_ENGINE = {.inspect = inspect,
                                         .signal = send_signal,
                                         .history = history,
                                         .run_command = run_command,
                                         .look_command = look_command};

static bool alive(const struct world_container *container)
{
    return container != NULL && !container->gone && runtime_is_running(container->status);
}

bool world_reach(struct world *world, const struct world_call *call)
{
    struct world_container *container = container_of(world, call->container_id);
    if (!alive(container) || container->started_at != call->started_at) {
        return false;
    }
    assert_true(world->signal_count < WORLD_SIGNALS);
    struct world_signal *signal = &world->signals[world->signal_count++];
    *signal = (struct world_signal){
        .started_at = call->started_at, .at_boot_ms = world->boot_ms, .at_unix_ms = world->wall_ms};
    memcpy(signal->container_id, call->container_id, sizeof signal->container_id);
    memcpy(signal->signal, call->signal, sizeof signal->signal);
    bool kill = strcmp(call->signal, "SIGKILL") == 0;
    if (kill && !container->immortal) {
        world_end_container(world, container, 137, true);
    } else if (!kill && !container->ignores && container->ends_at_boot_ms == 0) {
        container->ends_at_boot_ms = world->boot_ms + container->obeys_after_ms;
    }
    return true;
}

bool world_begin_command(struct world *world, const struct world_call *call)
{
    const struct world_container *container = container_of(world, call->container_id);
    if (!alive(container) || container->started_at != call->started_at ||
        strcmp(container->pre_stop, "absent") == 0) {
        return false;
    }
    assert_true(world->command_count < WORLD_COMMANDS);
    struct world_command *command = &world->commands[world->command_count++];
    *command = (struct world_command){.started_at = call->started_at,
                                      .begun_boot_ms = world->boot_ms,
                                      .ends_boot_ms = world->boot_ms + container->pre_stop_ends_ms,
                                      .exit_code = container->pre_stop_code};
    memcpy(command->container_id, call->container_id, sizeof command->container_id);
    return true;
}

void world_end_container(struct world *world, struct world_container *container, int64_t exit_code,
                         bool tell)
{
    container->status = RUNTIME_EXITED;
    container->exit_code = exit_code;
    container->ends_at_boot_ms = 0;
    struct runtime_event event = {.kind = RUNTIME_EVENT_EXITED,
                                  .container_id = container->id,
                                  .exit_code = {true, exit_code},
                                  .at_unix_ms = world->wall_ms};
    if (container->restarts) {
        container->restarts = false;
        container->status = RUNTIME_RUNNING;
        container->started_at = world->wall_ms;
    }
    if (tell && world->stopper != NULL && !world->engine_away) {
        stopper_on_runtime_event(world->stopper, &event);
    }
}

static void answer_inspect(struct world *world, const struct world_call *call)
{
    const struct world_container *container =
        world->stale_answers ? &call->asked : container_of(world, call->container_id);
    struct error away = {.code = ERROR_UNAVAILABLE, .message = "the engine is away"};
    if (world->engine_away) {
        call->fn.inspect(call->context, &away, NULL);
        return;
    }
    if (container == NULL || container->gone) {
        call->fn.inspect(call->context, NULL, NULL);
        return;
    }
    bool ended = container->status == RUNTIME_EXITED;
    struct runtime_container found = {.described = {.name = container->name,
                                                    .container_id = container->id,
                                                    .started_at = container->started_at},
                                      .status = container->status,
                                      .finished_at = ended ? world->wall_ms : 0,
                                      .exit_code = {ended, ended ? container->exit_code : 0}};
    call->fn.inspect(call->context, NULL, &found);
}

static void answer_signal(struct world *world, const struct world_call *call)
{
    bool kill = strcmp(call->signal, "SIGKILL") == 0;
    enum world_answer how = kill ? WORLD_ANSWERS : world->signal_answer;
    if (world->engine_away || how == WORLD_NO_ANSWER_NOT_SENT) {
        call->fn.signal(call->context, RUNTIME_NO_ANSWER, "no answer");
    } else if (how == WORLD_REFUSES) {
        call->fn.signal(call->context, RUNTIME_REFUSED, "500 cannot signal");
    } else if (!world_reach(world, call)) {
        call->fn.signal(call->context, RUNTIME_NOT_RUNNING, "409");
    } else if (how == WORLD_NO_ANSWER) {
        call->fn.signal(call->context, RUNTIME_NO_ANSWER, "no answer");
    } else {
        call->fn.signal(call->context, RUNTIME_SENT, "204");
    }
}

static void answer_history(struct world *world, const struct world_call *call)
{
    if (world->engine_away || world->history == RUNTIME_HISTORY_UNKNOWN) {
        call->fn.history(call->context, RUNTIME_HISTORY_UNKNOWN, 0, 0);
        return;
    }
    int64_t times = 0;
    int64_t at = 0;
    for (size_t i = 0; i < world->signal_count; i++) {
        const struct world_signal *signal = &world->signals[i];
        if (strcmp(signal->container_id, call->container_id) == 0 &&
            signal->started_at == call->started_at && strcmp(signal->signal, call->signal) == 0) {
            times++;
            at = signal->at_unix_ms;
        }
    }
    call->fn.history(call->context, times > 0 ? RUNTIME_HISTORY_SENT : RUNTIME_HISTORY_NOT_SENT, at,
                     times);
}

static void answer_run_command(struct world *world, const struct world_call *call)
{
    char exec_id[32];
    snprintf(exec_id, sizeof exec_id, "exec-%zu", world->command_count);
    if (world->engine_away) {
        call->fn.run_command(call->context, NULL, "no answer");
    } else if (!world_begin_command(world, call)) {
        call->fn.run_command(call->context, NULL, "cannot be started");
    } else {
        call->fn.run_command(call->context, exec_id, NULL);
    }
}

static void answer_look_command(struct world *world, const struct world_call *call)
{
    struct error away = {.code = ERROR_UNAVAILABLE, .message = "the engine is away"};
    if (world->engine_away) {
        call->fn.look_command(call->context, &away, NULL);
        return;
    }
    if (world->commands_forgotten || call->command >= world->command_count) {
        call->fn.look_command(call->context, NULL, NULL);
        return;
    }
    const struct world_command *command = &world->commands[call->command];
    struct runtime_command found = {.running = alive(container_of(world, command->container_id)) &&
                                               world->boot_ms < command->ends_boot_ms};
    found.exit_code = (struct optional_integer){!found.running, command->exit_code};
    call->fn.look_command(call->context, NULL, &found);
}

bool world_answer_call(struct world *world)
{
    if (world->call_count == 0) {
        return false;
    }
    struct world_call call = world->calls[0];
    world->call_count--;
    memmove(world->calls, world->calls + 1, world->call_count * sizeof call);
    switch (call.kind) {
    case WORLD_INSPECT:
        answer_inspect(world, &call);
        break;
    case WORLD_SIGNAL:
        answer_signal(world, &call);
        break;
    case WORLD_HISTORY:
        answer_history(world, &call);
        break;
    case WORLD_RUN_COMMAND:
        answer_run_command(world, &call);
        break;
    case WORLD_LOOK_COMMAND:
        answer_look_command(world, &call);
        break;
    }
    return true;
}
