/** The runtime as the worker makes it, its event stream, and how it comes and goes. */

#include <stdlib.h>

#include "tests/sim/sim.h"

/** The runtime of one worker, and the stream of events that it has open. */
static struct feed {
    struct runtime *runtime; /**< NULL = none */
    int owner;
    int64_t free_ms; /**< the stream keeps its order */
    int stream;      /**< 0 = none is open */
} feeds[SIM_ALIVE];
static int streams;

static void tell_back(void *context)
{
    struct runtime *runtime = context;
    struct feed *feed = &feeds[sim.worker - sim.workers];
    if (runtime == feed->runtime) {
        feed->stream = sim.engine_up ? ++streams : 0;
        runtime->callbacks.on_state(runtime->callback_context,
                                    sim.engine_up ? RUNTIME_BACK : RUNTIME_AWAY, "sim");
    }
}

static void ops_start(struct runtime *runtime)
{
    sim_after(sim_between(1, 50), sim.worker->number, tell_back, runtime);
}

static void ops_free(struct runtime *runtime)
{
    (void)runtime;
    feeds[sim.worker - sim.workers].runtime = NULL;
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
    struct runtime *runtime = calloc(1, sizeof *runtime);
    if (runtime == NULL) {
        abort();
    }
    *runtime = (struct runtime){.ops = &ops, .callbacks = *callbacks, .callback_context = context};
    feeds[sim.worker - sim.workers] =
        (struct feed){.runtime = runtime, .owner = sim.worker->number};
    return runtime;
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
    const struct feed *feed = &feeds[sim.worker - sim.workers];
    if (telling->runtime == feed->runtime && telling->stream == feed->stream) {
        sim_say("engine: tells of %.6s: %s", telling->event.container_id,
                telling->event.kind == RUNTIME_EVENT_EXITED ? "exited" : "started or removed");
        feed->runtime->callbacks.on_event(feed->runtime->callback_context, &telling->event);
    }
    free(telling);
}

static void tell_one(struct feed *feed, const struct sim_container *container,
                     enum runtime_event_kind kind)
{
    const struct sim_run *run = &container->runs[container->run_count - 1];
    struct telling *telling = calloc(1, sizeof *telling);
    if (telling == NULL) {
        abort();
    }
    telling->runtime = feed->runtime;
    telling->stream = feed->stream;
    telling->event = (struct runtime_event){
        .kind = kind,
        .container_id = container->id,
        .exit_code = {kind == RUNTIME_EVENT_EXITED && sim_chance(0.9), run->exit_code},
        .at_unix_ms = sim_wall_ms()};
    int64_t at = sim.now_ms + (sim_chance(0.1) ? sim_between(10, 3000) : sim_between(0, 5));
    feed->free_ms = at > feed->free_ms ? at : feed->free_ms;
    sim_after(feed->free_ms - sim.now_ms, feed->owner, tell, telling);
}

void sim_engine_tell(struct sim_container *container, enum runtime_event_kind kind)
{
    /* A start right after an end that was skipped is told: of two runs in a row not all is lost. */
    bool may_skip = kind != RUNTIME_EVENT_STARTED || !container->end_skipped;
    if (!sim.engine_up) {
        return;
    }
    container->end_skipped = false;
    if (!sim.healing && may_skip && sim_chance(0.1)) {
        container->end_skipped = kind == RUNTIME_EVENT_EXITED;
        sim_say("engine: an event of %s is skipped", container->name);
        return;
    }
    for (size_t i = 0; i < SIM_ALIVE; i++) {
        if (feeds[i].runtime != NULL && feeds[i].stream != 0) {
            tell_one(&feeds[i], container, kind);
        }
    }
}

void sim_engine_state(bool up)
{
    if (sim.engine_up == up) {
        return;
    }
    sim.engine_up = up;
    sim.disturbed_ms = sim.now_ms;
    sim_say("engine: %s", up ? "back" : "AWAY");
    if (up) {
        sim.history_from_wall_ms = sim_wall_ms(); /* dockerd keeps its events in memory */
    }
    for (size_t i = 0; i < SIM_ALIVE; i++) {
        feeds[i].stream = 0;
        if (feeds[i].runtime != NULL) {
            sim_after(sim_between(0, 500), feeds[i].owner, tell_back, feeds[i].runtime);
        }
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
