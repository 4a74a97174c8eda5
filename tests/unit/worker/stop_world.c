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

/* ---- memory that runs out ---- */

void world_fail_allocation(struct world *world, uint64_t n)
{
    world->fails_in = n;
    world->fails_counted_from = memory_count();
    memory_fail_nth(n, false);
}

bool world_allocation_failed(const struct world *world)
{
    return memory_count() - world->fails_counted_from >= world->fails_in;
}

/* The world's own allocations do not fail and are not counted. */
static void begin_own(struct world *world)
{
    uint64_t made = memory_count() - world->fails_counted_from;
    memory_fail_nth(0, false);
    world->fails_in = made < world->fails_in ? world->fails_in - made : 0;
}

static void end_own(struct world *world)
{
    world_fail_allocation(world, world->fails_in);
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
    begin_own(world);
    world->sent[world->sent_count].record = copy_record(value);
    end_own(world);
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
    begin_own(world);
    for (; world->based < world->log_count; world->based++) {
        struct event event;
        struct error err = {0};
        assert_int_equal(event_decode(record_span(&world->log[world->based]), &event, &err), 0);
        if (event.task != NULL) {
            assert_int_equal(reduce(&world->base, &event, NULL, &err), 0);
        }
        event_release(&event);
    }
    end_own(world);
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
    begin_own(world);
    if (event_decode(record_span(&world->log[world->read]), &event, &err) != 0) {
        fail_msg("%s", err.message);
    }
    end_own(world);
    stopper_on_record(world->stopper, (int64_t)world->read++, &event);
    event_release(&event);
    if (!world->base_unknown && !world->base_frozen) {
        fold_base(world);
        stopper_on_base(world->stopper, "c", "t");
    }
    return true;
}

void world_append(struct world *world, const struct event *event)
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
    world_append(world, &event);
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
            .drain_delay_ms = from->drain_delay_ms,
            .pre_stop = from->pre_stop};
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
    world_append(world, &event);
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

static const char *is_left(void *context, const struct runtime_container *container)
{
    (void)container;
    return ((struct world *)context)->left;
}

static void on_failed(void *context, const struct error *error)
{
    assert_int_equal(error->code, ERROR_NO_MEMORY);
    ((struct world *)context)->failed = true;
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
    world->runtime.ops = &WORLD_ENGINE;
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
    world->lost_state = true;
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

bool world_try_start(struct world *world, bool log_read)
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
                                              .left = is_left,
                                              .superseded = on_superseded,
                                              .failed = on_failed,
                                              .ready = is_ready,
                                              .context = world,
                                              .send = send_record,
                                              .send_context = world};
    world->failed = false;
    world->stopper = stopper_new(&environment, &world->journal_found, &err);
    if (world->stopper == NULL) {
        assert_int_equal(err.code, ERROR_NO_MEMORY);
        return false;
    }
    struct event event;
    char id[37];
    if (identity_event(&world->identity, EVENT_WORKER_STARTED, NULL, world->wall_ms, id, &event,
                       &err) != 0 ||
        stopper_write(world->stopper, &event, &err) != 0) {
        assert_int_equal(err.code, ERROR_NO_MEMORY); /* as the worker does: said, and gone on */
    }
    world->read = world->commit;
    if (log_read) {
        while (world_read(world)) {
        }
    }
    stopper_act(world->stopper, log_read);
    while (world_deliver(world) || world_read(world)) {
    }
    return true;
}

void world_start(struct world *world, bool log_read)
{
    assert_true(world_try_start(world, log_read));
    assert_false(world->failed);
}

void world_crash(struct world *world, bool reaches)
{
    for (size_t i = 0; i < world->call_count; i++) {
        struct stopper *stopper = world->stopper;
        world->stopper = NULL; /* it does not hear of it */
        if (reaches && world->calls[i].kind == WORLD_SIGNAL) {
            (void)world_reach(world, &world->calls[i]);
        } else if (reaches && world->calls[i].kind == WORLD_RUN_COMMAND) {
            (void)world_begin_command(world, &world->calls[i]);
        }
        world->stopper = stopper;
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
        stopper_on_kafka(world->stopper, world->kafka_away);
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
