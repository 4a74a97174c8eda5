#include "tests/unit/producer/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/task_document.h"

static struct arena samples;

static int64_t now(void *context)
{
    return ((struct harness *)context)->now_ms;
}

int harness_setup(void **state)
{
    static char account[] = HARNESS_ACCOUNT, region[] = "us-east-1", cluster[] = "configured";
    static char instance[] = "api-1", brokers[] = "kafka:9092", redis[] = "redis:6379";
    struct harness *harness = calloc(1, sizeof *harness);
    struct error err = {0};
    assert_non_null(harness);
    fake_reset();
    harness->clusters[0] = cluster;
    harness->options = (struct api_options){
        .account = account,
        .region = region,
        .clusters = {harness->clusters, 1},
        .instance = instance,
        .kafka_brokers = brokers,
        .redis = redis,
        .request_timeout_ms = 60,
    };
    harness->now_ms = 1700000000123;
    harness->clock = (struct clock){.wall_ms = now, .boot_ms = now, .context = harness};
    struct loop *loop = loop_new(&err);
    assert_non_null(loop);
    if (service_init(&harness->service, loop, &harness->clock, &harness->options, &err) != 0) {
        fail_msg("%s", err.message);
    }
    harness->service.topics_problem[0] = '\0';
    *state = harness;
    return 0;
}

int harness_teardown(void **state)
{
    struct harness *harness = *state;
    struct loop *loop = harness->service.loop;
    assert_ptr_equal(harness->service.works.next, &harness->service.works);
    service_release(&harness->service);
    loop_free(loop);
    free(harness);
    fake_reset();
    arena_release(&samples);
    return 0;
}

static void keep_reply(struct call *call, int http_status, const json_t *body)
{
    struct harness_call *kept = (struct harness_call *)call;
    assert_int_equal(kept->status, 0);
    kept->status = http_status;
    kept->body = json_deep_copy(body);
}

void harness_begin_like(struct harness *harness, struct harness_call *call, const char *operation,
                        const char *body, const struct call *like)
{
    char target[128];
    struct error err = {0};
    *call = (struct harness_call){.call = *like};
    call->call.service = &harness->service;
    call->call.reply = keep_reply;
    call->call.body = span_of(body);
    (void)snprintf(call->call.request_id, sizeof call->call.request_id, "request-1");
    (void)snprintf(target, sizeof target, OPERATION_TARGET_PREFIX "%s", operation);
    assert_int_equal(call_start(&call->call, &err), 0);
    operation_run(target, &call->call);
}

void harness_begin(struct harness *harness, struct harness_call *call, const char *operation,
                   const char *body)
{
    const struct call like = {.source_address = "10.1.2.3", .user_agent = "aws-cli/2"};
    harness_begin_like(harness, call, operation, body, &like);
}

void harness_end(struct harness_call *call)
{
    if (call->status == 0) {
        call_release(&call->call);
    }
    json_decref(call->body);
    call->body = NULL;
}

struct waiting {
    struct loop *loop;
    struct harness_call *call;
    struct loop_timer *timer;
};

static void look(void *context)
{
    struct waiting *waiting = context;
    if (waiting->call->status != 0) {
        loop_stop(waiting->loop, 0);
    } else {
        loop_timer_arm(waiting->timer, 1);
    }
}

void harness_wait(struct harness *harness, struct harness_call *call)
{
    struct waiting waiting = {.loop = harness->service.loop, .call = call};
    waiting.timer = loop_timer_new(waiting.loop, look, &waiting);
    assert_non_null(waiting.timer);
    loop_timer_arm(waiting.timer, 0);
    (void)loop_run(waiting.loop);
    loop_timer_free(waiting.timer);
}

void harness_assert_error(const struct harness_call *call, int status, const char *exception,
                          const char *message)
{
    json_t *wanted = message == NULL
                         ? json_pack("{s:s}", "__type", exception)
                         : json_pack("{s:s,s:s}", "__type", exception, "message", message);
    char *text = json_dumps(wanted, TASK_DOCUMENT_DUMP_FLAGS);
    harness_assert_body(call, text);
    assert_int_equal(call->status, status);
    free(text);
    json_decref(wanted);
}

void harness_assert_body(const struct harness_call *call, const char *wanted)
{
    char *text = call->body == NULL ? NULL : json_dumps(call->body, TASK_DOCUMENT_DUMP_FLAGS);
    if (text == NULL || strcmp(text, wanted) != 0) {
        fail_msg("answer %d is %s, wanted %s", call->status, text == NULL ? "none" : text, wanted);
    }
    free(text);
}

static struct span encoded(const struct record_spec *spec, const void *record)
{
    struct buffer bytes;
    struct error err = {0};
    buffer_init(&bytes, 1 << 20);
    if (record_encode(spec, record, &bytes, NULL, &err) != 0) {
        fail_msg("%s", err.message);
    }
    char *copy = arena_alloc(&samples, bytes.length);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.length);
    struct span span = {copy, bytes.length};
    buffer_release(&bytes);
    return span;
}

struct span harness_host_record(struct harness *harness, const char *host, const char *account,
                                const char *region)
{
    struct host_record record = {.version = 1,
                                 .host = host,
                                 .name = "node-7.example",
                                 .account = account,
                                 .region = region == NULL ? harness->options.region : region,
                                 .cluster = "prod",
                                 .partition = 3,
                                 .registered_at = 1699990000000,
                                 .runtime = "docker",
                                 .os = "linux",
                                 .architecture = "x86_64",
                                 .worker_version = "0.1.0"};
    return encoded(&HOST_RECORD_SPEC, &record);
}

#define HOST "node-7"

struct redis_task harness_task(struct harness *harness, const char *id)
{
    struct described_container container = {.name = "web",
                                            .container_id = "c1",
                                            .created_at = 1699999990000,
                                            .started_at = 1699999991000,
                                            .image = "nginx"};
    struct tag tag = {"team", "blue"};
    struct task task = {
        .account = HARNESS_ACCOUNT,
        .region = harness->options.region,
        .cluster = "prod",
        .id = id,
        .host = HOST,
        .observed_at = 1699999992000,
        .revision = 1,
        .description = {.runtime = "docker",
                        .family = "web",
                        .containers = {&container, 1},
                        .tags = {&tag, 1}},
        .tags = {&tag, 1},
    };
    return (struct redis_task){
        .found = true,
        .id = span_of(id),
        .host = span_of(HOST),
        .pos = 10,
        .base = encoded(&TASK_SPEC, &task),
        .live = span_of("c1=HEALTHY\n"),
        .host_record = harness_host_record(harness, HOST, HARNESS_ACCOUNT, NULL),
        .connected = true,
        .connected_at = 1699990001000,
    };
}
