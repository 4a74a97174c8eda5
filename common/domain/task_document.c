#include "common/domain/task_document.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/domain/arn.h"
#include "common/domain/container_document.h"
#include "common/domain/ecs_status.h"
#include "common/domain/json_build.h"
#include "common/domain/task_reservation.h"

/** ECS's texts for an end that it was not given a reason for. */
#define REASON_OF_USER           "Task stopped by user"
#define REASON_OF_EXIT           "Essential container in task exited"
#define REASON_OF_DEREGISTRATION "Container instance deregistration forced by user"

static bool is_essential(const struct described_container *container)
{
    return !container->non_essential;
}

static json_t *attributes(struct task_document *document)
{
    struct json_build *build = &document->build;
    json_t *list = json_build_array(build);
    const struct host_record *host = document->live == NULL ? NULL : document->live->host;
    if (host == NULL) {
        return list;
    }
    if (host->architecture != NULL) {
        json_t *json = json_build_object(build);
        json_build_text(build, json, "name", "ecs.cpu-architecture");
        json_build_text(build, json, "value", host->architecture);
        json_build_append(build, list, json);
    }
    for (size_t i = 0; i < host->attributes.count; i++) {
        json_t *json = json_build_object(build);
        json_build_text(build, json, "name", host->attributes.items[i].name);
        json_build_text(build, json, "value", host->attributes.items[i].value);
        json_build_append(build, list, json);
    }
    return list;
}

static json_t *tags(struct task_document *document, bool include_tags)
{
    struct json_build *build = &document->build;
    json_t *list = json_build_array(build);
    for (size_t i = 0; include_tags && i < document->task->tags.count; i++) {
        json_t *json = json_build_object(build);
        json_build_text(build, json, "key", document->task->tags.items[i].key);
        json_build_text(build, json, "value", document->task->tags.items[i].value);
        json_build_append(build, list, json);
    }
    return list;
}

static json_t *overrides(struct task_document *document)
{
    struct json_build *build = &document->build;
    const struct description *description = &document->task->description;
    json_t *containers = json_build_array(build);
    for (size_t i = 0; i < description->containers.count; i++) {
        json_t *json = json_build_object(build);
        json_build_text(build, json, "name", description->containers.items[i].name);
        json_build_append(build, containers, json);
    }
    json_t *json = json_build_object(build);
    json_build_set(build, json, "containerOverrides", containers);
    json_build_set(build, json, "inferenceAcceleratorOverrides", json_build_array(build));
    return json;
}

static const char *task_health(const struct task_document *document)
{
    const struct description *description = &document->task->description;
    size_t essential = 0;
    size_t healthy = 0;
    for (size_t i = 0; i < description->containers.count; i++) {
        if (!is_essential(&description->containers.items[i]) ||
            description->containers.items[i].ended) {
            continue;
        }
        enum ecs_health_status status =
            container_document_health(document->live, &description->containers.items[i]);
        if (status == ECS_HEALTH_STATUS_UNHEALTHY) {
            return ecs_health_status_name(status);
        }
        essential++;
        healthy += status == ECS_HEALTH_STATUS_HEALTHY;
    }
    return ecs_health_status_name(essential > 0 && healthy == essential
                                      ? ECS_HEALTH_STATUS_HEALTHY
                                      : ECS_HEALTH_STATUS_UNKNOWN);
}

/** Sums and times over the containers. */
struct totals {
    int64_t cpu, memory_mib;
    int64_t created_at;           /**< earliest */
    int64_t started_at;           /**< last essential one's start; 0 = one has not started */
    int64_t execution_stopped_at; /**< first end of an essential one that ran to the task's end */
    int64_t ended_at;             /**< last end of an essential one before that */
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static struct totals totals_of(const struct task *task)
{
    struct totals totals = {.created_at = task->description.created_at};
    bool all_started = true;
    for (size_t i = 0; i < task->description.containers.count; i++) {
        const struct described_container *container = &task->description.containers.items[i];
        totals.created_at = earlier(totals.created_at, container->created_at);
        if (!is_essential(container)) {
            continue;
        }
        all_started = all_started && container->started_at != 0;
        if (container->started_at > totals.started_at) {
            totals.started_at = container->started_at;
        }
        const struct run_result *exited = task_exit(task, container_document_run(container));
        if (container->ended) {
            totals.ended_at =
                container->finished_at > totals.ended_at ? container->finished_at : totals.ended_at;
        } else if (exited != NULL) {
            totals.execution_stopped_at = earlier(totals.execution_stopped_at, exited->finished_at);
        }
    }
    if (totals.execution_stopped_at == 0 && task_is_terminal(task)) {
        totals.execution_stopped_at = totals.ended_at;
    }
    task_reservation_limits(&task->description, &totals.cpu, &totals.memory_mib);
    totals.started_at = all_started ? totals.started_at : 0;
    return totals;
}

static void add_identity(struct task_document *document, json_t *json)
{
    const struct task *task = document->task;
    struct json_build *build = &document->build;
    char arn[ARN_MAX_BYTES];
    arn_of_cluster(task->region, task->account, task->cluster, arn);
    json_build_text(build, json, "clusterArn", arn);
    if (task->host != NULL) {
        arn_of_container_instance(task->region, task->account, task->cluster, task->host, arn);
        json_build_text(build, json, "containerInstanceArn", arn);
    }
    json_build_text(build, json, "taskArn", document->task_arn);
    if (task->description.family == NULL) {
        return;
    }
    char revision[24];
    (void)snprintf(revision, sizeof revision, "%" PRId64, task->revision);
    arn_of_task_definition(
        task->region, task->account, task->description.family,
        task->description.family_revision != NULL ? task->description.family_revision : revision,
        arn);
    json_build_text(build, json, "taskDefinitionArn", arn);
}

static void add_group(struct task_document *document, json_t *json)
{
    const struct description *description = &document->task->description;
    if (description->group != NULL) {
        json_build_text(&document->build, json, "group", description->group);
    } else if (description->family != NULL) {
        json_build_set(&document->build, json, "group",
                       json_sprintf("family:%s", description->family));
    }
    json_build_text(&document->build, json, "startedBy", description->started_by);
}

static void add_live(struct task_document *document, json_t *json)
{
    const struct task_live *live = document->live;
    if (live == NULL) {
        return;
    }
    struct json_build *build = &document->build;
    if (live->host != NULL) {
        json_build_text(build, json, "availabilityZone", live->host->availability_zone);
    }
    json_build_text(build, json, "connectivity", live->connected ? "CONNECTED" : "DISCONNECTED");
    json_build_time(build, json, "connectivityAt", live->connectivity_at);
}

/** True for an open task whose host was given up: it leaves the running lists, and nothing is proven about it. */
static bool is_given_up(const struct task_document *document)
{
    return document->live != NULL && document->live->host_inactive &&
           !task_is_terminal(document->task);
}

static const char *stopped_reason(const struct task_document *document)
{
    const struct task *task = document->task;
    if (task_stop_requested(task)) {
        bool given = task->requested_reason != NULL && task->requested_reason[0] != '\0';
        return given ? task->requested_reason : REASON_OF_USER;
    }
    if (is_given_up(document)) {
        return REASON_OF_DEREGISTRATION;
    }
    return task_is_terminal(task) ? REASON_OF_EXIT : NULL;
}

static void add_containers(struct task_document *document, json_t *json)
{
    const struct description *description = &document->task->description;
    json_t *list = json_build_array(&document->build);
    for (size_t i = 0; i < description->containers.count; i++) {
        json_build_append(&document->build, list,
                          container_document(document, &description->containers.items[i]));
    }
    json_build_set(&document->build, json, "containers", list);
}

static void add_times_and_limits(struct task_document *document, json_t *json)
{
    const struct task *task = document->task;
    struct json_build *build = &document->build;
    struct totals totals = totals_of(task);
    if (totals.cpu > 0) {
        json_build_number_text(build, json, "cpu", totals.cpu);
    }
    if (totals.memory_mib > 0) {
        json_build_number_text(build, json, "memory", totals.memory_mib);
    }
    json_build_time(build, json, "createdAt", totals.created_at);
    json_build_time(build, json, "startedAt", totals.started_at);
    json_build_time(build, json, "stoppingAt", task->requested_at);
    json_build_time(build, json, "executionStoppedAt", totals.execution_stopped_at);
    json_build_time(build, json, "stoppedAt", task->terminal_at);
}

json_t *task_document(const struct task *task, const struct task_live *live, bool include_tags,
                      struct error *err)
{
    struct task_document document = {.task = task, .live = live};
    struct json_build *build = &document.build;
    arn_of_task(task->region, task->account, task->cluster, task->id, document.task_arn);
    json_t *json = json_build_object(build);
    json_build_set(build, json, "attachments", json_build_array(build));
    json_build_set(build, json, "attributes", attributes(&document));
    add_identity(&document, json);
    add_live(&document, json);
    add_containers(&document, json);
    add_times_and_limits(&document, json);
    json_build_text(build, json, "desiredStatus",
                    is_given_up(&document) ? "STOPPED" : task_desired_status(task));
    json_build_boolean(build, json, "enableExecuteCommand", false);
    add_group(&document, json);
    json_build_text(build, json, "healthStatus", task_health(&document));
    json_build_text(build, json, "lastStatus", task_last_status(task));
    json_build_text(build, json, "launchType", ecs_launch_type_name(ECS_LAUNCH_TYPE_EXTERNAL));
    json_build_set(build, json, "overrides", overrides(&document));
    json_build_text(build, json, "stopCode", task->stop_code);
    json_build_text(build, json, "stoppedReason", stopped_reason(&document));
    json_build_set(build, json, "tags", tags(&document, include_tags));
    json_build_integer(build, json, "version", task_version(task));
    return json_build_finish(build, json, err);
}
