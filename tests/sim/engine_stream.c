/** The runtime as the worker makes it, its event stream, and how it comes and goes. */

#include <stdlib.h>

#include "tests/sim/sim.h"

static struct runtime *runtime_now;
static int runtime_owner;
static int64_t stream_free_ms; /**< the event stream keeps its order */
static int stream;             /**< 0 = none is open */
static int streams;

static void tell_back(void *context)
{
    struct runtime *runtime = context;
    if (runtime == runtime_now) {
        stream = sim.engine_up ? ++streams : 0;
        runtime->callbacks.on_state(runtime->callback_context,
                                    sim.engine_up ? RUNTIME_BACK : RUNTIME_AWAY, "sim");
    }
}

static void ops_start(struct runtime *runtime)
{
    sim_after(sim_between(1, 50), sim.worker.number, tell_back, runtime);
}

static void ops_free(struct runtime *runtime)
{
    (void)runtime;
    runtime_now = NULL;
}

struct runtime *runtime_docker_new(struct loop *loop, const struct runtime_docker_config *config,
                                   const struct runtime_callbacks *callbacks, void *context,
                                   struct error *err)
{
    static struct runtime_ops ops;
    ops = *sim_engine_calls();
    ops.start = ops_start;
    ops.free = ops_free;
    (void)loop;
    (void)config;
    (void)err;
    runtime_now = calloc(1, sizeof *runtime_now);
    if (runtime_now == NULL) {
        abort();
    }
    *runtime_now =
        (struct runtime){.ops = &ops, .callbacks = *callbacks, .callback_context = context};
    runtime_owner = sim.worker.number;
    stream = 0;
    return runtime_now;
}

struct runtime *runtime_process_new(struct loop *loop, const struct runtime_process_config *config,
                                    const struct runtime_callbacks *callbacks, void *context,
                                    struct error *err)
{
    (void)loop;
    (void)config;
    (void)callbacks;
    (void)context;
    error_set(err, ERROR_UNSUPPORTED, "the simulator has containers");
    return NULL;
}

/* ---- the event stream ---- */

struct telling {
    struct runtime *runtime;
    struct runtime_event event;
    int stream;
};

static void tell(void *context)
{
    struct telling *telling = context;
    if (telling->runtime == runtime_now && telling->stream == stream) {
        sim_say("engine: tells of %.6s: %s", telling->event.container_id,
                telling->event.kind == RUNTIME_EVENT_EXITED ? "exited" : "started or removed");
        runtime_now->callbacks.on_event(runtime_now->callback_context, &telling->event);
    }
    free(telling);
}

void sim_engine_tell(struct sim_container *container, enum runtime_event_kind kind)
{
    const struct sim_run *run = sim_run_now(container);
    /* A start right after an end that was skipped is told: of two runs in a row not all is lost. */
    bool may_skip = kind != RUNTIME_EVENT_STARTED || !container->end_skipped;
    if (runtime_now == NULL || !sim.engine_up || stream == 0) {
        return;
    }
    container->end_skipped = false;
    if (!sim.healing && may_skip && sim_chance(0.1)) {
        container->end_skipped = kind == RUNTIME_EVENT_EXITED;
        sim_say("engine: an event of %s is skipped", container->name);
        return;
    }
    struct telling *telling = calloc(1, sizeof *telling);
    if (telling == NULL) {
        abort();
    }
    telling->runtime = runtime_now;
    telling->stream = stream;
    telling->event = (struct runtime_event){
        .kind = kind,
        .container_id = container->id,
        .exit_code = {kind == RUNTIME_EVENT_EXITED && sim_chance(0.9), run->exit_code},
        .at_unix_ms = sim_wall_ms()};
    int64_t at = sim.now_ms + (sim_chance(0.1) ? sim_between(10, 3000) : sim_between(0, 5));
    stream_free_ms = at > stream_free_ms ? at : stream_free_ms;
    sim_after(stream_free_ms - sim.now_ms, runtime_owner, tell, telling);
}

void sim_engine_state(bool up)
{
    if (sim.engine_up == up) {
        return;
    }
    sim.engine_up = up;
    sim.disturbed_ms = sim.now_ms;
    stream = 0;
    sim_say("engine: %s", up ? "back" : "AWAY");
    if (up) {
        sim.history_from_wall_ms = sim_wall_ms(); /* dockerd keeps its events in memory */
    }
    if (runtime_now != NULL) {
        sim_after(sim_between(0, 500), runtime_owner, tell_back, runtime_now);
    }
}

void sim_engine_freeze(bool frozen)
{
    if (sim.engine_frozen != frozen) {
        sim.engine_frozen = frozen;
        sim.disturbed_ms = sim.now_ms;
        sim_say("engine: %s", frozen ? "FROZEN" : "thawed");
    }
}
