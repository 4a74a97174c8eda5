/** The runtime that the worker talks to: calls that take time, get lost, are refused, or are carried out after nobody waits any more. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum call_kind { CALL_INSPECT, CALL_LIST, CALL_SIGNAL, CALL_HISTORY, CALL_COMMAND, CALL_LOOK };

struct call {
    enum call_kind kind;
    int owner;
    char id[96], signal[16];
    int64_t started_at, since_ms;
    union {
        runtime_inspect_fn *inspect;
        runtime_list_fn *list;
        runtime_signal_fn *signal;
        runtime_history_fn *history;
        runtime_command_fn *command;
        runtime_look_fn *look;
    } fn;
    void *context;
    bool answered; /**< the worker has an answer */
    int out;       /**< happenings that still hold the call */
    /* what the engine said */
    enum runtime_answer said;
    enum runtime_history_answer history;
    int64_t at_unix_ms, times;
    bool command_started, command_known;
    struct runtime_command command;
    struct runtime_container found[SIM_CONTAINERS];
    size_t found_count;
};

static void let_go(struct call *call)
{
    if (--call->out == 0) {
        free(call);
    }
}

/* ---- what the engine does ---- */

static void look(struct call *call, struct sim_container *container)
{
    if (call->owner == sim.worker->number) {
        container->looked_by = call->owner;
        container->looked_step = sim.steps;
    }
    const struct sim_run *run = sim_run_now(container);
    struct runtime_container *to = &call->found[call->found_count++];
    *to = (struct runtime_container){
        .described = {.name = container->name,
                      .container_id = container->id,
                      .created_at = container->runs[0].started_at,
                      .started_at = run->started_at,
                      .image = "sim"},
        .status = run->on ? RUNTIME_RUNNING : RUNTIME_EXITED,
        .finished_at = run->on ? 0 : run->finished_at,
        .exit_code = {.known = !run->on, .value = run->on ? 0 : run->exit_code},
        .health = "UNKNOWN"};
    to->labels.items = container->labels;
    to->labels.count = container->label_count;
}

static void do_signal(struct call *call)
{
    struct sim_container *container = sim_container_find(call->id);
    bool kill = strcmp(call->signal, "SIGKILL") == 0;
    struct sim_run *run = container == NULL ? NULL : sim_run_now(container);
    call->said = RUNTIME_SENT;
    if (container == NULL || container->removed) {
        call->said = RUNTIME_NO_CONTAINER;
    } else if (!run->on || run->started_at != call->started_at) {
        call->said = RUNTIME_NOT_RUNNING;
    } else if (!sim.healing && sim_chance(0.03)) {
        sim.disturbed_ms = sim.now_ms;
        call->said = RUNTIME_REFUSED;
    } else if (sim.broken_rule != SIM_BREAK_ENGINE_LIES || kill) {
        sim_check_signal((struct run){call->id, call->started_at}, call->signal, true);
        sim_run_signal(container, run, kill);
    }
}

static void do_history(struct call *call)
{
    const struct sim_run *run = sim_run_find((struct run){call->id, call->started_at});
    call->history = sim.history_from_wall_ms > call->since_ms ? RUNTIME_HISTORY_UNKNOWN
                                                              : RUNTIME_HISTORY_NOT_SENT;
    for (int i = 0; run != NULL && i < run->signals; i++) {
        if (run->signal_wall_ms[i] >= call->since_ms &&
            run->signal_wall_ms[i] >= sim.history_from_wall_ms) {
            call->history = RUNTIME_HISTORY_SENT;
            call->at_unix_ms = run->signal_wall_ms[i];
            call->times++;
        }
    }
}

static void do_command(struct call *call)
{
    struct sim_container *container = sim_container_find(call->id);
    struct sim_run *run = container == NULL ? NULL : sim_run_now(container);
    bool there =
        container != NULL && !container->removed && run->on && run->started_at == call->started_at;
    if (!there || (!sim.healing && sim_chance(0.05))) {
        return;
    }
    sim_say("engine: %s starts its pre-stop command", container->name);
    run->pre_stops++;
    run->pre_stop_boot_ms = sim_boot_ms();
    run->pre_stop_ends_boot_ms =
        run->pre_stop_boot_ms + (sim_chance(0.5) ? sim_between(0, 300) : sim_between(300, 6000));
    call->command_started = true;
}

/* The id of a command is RUN@CONTAINER. */
static void do_look(struct call *call)
{
    const char *at = strchr(call->id, '@');
    const struct sim_container *container = at == NULL ? NULL : sim_container_find(at + 1);
    const struct sim_run *run =
        container == NULL ? NULL
                          : sim_run_find((struct run){container->id, strtoll(call->id, NULL, 10)});
    call->command_known = run != NULL && !container->removed && run->on;
    call->command.running = call->command_known && sim_boot_ms() < run->pre_stop_ends_boot_ms;
    call->command.exit_code = (struct optional_integer){.known = !call->command.running};
}

static void carry_out(struct call *call)
{
    struct sim_container *container = sim_container_find(call->id);
    switch (call->kind) {
    case CALL_INSPECT:
        if (container != NULL) {
            look(call, container);
            call->found_count = container->removed ? 0 : 1;
        }
        break;
    case CALL_LIST:
        for (int i = 0; i < sim.container_count; i++) {
            if (!sim.containers[i].removed) {
                look(call, &sim.containers[i]);
            }
        }
        break;
    case CALL_SIGNAL:
        do_signal(call);
        break;
    case CALL_HISTORY:
        do_history(call);
        break;
    case CALL_COMMAND:
        do_command(call);
        break;
    case CALL_LOOK:
        do_look(call);
        break;
    }
}

/* ---- answers, on the worker's stack ---- */

static void answer_failed(struct call *call, bool refused)
{
    struct error error = {.code = refused ? ERROR_UNAVAILABLE : ERROR_TIMEOUT,
                          .message = "the engine does not answer"};
    switch (call->kind) {
    case CALL_INSPECT:
        call->fn.inspect(call->context, &error, NULL);
        break;
    case CALL_LIST:
        call->fn.list(call->context, &error, NULL, 0);
        break;
    case CALL_SIGNAL:
        call->fn.signal(call->context, refused ? RUNTIME_REFUSED : RUNTIME_NO_ANSWER,
                        error.message);
        break;
    case CALL_HISTORY:
        call->fn.history(call->context, RUNTIME_HISTORY_UNKNOWN, 0, 0);
        break;
    case CALL_COMMAND:
        call->fn.command(call->context, NULL, error.message);
        break;
    case CALL_LOOK:
        call->fn.look(call->context, &error, NULL);
        break;
    }
}

static void answer_command(const struct call *call)
{
    char exec_id[128];
    snprintf(exec_id, sizeof exec_id, "%lld@%s", (long long)call->started_at, call->id);
    call->fn.command(call->context, call->command_started ? exec_id : NULL, "no");
}

static void answer(void *context)
{
    struct call *call = context;
    if (!call->answered) {
        call->answered = true;
        sim_seam("before an answer of the engine");
        switch (call->kind) {
        case CALL_INSPECT:
            call->fn.inspect(call->context, NULL, call->found_count == 0 ? NULL : call->found);
            break;
        case CALL_LIST:
            call->fn.list(call->context, NULL, call->found, call->found_count);
            break;
        case CALL_SIGNAL:
            sim_check_settles((struct run){call->id, call->started_at});
            call->fn.signal(call->context, call->said, call->said == RUNTIME_SENT ? "204" : "no");
            break;
        case CALL_HISTORY:
            call->fn.history(call->context, call->history, call->at_unix_ms, call->times);
            break;
        case CALL_COMMAND:
            answer_command(call);
            break;
        case CALL_LOOK:
            call->fn.look(call->context, NULL, call->command_known ? &call->command : NULL);
            break;
        }
    }
    let_go(call);
}

static void time_out(void *context)
{
    struct call *call = context;
    if (!call->answered) {
        call->answered = true;
        sim_seam("before a call to the engine times out");
        answer_failed(call, false);
    }
    let_go(call);
}

static void refuse(void *context)
{
    struct call *call = context;
    if (!call->answered) {
        call->answered = true;
        sim_seam("before the engine's refusal");
        if (call->kind == CALL_SIGNAL) {
            sim_check_settles((struct run){call->id, call->started_at});
        }
        answer_failed(call, true);
    }
    let_go(call);
}

/* ---- the way ---- */

static void arrive(void *context)
{
    struct call *call = context;
    bool alone = call->answered || sim_worker_of(call->owner) == NULL;
    if (!sim.engine_up) {
        sim_after(0, call->owner, refuse, call);
        return;
    }
    if (sim.engine_frozen) {
        sim_after(100, 0, arrive, call);
        return;
    }
    if ((alone && sim_chance(0.3)) || (!sim.healing && sim_chance(0.02))) {
        sim.disturbed_ms = sim.now_ms;
        let_go(call); /* it never arrived */
        return;
    }
    carry_out(call);
    if (!sim.healing && sim_chance(0.04)) {
        sim.disturbed_ms = sim.now_ms;
        sim_say("engine: an answer is lost");
        let_go(call);
        return;
    }
    sim_after(sim_chance(0.05) ? sim_between(10, 2000) : sim_between(0, 6), call->owner, answer,
              call);
}

static struct call *make(enum call_kind kind, const char *id, void *context)
{
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        abort();
    }
    call->kind = kind;
    call->owner = sim.worker->number;
    call->context = context;
    if (id != NULL) {
        memcpy(call->id, id, strnlen(id, sizeof call->id - 1));
    }
    return call;
}

static void go(struct call *call)
{
    sim_seam("before a call to the engine");
    call->out = 2;
    sim_after(SIM_ENGINE_TIMEOUT_MS, call->owner, time_out, call);
    sim_after(sim_chance(0.05) ? sim_between(10, 1500) : sim_between(0, 8), 0, arrive, call);
    sim_seam("after a call to the engine");
}

static void ops_list(struct runtime *runtime, runtime_list_fn *fn, void *context)
{
    (void)runtime;
    struct call *call = make(CALL_LIST, NULL, context);
    call->fn.list = fn;
    go(call);
}

static void ops_inspect(struct runtime *runtime, const char *id, runtime_inspect_fn *fn,
                        void *context)
{
    (void)runtime;
    struct call *call = make(CALL_INSPECT, id, context);
    call->fn.inspect = fn;
    go(call);
}

static void ops_signal(struct runtime *runtime, struct run run, const struct runtime_signal *signal,
                       runtime_signal_fn *fn, void *context)
{
    (void)runtime;
    struct call *call = make(CALL_SIGNAL, run.container_id, context);
    call->fn.signal = fn;
    call->started_at = run.started_at;
    memcpy(call->signal, signal->name, strnlen(signal->name, sizeof call->signal - 1));
    sim_check_signal(run, signal->name, false);
    go(call);
}

static void ops_history(struct runtime *runtime, struct run run, const char *signal,
                        int64_t since_unix_ms, runtime_history_fn *fn, void *context)
{
    (void)runtime;
    (void)signal;
    struct call *call = make(CALL_HISTORY, run.container_id, context);
    call->fn.history = fn;
    call->started_at = run.started_at;
    call->since_ms = since_unix_ms;
    sim_check_settles(run);
    go(call);
}

static void ops_run_command(struct runtime *runtime, struct run run, const char *command,
                            runtime_command_fn *fn, void *context)
{
    (void)runtime;
    (void)command;
    struct call *call = make(CALL_COMMAND, run.container_id, context);
    call->fn.command = fn;
    call->started_at = run.started_at;
    sim_check_pre_stop(run);
    go(call);
}

static void ops_look_command(struct runtime *runtime, const char *exec_id, runtime_look_fn *fn,
                             void *context)
{
    (void)runtime;
    struct call *call = make(CALL_LOOK, exec_id, context);
    call->fn.look = fn;
    go(call);
}

static struct runtime_info ops_info(struct runtime *runtime)
{
    (void)runtime;
    return (struct runtime_info){.runtime = "docker",
                                 .engine_version = "27.0.0",
                                 .api_version = "1.46",
                                 .os = "linux",
                                 .architecture = "x86_64",
                                 .cpu_units = 1024,
                                 .memory_mib = 1024};
}

const struct runtime_ops *sim_engine_calls(void)
{
    static const struct runtime_ops ops = {.list = ops_list,
                                           .inspect = ops_inspect,
                                           .signal = ops_signal,
                                           .history = ops_history,
                                           .run_command = ops_run_command,
                                           .look_command = ops_look_command,
                                           .info = ops_info};
    return &ops;
}
