#include "producer/host_event.h"

#include "common/domain/host_fact.h"
#include "producer/host_partition.h"

struct event_caller host_event_caller(const struct call *call)
{
    return (struct event_caller){.principal = SERVICE_PRINCIPAL,
                                 .source_address = call->source_address,
                                 .user_agent = call->user_agent,
                                 .request_id = call->request_id};
}

static void finish(struct host_event *event, enum ecs_error_code code, const char *text)
{
    struct ecs_error error;
    (void)ecs_error_set(&error, code, text, NULL);
    event->fn(event->context, code == ECS_ERROR_NONE ? NULL : &error);
}

static void on_fact(void *context, const struct error *error)
{
    struct host_event *event = context;
    if (error != NULL) {
        finish(event, ECS_ERROR_HOST_RECORDED_UNSEEN, error->message);
        return;
    }
    event->fn(event->context, NULL);
}

static void on_delivered(void *context, const struct error *error, int64_t offset)
{
    struct host_event *event = context;
    char text[24];
    if (error != NULL) {
        finish(event,
               error->code == ERROR_TIMEOUT ? ECS_ERROR_HOST_MAYBE_RECORDED
                                            : ECS_ERROR_HOST_NOT_RECORDED,
               error->message);
        return;
    }
    event->offset = offset;
    redis_view_host_fact(event->service->view, event->host,
                         host_fact_name(host_fact_kind(&event->event)), offset,
                         host_fact_value(&event->event, text), on_fact, event);
}

static int encode(struct host_event *event, const char *cluster, struct error *err)
{
    const struct service *service = event->service;
    struct event *body = &event->event;
    int64_t now_unix_ms = clock_wall_ms(service->clock);
    if (id_uuid_v7(now_unix_ms, event->id, err) != 0) {
        return -1;
    }
    body->version = EVENT_MAJOR_VERSION;
    body->id = event->id;
    body->ts = now_unix_ms;
    body->account = service->account;
    body->region = service->region;
    body->cluster = cluster;
    body->host = event->host;
    body->actor = service->actor;
    return event_encode(body, &event->bytes, err);
}

static int send(struct host_event *event, const struct call *call, const char *cluster,
                struct span record, struct error *err)
{
    const struct service *service = event->service;
    int32_t partition = 0;
    if (service->topics_problem[0] != '\0') {
        return error_set(err, ERROR_UNAVAILABLE, "%s", service->topics_problem);
    }
    if (host_partition(span_of(event->host), record, &partition, err) != 0 ||
        encode(event, cluster, err) != 0) {
        return -1;
    }
    return kafka_writer_send(service->writer, KAFKA_EVENTS_TOPIC, partition, span_of(event->host),
                             buffer_span(&event->bytes), call->traceparent, on_delivered, event,
                             err);
}

void host_event_send(struct host_event *event, const struct call *call, struct service *service,
                     const char *cluster, struct span record, host_event_fn *fn, void *context)
{
    struct error err = {0};
    event->service = service;
    event->offset = -1;
    event->fn = fn;
    event->context = context;
    buffer_init(&event->bytes, EVENT_MAX_BYTES);
    if (send(event, call, cluster, record, &err) != 0) {
        finish(event, ECS_ERROR_HOST_NOT_RECORDED, err.message);
    }
}

void host_event_release(struct host_event *event)
{
    buffer_release(&event->bytes);
}
