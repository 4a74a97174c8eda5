#include <string.h>

#include "common/base/memory.h"
#include "common/domain/ecs_status.h"
#include "producer/container_instances.h"
#include "producer/host_event.h"
#include "producer/operation.h"
#include "producer/request_json.h"

enum { UPDATE_MAX = 10 };

/** An UpdateContainerInstancesState under way: read the hosts, record a HostStateChanged for each, read them again, answer. */
struct update_instances {
    struct work work;
    struct container_instances instances;
    const char *status; /**< a name of the table */
    struct host_event events[UPDATE_MAX];
    bool inactive[UPDATE_MAX]; /**< deregistered: not changed */
    size_t sent;
    size_t waiting;           /**< for so many events */
    struct ecs_error problem; /**< the first of them */
};

static void free_update(struct work *work)
{
    struct update_instances *update = (struct update_instances *)work;
    for (size_t i = 0; i < UPDATE_MAX; i++) {
        host_event_release(&update->events[i]);
    }
    memory_free(update);
}

/* ---- the answer ---- */

static void answer(struct update_instances *update, const struct redis_hosts *hosts)
{
    struct json_build build = {0};
    struct error err;
    json_t *list = json_build_array(&build);
    json_t *failures = json_build_array(&build);
    for (size_t i = 0; i < hosts->count; i++) {
        if (update->inactive[i]) {
            container_instances_fail(&update->instances, &hosts->hosts[i], "INACTIVE",
                                     "it was deregistered", &build, failures);
        } else {
            container_instances_add(&update->instances, &hosts->hosts[i], &build, list, failures);
        }
    }
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "containerInstances", list);
    json_build_set(&build, body, "failures", failures);
    call_answer(update->work.call, json_build_finish(&build, body, &err));
}

static void refuse_and_end(struct update_instances *update, const struct ecs_error *error)
{
    if (update->work.call != NULL) {
        call_refuse(update->work.call, error);
    }
    work_end(&update->work);
}

static void on_read_again(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct update_instances *update = context;
    struct ecs_error refusal;
    if (container_instances_check(&update->instances, error, hosts, &refusal) != 0) {
        refuse_and_end(update, &refusal);
        return;
    }
    if (update->work.call != NULL) {
        answer(update, hosts);
    }
    work_end(&update->work);
}

/* ---- the records ---- */

static void on_recorded(void *context, const struct ecs_error *error)
{
    struct update_instances *update = context;
    if (error != NULL && update->problem.code == ECS_ERROR_NONE) {
        update->problem = *error;
    }
    update->waiting--;
    if (update->waiting > 0) {
        return;
    }
    if (update->problem.code != ECS_ERROR_NONE) {
        refuse_and_end(update, &update->problem);
        return;
    }
    container_instances_ask(&update->instances, on_read_again, update);
}

static void record(struct update_instances *update, size_t index, const struct redis_host *host)
{
    struct host_event *event = &update->events[index];
    struct call *call = update->work.call;
    memcpy(event->host, update->instances.ids[index], sizeof event->host);
    event->event = (struct event){
        .type = EVENT_HOST_STATE_CHANGED,
        .host_state_changed = {.status = update->status, .caller = host_event_caller(call)}};
    update->waiting++;
    update->sent++;
    host_event_send(event, call, update->instances.service, update->instances.cluster, host->record,
                    on_recorded, update);
}

static void on_hosts(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct update_instances *update = context;
    struct ecs_error refusal;
    if (update->work.call == NULL) {
        work_end(&update->work);
        return;
    }
    if (container_instances_check(&update->instances, error, hosts, &refusal) != 0) {
        refuse_and_end(update, &refusal);
        return;
    }
    update->waiting = 1; /* for this loop: a record may fail at once */
    for (size_t i = 0; i < hosts->count; i++) {
        update->inactive[i] = span_equal_text(hosts->hosts[i].status, "INACTIVE");
        if (hosts->hosts[i].found && !update->inactive[i]) {
            record(update, i, &hosts->hosts[i]);
        }
    }
    on_recorded(update, NULL);
}

static void on_deadline(struct call *call, void *context)
{
    const struct update_instances *update = context;
    call_refuse_with(
        call, update->sent > 0 ? ECS_ERROR_HOST_MAYBE_RECORDED : ECS_ERROR_HOST_NOT_RECORDED,
        update->sent > 0 ? "Kafka or Redis did not answer in time" : "Redis did not answer in time",
        NULL);
}

/* ---- the request ---- */

static int read_request(struct update_instances *update, struct ecs_error *error)
{
    const json_t *object = update->work.call->json;
    const json_t *list;
    const char *cluster;
    const char *status;
    if (request_json_text(object, "cluster", &cluster, error) != 0 ||
        request_json_text(object, "status", &status, error) != 0 ||
        request_json_texts(object, "containerInstances", &list, error) != 0) {
        return -1;
    }
    update->status = ecs_instance_change_name(ecs_instance_change_from_name(status));
    if (update->status == NULL) {
        return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "status", ecs_instance_change_names());
    }
    return container_instances_read(&update->instances, cluster, list, UPDATE_MAX, error);
}

void op_update_container_instances_state(struct call *call)
{
    struct update_instances *update = memory_calloc(1, sizeof *update);
    struct ecs_error error;
    if (update == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    update->instances.service = call->service;
    work_begin(&update->work, call, free_update);
    if (read_request(update, &error) != 0) {
        call_refuse(call, &error);
        work_end(&update->work);
        return;
    }
    call_on_deadline(call, on_deadline, update);
    container_instances_ask(&update->instances, on_hosts, update);
}
