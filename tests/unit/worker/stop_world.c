#include "tests/unit/worker/stop_world.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/memory.h"

/* ---- clocks ---- */

static int64_t wall_ms(void *context)
{
    return ((struct world *)context)->wall_ms;
}

static int64_t boot_ms(void *context)
{
    return ((struct world *)context)->boot_ms;
}

/* ---- the engine ---- */

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
    return call;
}

static void inspect(struct runtime *runtime, const char *id, runtime_inspect_fn *fn, void *context)
{
    add_call(runtime, WORLD_INSPECT, id, context)->fn.inspect = fn;
}

static void send_signal(struct runtime *runtime, struct run run, const char *signal,
                        runtime_signal_fn *fn, void *context)
{
    struct world_call *call = add_call(runtime, WORLD_SIGNAL, run.container_id, context);
    call->fn.signal = fn;
    call->started_at = run.started_at;
    snprintf(call->signal, sizeof call->signal, "%s", signal);
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

static const struct runtime_ops OPS = {
    .inspect = inspect, .signal = send_signal, .history = history};

static bool alive(const struct world_container *container)
{
    return container != NULL && !container->gone && runtime_is_running(container->status);
}

/** The signal arrives. @return false if there is no such run */
static bool reach(struct world *world, const struct world_call *call)
{
    struct world_container *container = container_of(world, call->container_id);
    if (!alive(container) || container->started_at != call->started_at) {
        return false;
    }
    assert_true(world->signal_count < WORLD_SIGNALS);
    struct world_signal *signal = &world->signals[world->signal_count++];
    *signal = (struct world_signal){.started_at = call->started_at, .at_boot_ms = world->boot_ms};
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
    struct world_container *container = container_of(world, call->container_id);
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
    } else if (!reach(world, call)) {
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
            at = world->wall_ms - (world->boot_ms - signal->at_boot_ms);
        }
    }
    call->fn.history(call->context, times > 0 ? RUNTIME_HISTORY_SENT : RUNTIME_HISTORY_NOT_SENT, at,
                     times);
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
    }
    return true;
}

/* ---- the log ---- */

static struct world_record copy_record(struct span value)
{
    struct world_record record = {memory_alloc(value.length), value.length};
    assert_non_null(record.bytes);
    memcpy(record.bytes, value.data, value.length);
    return record;
}

static int send_record(void *context, struct span key, struct span value,
                       kafka_delivered_fn *delivered, void *delivered_context, struct error *err)
{
    struct world *world = context;
    assert_true(span_equal_text(key, "h"));
    if (world->sent_count == WORLD_SENT) {
        return error_set(err, ERROR_FULL, "queue full");
    }
    world->sent[world->sent_count].record = copy_record(value);
    world->sent[world->sent_count].delivered = delivered;
    world->sent[world->sent_count].context = delivered_context;
    world->sent_count++;
    return 0;
}

bool world_deliver(struct world *world)
{
    if (world->kafka_away || world->sent_count == 0) {
        return false;
    }
    assert_true(world->log_count < WORLD_LOG);
    kafka_delivered_fn *delivered = world->sent[0].delivered;
    void *context = world->sent[0].context;
    int64_t offset = (int64_t)world->log_count;
    world->log[world->log_count++] = world->sent[0].record;
    world->sent_count--;
    memmove(world->sent, world->sent + 1, world->sent_count * sizeof world->sent[0]);
    delivered(context, NULL, offset);
    return true;
}

static struct span record_span(const struct world_record *record)
{
    return (struct span){record->bytes, record->length};
}

static void fold_base(struct world *world)
{
    for (; world->based < world->log_count; world->based++) {
        struct event event;
        struct error err = {0};
        assert_int_equal(event_decode(record_span(&world->log[world->based]), &event, &err), 0);
        if (event.task != NULL) {
            assert_int_equal(reduce(&world->base, &event, NULL, &err), 0);
        }
        event_release(&event);
    }
}

const struct task *world_fold(struct world *world)
{
    fold_base(world);
    return &world->base;
}

bool world_read(struct world *world)
{
    if (world->kafka_away || world->read == world->log_count) {
        return false;
    }
    struct event event;
    struct error err = {0};
    if (event_decode(record_span(&world->log[world->read]), &event, &err) != 0) {
        fail_msg("%s", err.message);
    }
    stopper_on_record(world->stopper, (int64_t)world->read++, &event);
    event_release(&event);
    if (!world->base_unknown) {
        fold_base(world);
        stopper_on_base(world->stopper, "c", "t");
    }
    return true;
}

static void append_event(struct world *world, const struct event *event)
{
    struct buffer bytes;
    struct error err = {0};
    buffer_init(&bytes, EVENT_MAX_BYTES);
    if (event_encode(event, &bytes, &err) != 0) {
        fail_msg("%s", err.message);
    }
    world->log[world->log_count++] = copy_record(buffer_span(&bytes));
    buffer_release(&bytes);
}

void world_request(struct world *world, const char *id, int64_t timeout_ms)
{
    struct event event;
    struct error err = {0};
    char storage[37];
    assert_int_equal(identity_event(&world->identity, EVENT_STOP_REQUESTED, "t", world->wall_ms,
                                    storage, &event, &err),
                     0);
    event.id = id;
    event.actor = (struct event_actor){.program = "stopfleet-api", .instance = "api"};
    event.stop_requested = (struct event_stop_requested){
        .principal = "tester", .reason = "test", .stop_timeout_ms = {timeout_ms >= 0, timeout_ms}};
    append_event(world, &event);
}

static void observe(struct world *world)
{
    struct described_container containers[WORLD_CONTAINERS] = {0};
    struct event event;
    struct error err = {0};
    char storage[37];
    for (size_t i = 0; i < world->container_count; i++) {
        const struct world_container *from = &world->containers[i];
        containers[i] = (struct described_container){
            .name = from->name,
            .container_id = from->id,
            .created_at = 1,
            .started_at = from->started_at,
            .image = "image",
            .sidecar = from->sidecar,
            .stop_timeout_ms = {from->stop_timeout_ms > 0, from->stop_timeout_ms},
            .drain_delay_ms = from->drain_delay_ms};
        if (from->depends_on != NULL) {
            containers[i].depends_on.items = (const char **)&world->containers[i].depends_on;
            containers[i].depends_on.count = 1;
        }
    }
    assert_int_equal(identity_event(&world->identity, EVENT_TASK_OBSERVED, "t", world->wall_ms,
                                    storage, &event, &err),
                     0);
    event.task_observed.revision = 1;
    event.task_observed.description =
        (struct description){.runtime = "process", .family = "family"};
    event.task_observed.description.containers.items = containers;
    event.task_observed.description.containers.count = world->container_count;
    append_event(world, &event);
}

/* ---- the worker ---- */

static const struct task *base_of(void *context, const char *cluster, const char *task,
                                  int64_t *ret_pos)
{
    struct world *world = context;
    assert_string_equal(cluster, "c");
    assert_string_equal(task, "t");
    *ret_pos = (int64_t)world->based - 1;
    return world->base_unknown ? NULL : &world->base;
}

static bool is_claimed(void *context, const char *task, struct run run)
{
    (void)task;
    (void)run;
    return ((struct world *)context)->claimed;
}

static void on_superseded(void *context, const char *incarnation)
{
    (void)incarnation;
    ((struct world *)context)->superseded = true;
}

static bool is_ready(void *context)
{
    return !((struct world *)context)->not_ready;
}

void world_open(struct world *world)
{
    world->runtime.ops = &OPS;
    world->clock = (struct clock){.wall_ms = wall_ms, .boot_ms = boot_ms, .context = world};
    world->boot_ms = 1000000;
    world->wall_ms = INT64_C(1800000000000);
    world->default_grace_ms = 30000;
    strcpy(world->directory, "/tmp/test_stopper_XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    world->identity = (struct identity){.account = "1",
                                        .region = "r",
                                        .cluster = "c",
                                        .host = "h",
                                        .instance = "host",
                                        .boot_id = "boot-1",
                                        .version = "0",
                                        .incarnation = "000"};
    observe(world);
}

void world_lose_state(struct world *world)
{
    DIR *directory = opendir(world->directory);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", world->directory, entry->d_name);
        if (entry->d_name[0] != '.') {
            assert_int_equal(unlink(path), 0);
        }
    }
    closedir(directory);
}

static void forget_calls(struct world *world)
{
    world->call_count = 0;
    for (size_t i = 0; i < world->sent_count; i++) {
        memory_free(world->sent[i].record.bytes);
    }
    world->sent_count = 0;
}

void world_close(struct world *world)
{
    stopper_free(world->stopper);
    world->stopper = NULL;
    forget_calls(world);
    for (size_t i = 0; i < world->log_count; i++) {
        memory_free(world->log[i].bytes);
    }
    task_release(&world->base);
    world_lose_state(world);
    assert_int_equal(rmdir(world->directory), 0);
}

void world_start(struct world *world, bool log_read)
{
    struct error err = {0};
    snprintf(world->incarnation, sizeof world->incarnation, "%032d", ++world->incarnations);
    world->identity.incarnation = world->incarnation;
    struct stopper_environment environment = {.clock = &world->clock,
                                              .runtime = &world->runtime,
                                              .identity = &world->identity,
                                              .state_directory = world->directory,
                                              .journal_max_bytes = 1 << 20,
                                              .default_grace_ms = world->default_grace_ms,
                                              .engine_call_limit = world->call_limit,
                                              .base = base_of,
                                              .claimed = is_claimed,
                                              .superseded = on_superseded,
                                              .ready = is_ready,
                                              .context = world,
                                              .send = send_record,
                                              .send_context = world};
    world->stopper = stopper_new(&environment, &world->journal_found, &err);
    if (world->stopper == NULL) {
        fail_msg("%s", err.message);
    }
    struct event event;
    char id[37];
    assert_int_equal(identity_event(&world->identity, EVENT_WORKER_STARTED, NULL, world->wall_ms,
                                    id, &event, &err),
                     0);
    assert_int_equal(stopper_write(world->stopper, &event, &err), 0);
    world->read = world->commit;
    if (log_read) {
        while (world_read(world)) {
        }
    }
    stopper_act(world->stopper, log_read);
    while (world_deliver(world) || world_read(world)) {
    }
}

void world_crash(struct world *world, bool reaches)
{
    for (size_t i = 0; i < world->call_count; i++) {
        if (reaches && world->calls[i].kind == WORLD_SIGNAL) {
            struct stopper *stopper = world->stopper;
            world->stopper = NULL; /* it does not hear of it */
            (void)reach(world, &world->calls[i]);
            world->stopper = stopper;
        }
    }
    stopper_free(world->stopper);
    world->stopper = NULL;
    forget_calls(world);
}

static void let_containers_end(struct world *world)
{
    for (size_t i = 0; i < world->container_count; i++) {
        struct world_container *container = &world->containers[i];
        if (container->ends_at_boot_ms > 0 && world->boot_ms >= container->ends_at_boot_ms) {
            world_end_container(world, container, 0, true);
        }
    }
}

bool world_settle(struct world *world)
{
    bool any = false;
    bool more = true;
    for (int turns = 0; more; turns++) {
        assert_true(turns < 10000); /* something goes round and round without time passing */
        let_containers_end(world);
        stopper_tick(world->stopper);
        more = world_answer_call(world);
        more = world_deliver(world) || more;
        more = world_read(world) || more;
        any = any || more;
    }
    return any;
}

void world_run(struct world *world, int64_t ms)
{
    world_settle(world);
    for (int64_t i = 0; i < ms; i++) {
        world->boot_ms++;
        world->wall_ms++;
        world_settle(world);
    }
}

/* ---- questions ---- */

size_t world_signals(const struct world *world, const char *container_id, int64_t started_at,
                     const char *signal)
{
    size_t count = 0;
    for (size_t i = 0; i < world->signal_count; i++) {
        const struct world_signal *at = &world->signals[i];
        count += strcmp(at->container_id, container_id) == 0 && strcmp(at->signal, signal) == 0 &&
                 (started_at == 0 || at->started_at == started_at);
    }
    return count;
}

int64_t world_signal_at(const struct world *world, const char *container_id, const char *signal)
{
    for (size_t i = 0; i < world->signal_count; i++) {
        const struct world_signal *at = &world->signals[i];
        if (strcmp(at->container_id, container_id) == 0 && strcmp(at->signal, signal) == 0) {
            return at->at_boot_ms;
        }
    }
    return -1;
}

bool world_event(struct world *world, enum event_type type, size_t number, struct event *ret_event)
{
    for (size_t i = 0; i < world->log_count; i++) {
        assert_int_equal(event_decode(record_span(&world->log[i]), ret_event, NULL), 0);
        if (ret_event->type == type && number-- == 0) {
            return true;
        }
        event_release(ret_event);
    }
    return false;
}

size_t world_events(struct world *world, enum event_type type)
{
    struct event event;
    size_t count = 0;
    while (world_event(world, type, count, &event)) {
        event_release(&event);
        count++;
    }
    return count;
}
