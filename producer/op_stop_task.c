#include "producer/op_stop_task.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/domain/event.h"
#include "producer/host_partition.h"
#include "producer/identifier.h"
#include "producer/operation.h"
#include "producer/request_json.h"
#include "producer/service.h"
#include "producer/task_view.h"
#include "producer/view_check.h"

/** A StopTask under way: read the task, record the StopRequested, make it visible, answer. It may outlive
 *  its call, whose time can run out while Redis or Kafka still owe an answer. */
struct stop_task {
    struct work work;
    struct service *service;
    char cluster[ARN_NAME_SIZE];
    char task[ARN_TASK_ID_SIZE];
    struct ecs_error
        refusal;        /**< what is wrong with task or reason; told once the cluster is known */
    struct arena arena; /**< holds `read` */
    struct redis_task read; /**< the task before the stop */
    struct buffer event;    /**< the StopRequested, encoded */
    bool sent;              /**< handed to Kafka */
    int64_t offset;         /**< where the log holds it; -1 = no report yet */
};

static void free_stop(struct work *work)
{
    struct stop_task *stop = (struct stop_task *)work;
    arena_release(&stop->arena);
    buffer_release(&stop->event);
    memory_free(stop);
}

static void refuse_and_end(struct stop_task *stop, enum ecs_error_code code, const char *first)
{
    if (stop->work.call != NULL) {
        call_refuse_with(stop->work.call, code, first, NULL);
    }
    work_end(&stop->work);
}

/* ---- the answer ---- */

/** Answers with the fold; recorded NULL = `read` holds the event, or the log told it in a later base. */
static void answer(struct stop_task *stop, const struct redis_task *read,
                   const struct redis_pending *recorded)
{
    struct error err = {0};
    json_t *document;
    if (task_view_document(read, recorded, true, &document, &err) != 0) {
        call_refuse_with(stop->work.call, ECS_ERROR_RECORDED_UNREADABLE, err.message, NULL);
        return;
    }
    call_answer(stop->work.call, json_pack("{s:o}", "task", document));
}

static void answer_from_read(struct stop_task *stop)
{
    struct redis_pending recorded = {stop->offset, buffer_span(&stop->event)};
    answer(stop, &stop->read, &recorded);
}

static void on_pended(void *context, const struct error *error, const struct redis_read *read)
{
    struct stop_task *stop = context;
    if (stop->work.call != NULL) {
        if (error == NULL && read->count == 1 && read->tasks[0].found) {
            answer(stop, &read->tasks[0], NULL);
        } else {
            answer_from_read(stop);
        }
    }
    work_end(&stop->work);
}

static void on_delivered(void *context, const struct error *error, int64_t offset)
{
    struct stop_task *stop = context;
    if (error != NULL) {
        refuse_and_end(
            stop, error->code == ERROR_TIMEOUT ? ECS_ERROR_MAYBE_RECORDED : ECS_ERROR_NOT_RECORDED,
            error->message);
        return;
    }
    stop->offset = offset;
    if (offset <= stop->read.pos) {
        /* The base is of a record that was there before this one was written, so it lies below. */
        refuse_and_end(stop, ECS_ERROR_RECORDED_UNREADABLE,
                       "the log was begun anew, and the view is still of the old one "
                       "(docs/operate.md)");
        return;
    }
    redis_view_pend(stop->service->view, stop->cluster, stop->task, offset, REDIS_PEND_STOP,
                    buffer_span(&stop->event), on_pended, stop);
}

static void on_deadline(struct call *call, void *context)
{
    struct stop_task *stop = context;
    char text[64];
    if (stop->offset >= 0) {
        answer_from_read(stop);
        return;
    }
    (void)snprintf(text, sizeof text, "%s did not answer within %" PRId64 " ms",
                   stop->sent ? "Kafka" : "Redis", stop->service->request_timeout_ms);
    call_refuse_with(call, stop->sent ? ECS_ERROR_MAYBE_RECORDED : ECS_ERROR_NOT_RECORDED, text,
                     NULL);
}

/* ---- the record ---- */

static int make_id(const struct stop_task *stop, int64_t now_unix_ms, char ret_id[ID_UUID_SIZE],
                   struct error *err)
{
    const struct call *call = stop->work.call;
    if (call->invocation_id == NULL) {
        return id_uuid_v7(now_unix_ms, ret_id, err);
    }
    event_id_of_invocation(SERVICE_PRINCIPAL, call->invocation_id, call->body,
                           call->stop_timeout_ms, ret_id);
    return 0;
}

static int encode(struct stop_task *stop, const char *host, struct error *err)
{
    const struct service *service = stop->service;
    const struct call *call = stop->work.call;
    int64_t now_unix_ms = clock_wall_ms(service->clock);
    char id[ID_UUID_SIZE];
    if (make_id(stop, now_unix_ms, id, err) != 0) {
        return -1;
    }
    struct event event = {
        .type = EVENT_STOP_REQUESTED,
        .version = EVENT_MAJOR_VERSION,
        .id = id,
        .ts = now_unix_ms,
        .account = service->account,
        .region = service->region,
        .cluster = stop->cluster,
        .task = stop->task,
        .host = host,
        .actor = service->actor,
        .stop_requested =
            {
                .principal = SERVICE_PRINCIPAL,
                .source_address = call->source_address,
                .user_agent = call->user_agent,
                .request_id = call->request_id,
                .invocation_id = call->invocation_id,
                .reason = json_string_value(json_object_get(call->json, "reason")),
                .stop_timeout_ms = call->stop_timeout_ms,
            },
    };
    return event_encode(&event, &stop->event, err);
}

static int record(struct stop_task *stop, struct error *err)
{
    const struct service *service = stop->service;
    const struct redis_task *read = &stop->read;
    int32_t partition = 0;
    if (service->topics_problem[0] != '\0') {
        return error_set(err, ERROR_UNAVAILABLE, "%s", service->topics_problem);
    }
    if (host_partition(read->host, read->host_record, &partition, err) != 0) {
        return -1;
    }
    char *host = arena_strndup(&stop->arena, read->host.data, read->host.length);
    if (host == NULL) {
        return error_no_memory(err, "recording a StopTask");
    }
    if (encode(stop, host, err) != 0) {
        return -1;
    }
    return kafka_writer_send(service->writer, KAFKA_EVENTS_TOPIC, partition, read->host,
                             buffer_span(&stop->event), stop->work.call->traceparent, on_delivered,
                             stop, err);
}

/* ---- the checks that need the view ---- */

/** @return 0 if the task is there and everything is in order, else -1 with error */
static int check(const struct stop_task *stop, const struct redis_read *read,
                 struct ecs_error *error)
{
    if (view_check_cluster(stop->service, stop->cluster, read->cluster_known, read->complete,
                           error) != 0) {
        return -1;
    }
    if (stop->refusal.code != ECS_ERROR_NONE) {
        *error = stop->refusal;
        return -1;
    }
    bool found = read->count == 1 && read->tasks[0].found;
    if (!found || !view_check_is_ours(stop->service, &read->tasks[0])) {
        return ecs_error_set(error,
                             read->complete ? ECS_ERROR_TASK_NOT_FOUND : ECS_ERROR_VIEW_INCOMPLETE,
                             NULL, NULL);
    }
    return 0;
}

static void on_read(void *context, const struct error *error, const struct redis_read *read)
{
    struct stop_task *stop = context;
    struct ecs_error refusal;
    struct error err = {0};
    if (error != NULL) {
        refuse_and_end(stop, ECS_ERROR_NOT_RECORDED, error->message);
        return;
    }
    if (stop->work.call == NULL) {
        work_end(&stop->work);
        return;
    }
    if (check(stop, read, &refusal) != 0) {
        call_refuse(stop->work.call, &refusal);
        work_end(&stop->work);
        return;
    }
    if (task_view_copy(&read->tasks[0], &stop->arena, &stop->read, &err) != 0 ||
        record(stop, &err) != 0) {
        refuse_and_end(stop, ECS_ERROR_NOT_RECORDED, err.message);
        return;
    }
    stop->sent = true;
}

/* ---- the request ---- */

int stop_task_parse(const json_t *object, struct stop_task_request *ret_request,
                    struct ecs_error *error)
{
    struct stop_task_request request;
    if (request_json_text(object, "cluster", &request.cluster, error) != 0 ||
        request_json_text(object, "task", &request.task, error) != 0 ||
        request_json_text(object, "reason", &request.reason, error) != 0) {
        return -1;
    }
    *ret_request = request;
    return 0;
}

/** Characters of UTF-8 text. */
static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

/** Reads what the request names; what is wrong with the task or the reason waits in stop->refusal. */
static int read_request(struct stop_task *stop, struct ecs_error *error)
{
    struct stop_task_request request;
    struct arn_scope scope = service_scope(stop->service, stop->cluster);
    if (stop_task_parse(stop->work.call->json, &request, error) != 0 ||
        identifier_cluster(request.cluster, &scope, stop->cluster, error) != 0) {
        return -1;
    }
    if (identifier_task(request.task, &scope, stop->task, &stop->refusal) == 0 &&
        request.reason != NULL && count_characters(request.reason) > STOP_TASK_REASON_MAX) {
        (void)ecs_error_set(&stop->refusal, ECS_ERROR_LONGER_THAN, "reason", "1024");
    }
    return 0;
}

void op_stop_task(struct call *call)
{
    struct stop_task *stop = memory_calloc(1, sizeof *stop);
    struct ecs_error error;
    if (stop == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    stop->service = call->service;
    stop->offset = -1;
    buffer_init(&stop->event, EVENT_MAX_BYTES);
    work_begin(&stop->work, call, free_stop);
    if (read_request(stop, &error) != 0) {
        call_refuse(call, &error);
        work_end(&stop->work);
        return;
    }
    call_on_deadline(call, on_deadline, stop);
    const char *id = stop->task;
    redis_view_read(stop->service->view, stop->cluster, &id,
                    stop->refusal.code == ECS_ERROR_NONE ? 1 : 0, on_read, stop);
}
