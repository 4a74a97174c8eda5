#include <string.h>

#include "common/base/memory.h"
#include "producer/container_instances.h"
#include "producer/host_event.h"
#include "producer/operation.h"
#include "producer/request_json.h"

/** A DeregisterContainerInstance under way: read the host, record a HostDeregistered, read it again, answer. */
struct deregister {
    struct work work;
    struct container_instances instances; /**< one */
    bool force;
    bool sent;
    struct host_event event;
};

static void free_deregister(struct work *work)
{
    struct deregister *deregister = (struct deregister *)work;
    host_event_release(&deregister->event);
    memory_free(deregister);
}

static void refuse_and_end(struct deregister *deregister, const struct ecs_error *error)
{
    if (deregister->work.call != NULL) {
        call_refuse(deregister->work.call, error);
    }
    work_end(&deregister->work);
}

/* ---- the answer ---- */

static void answer(struct deregister *deregister, const struct redis_host *host)
{
    struct json_build build = {0};
    struct error err;
    json_t *list = json_build_array(&build);
    json_t *failures = json_build_array(&build);
    container_instances_add(&deregister->instances, host, &build, list, failures);
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "containerInstance", json_incref(json_array_get(list, 0)));
    json_decref(list);
    json_decref(failures);
    call_answer(deregister->work.call, json_build_finish(&build, body, &err));
}

static void on_read_again(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct deregister *deregister = context;
    struct ecs_error refusal;
    if (container_instances_check(&deregister->instances, error, hosts, &refusal) != 0) {
        refuse_and_end(deregister, &refusal);
        return;
    }
    if (deregister->work.call != NULL) {
        answer(deregister, &hosts->hosts[0]);
    }
    work_end(&deregister->work);
}

/* ---- the record ---- */

static void on_recorded(void *context, const struct ecs_error *error)
{
    struct deregister *deregister = context;
    if (error != NULL) {
        refuse_and_end(deregister, error);
        return;
    }
    container_instances_ask(&deregister->instances, on_read_again, deregister);
}

static int check(const struct deregister *deregister, const struct error *failure,
                 const struct redis_hosts *hosts, struct ecs_error *error)
{
    if (container_instances_check(&deregister->instances, failure, hosts, error) != 0) {
        return -1;
    }
    if (!hosts->hosts[0].found) {
        return ecs_error_set(error, ECS_ERROR_INSTANCE_NOT_FOUND, NULL, NULL);
    }
    return hosts->hosts[0].open_tasks > 0 && !deregister->force
               ? ecs_error_set(error, ECS_ERROR_INSTANCE_HAS_TASKS, NULL, NULL)
               : 0;
}

static void on_hosts(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct deregister *deregister = context;
    struct host_event *event = &deregister->event;
    struct ecs_error refusal;
    struct call *call = deregister->work.call;
    if (call == NULL) {
        work_end(&deregister->work);
        return;
    }
    if (check(deregister, error, hosts, &refusal) != 0) {
        refuse_and_end(deregister, &refusal);
        return;
    }
    memcpy(event->host, deregister->instances.ids[0], sizeof event->host);
    event->event = (struct event){
        .type = EVENT_HOST_DEREGISTERED,
        .host_deregistered = {.force = deregister->force, .caller = host_event_caller(call)}};
    deregister->sent = true;
    host_event_send(event, call, deregister->instances.service, deregister->instances.cluster,
                    hosts->hosts[0].record, on_recorded, deregister);
}

static void on_deadline(struct call *call, void *context)
{
    const struct deregister *deregister = context;
    call_refuse_with(
        call, deregister->sent ? ECS_ERROR_HOST_MAYBE_RECORDED : ECS_ERROR_HOST_NOT_RECORDED,
        deregister->sent ? "Kafka or Redis did not answer in time" : "Redis did not answer in time",
        NULL);
}

/* ---- the request ---- */

static int read_request(struct deregister *deregister, struct ecs_error *error)
{
    const json_t *object = deregister->work.call->json;
    const char *cluster;
    const char *instance;
    if (request_json_text(object, "cluster", &cluster, error) != 0 ||
        request_json_text(object, "containerInstance", &instance, error) != 0 ||
        request_json_boolean(object, "force", &deregister->force, error) != 0) {
        return -1;
    }
    json_t *list = json_pack("[s]", instance == NULL ? "" : instance);
    if (list == NULL) {
        return ecs_error_set(error, ECS_ERROR_INTERNAL, "out of memory", NULL);
    }
    int result = container_instances_read(&deregister->instances, cluster, list, 1, error);
    json_decref(list);
    return result;
}

void op_deregister_container_instance(struct call *call)
{
    struct deregister *deregister = memory_calloc(1, sizeof *deregister);
    struct ecs_error error;
    if (deregister == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    deregister->instances.service = call->service;
    work_begin(&deregister->work, call, free_deregister);
    if (read_request(deregister, &error) != 0) {
        call_refuse(call, &error);
        work_end(&deregister->work);
        return;
    }
    call_on_deadline(call, on_deadline, deregister);
    container_instances_ask(&deregister->instances, on_hosts, deregister);
}
