#include "producer/container_instances.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/domain/container_instance_document.h"
#include "producer/identifier.h"
#include "producer/request_json.h"
#include "producer/view_check.h"

/* ---- the request ---- */

static bool is_known(const struct container_instances *instances, const char *id)
{
    for (size_t i = 0; i < instances->count; i++) {
        if (strcmp(instances->ids[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static int read_ids(struct container_instances *instances, const json_t *list,
                    struct ecs_error *error)
{
    struct arn_scope scope = service_scope(instances->service, instances->cluster);
    for (size_t i = 0; i < json_array_size(list); i++) {
        char *id = instances->ids[instances->count];
        if (identifier_container_instance(request_json_text_at(list, i), &scope, id, error) != 0) {
            return -1;
        }
        instances->count += !is_known(instances, id);
    }
    return 0;
}

int container_instances_read(struct container_instances *instances, const char *cluster,
                             const json_t *list, size_t max, struct ecs_error *error)
{
    struct arn_scope scope = service_scope(instances->service, NULL);
    if (identifier_cluster(cluster, &scope, instances->cluster, error) != 0) {
        return -1;
    }
    if (json_array_size(list) == 0) {
        return ecs_error_set(error, ECS_ERROR_INSTANCES_EMPTY, NULL, NULL);
    }
    if (json_array_size(list) > max) {
        return ecs_error_set(error, ECS_ERROR_INSTANCES_TOO_MANY, max == 10 ? "10" : "100", NULL);
    }
    if (read_ids(instances, list, &instances->refusal) != 0) {
        instances->count = 0;
    }
    return 0;
}

/* ---- the view ---- */

void container_instances_ask(const struct container_instances *instances, redis_hosts_fn *fn,
                             void *context)
{
    const char *ids[CONTAINER_INSTANCES_MAX];
    for (size_t i = 0; i < instances->count; i++) {
        ids[i] = instances->ids[i];
    }
    redis_view_read_hosts(instances->service->view, instances->cluster, ids, instances->count, fn,
                          context);
}

static bool any_missing(const struct redis_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++) {
        if (!hosts->hosts[i].found) {
            return true;
        }
    }
    return false;
}

int container_instances_check(const struct container_instances *instances,
                              const struct error *failure, const struct redis_hosts *hosts,
                              struct ecs_error *error)
{
    if (view_check_answer(failure, error) != 0 ||
        view_check_cluster(instances->service, instances->cluster, hosts->cluster_known,
                           hosts->complete, error) != 0) {
        return -1;
    }
    if (instances->refusal.code != ECS_ERROR_NONE) {
        *error = instances->refusal;
        return -1;
    }
    return any_missing(hosts) && !hosts->complete
               ? ecs_error_set(error, ECS_ERROR_VIEW_INCOMPLETE, NULL, NULL)
               : 0;
}

/* ---- documents ---- */

void container_instances_fail(const struct container_instances *instances,
                              const struct redis_host *host, const char *reason, const char *detail,
                              struct json_build *build, json_t *failures)
{
    char arn[ARN_MAX_BYTES];
    char id[ARN_NAME_SIZE];
    size_t length = host->id.length < sizeof id ? host->id.length : sizeof id - 1;
    memcpy(id, host->id.data, length);
    id[length] = '\0';
    arn_of_container_instance(instances->service->region, instances->service->account,
                              instances->cluster, id, arn);
    json_build_append(build, failures,
                      json_pack("{s:s,s:s,s:s*}", "arn", arn, "reason", reason, "detail", detail));
}

static void copy_text(char *text, size_t size, struct span from)
{
    (void)snprintf(text, size, "%.*s", (int)from.length, from.length == 0 ? "" : from.data);
}

static json_t *document(const struct container_instances *instances, const struct redis_host *host,
                        const struct host_record *record, struct json_build *build)
{
    struct task_reservations *reserved = memory_calloc(1, sizeof *reserved);
    char status[16];
    char runtime[20];
    if (reserved == NULL) {
        build->failed = true;
        return NULL;
    }
    for (size_t i = 0; i < host->reserved_count; i++) {
        task_reservations_add(reserved, host->reserved[i]);
    }
    copy_text(status, sizeof status, host->status);
    copy_text(runtime, sizeof runtime, host->runtime);
    struct container_instance_live live = {.status = status,
                                           .connected = host->connected,
                                           .version = host->version,
                                           .running_tasks = host->open_tasks - host->pending_tasks,
                                           .pending_tasks = host->pending_tasks,
                                           .reserved = reserved,
                                           .with_health = instances->with_health,
                                           .runtime = runtime,
                                           .runtime_since = host->runtime_since,
                                           .runtime_at = host->runtime_at};
    json_t *json = container_instance_document(build, record, &live);
    memory_free(reserved);
    return json;
}

void container_instances_add(const struct container_instances *instances,
                             const struct redis_host *host, struct json_build *build, json_t *list,
                             json_t *failures)
{
    struct arena arena = {0};
    struct host_record record;
    struct error err = {0};
    if (!host->found) {
        container_instances_fail(instances, host, "MISSING", NULL, build, failures);
        return;
    }
    if (record_decode(&HOST_RECORD_SPEC, host->record, &arena, &record, &err) == 0) {
        json_build_append(build, list, document(instances, host, &record, build));
    } else {
        log_warn("host.unreadable", "the registration of a host in Redis cannot be read",
                 LOG_STR("cluster", instances->cluster), LOG_STR("error", err.message));
        container_instances_fail(instances, host, "UNREADABLE", err.message, build, failures);
    }
    arena_release(&arena);
}
