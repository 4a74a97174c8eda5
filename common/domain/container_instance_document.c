#include "common/domain/container_instance_document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/arn.h"

/* ---- attributes ---- */

static void add_attribute(struct json_build *build, json_t *list, const char *name,
                          const char *value)
{
    json_t *json;
    if (value == NULL) {
        return;
    }
    json = json_build_object(build);
    json_build_text(build, json, "name", name);
    json_build_text(build, json, "value", value);
    json_build_append(build, list, json);
}

/* Named as the ECS agent names them; what ECS has no name for begins with stopfleet. */
static json_t *attributes(struct json_build *build, const struct host_record *record)
{
    json_t *list = json_build_array(build);
    add_attribute(build, list, "ecs.os-type", record->os);
    add_attribute(build, list, "ecs.cpu-architecture", record->architecture);
    add_attribute(build, list, "ecs.availability-zone", record->availability_zone);
    add_attribute(build, list, "stopfleet.host-name", record->name);
    add_attribute(build, list, "stopfleet.runtime", record->runtime);
    add_attribute(build, list, "stopfleet.engine-version", record->engine_version);
    add_attribute(build, list, "stopfleet.engine-api-version", record->api_version);
    for (size_t i = 0; i < record->attributes.count; i++) {
        const struct host_attribute *attribute = &record->attributes.items[i];
        add_attribute(build, list, attribute->name,
                      attribute->value == NULL ? "" : attribute->value);
    }
    return list;
}

/* ---- resources ---- */

/* ECS sends all three numbers of a resource, whatever its type. */
static json_t *resource(struct json_build *build, const char *name, const char *type, int64_t value)
{
    json_t *json = json_build_object(build);
    json_build_text(build, json, "name", name);
    json_build_text(build, json, "type", type);
    json_build_set(build, json, "doubleValue", json_real(0.0));
    json_build_integer(build, json, "longValue", 0);
    json_build_integer(build, json, "integerValue", value);
    return json;
}

static void add_ports(struct json_build *build, json_t *list, const char *name, const bool *ports)
{
    json_t *json = resource(build, name, "STRINGSET", 0);
    json_t *values = json_build_array(build);
    for (int port = 0; ports != NULL && port < HOST_PORTS; port++) {
        if (ports[port]) {
            json_build_append(build, values, json_sprintf("%d", port));
        }
    }
    json_build_set(build, json, "stringSetValue", values);
    json_build_append(build, list, json);
}

/* As registered (taken NULL), or what is left of it: ports are listed where they are in use, as ECS does. */
static json_t *resources(struct json_build *build, const struct host_record *record,
                         const struct task_reservations *taken)
{
    json_t *list = json_build_array(build);
    int64_t cpu = record->cpu_units - (taken == NULL ? 0 : taken->cpu);
    int64_t memory_mib = record->memory_mib - (taken == NULL ? 0 : taken->memory_mib);
    json_build_append(build, list, resource(build, "CPU", "INTEGER", cpu > 0 ? cpu : 0));
    json_build_append(build, list,
                      resource(build, "MEMORY", "INTEGER", memory_mib > 0 ? memory_mib : 0));
    add_ports(build, list, "PORTS", taken == NULL ? NULL : taken->tcp);
    add_ports(build, list, "PORTS_UDP", taken == NULL ? NULL : taken->udp);
    return list;
}

/* ---- health ---- */

/* What the worker said last, while it is there to say it (ECS API, ContainerInstanceHealthStatus). */
static json_t *health(struct json_build *build, const struct container_instance_live *live)
{
    bool told = live->connected && live->runtime[0] != '\0';
    const char *status = told ? live->runtime : "INSUFFICIENT_DATA";
    json_t *json = json_build_object(build);
    json_t *details = json_build_array(build);
    json_build_text(build, json, "overallStatus", status);
    if (live->runtime[0] != '\0') {
        json_t *runtime = json_build_object(build);
        json_build_text(build, runtime, "type", "CONTAINER_RUNTIME");
        json_build_text(build, runtime, "status", status);
        json_build_text(build, runtime, "statusReason",
                        !live->connected ? "the worker is not connected"
                        : strcmp(live->runtime, "IMPAIRED") == 0
                            ? "the worker cannot reach its engine"
                            : NULL);
        json_build_time(build, runtime, "lastUpdated", live->runtime_at);
        json_build_time(build, runtime, "lastStatusChange", live->runtime_since);
        json_build_append(build, details, runtime);
    }
    json_build_set(build, json, "details", details);
    return json;
}

/* ---- the whole ---- */

static json_t *version_info(struct json_build *build, const struct host_record *record)
{
    json_t *json = json_build_object(build);
    json_build_text(build, json, "agentVersion", record->worker_version);
    if (record->engine_version != NULL) {
        json_build_set(build, json, "dockerVersion",
                       json_sprintf("DockerVersion: %s", record->engine_version));
    }
    return json;
}

json_t *container_instance_document(struct json_build *build, const struct host_record *record,
                                    const struct container_instance_live *live)
{
    char arn[ARN_MAX_BYTES];
    json_t *json = json_build_object(build);
    arn_of_container_instance(record->region, record->account, record->cluster, record->host, arn);
    json_build_text(build, json, "containerInstanceArn", arn);
    json_build_integer(build, json, "version", live->version);
    json_build_set(build, json, "versionInfo", version_info(build, record));
    json_build_set(build, json, "remainingResources", resources(build, record, live->reserved));
    json_build_set(build, json, "registeredResources", resources(build, record, NULL));
    json_build_text(build, json, "status", live->status);
    json_build_boolean(build, json, "agentConnected", live->connected);
    json_build_integer(build, json, "runningTasksCount", live->running_tasks);
    json_build_integer(build, json, "pendingTasksCount", live->pending_tasks);
    json_build_set(build, json, "attributes", attributes(build, record));
    json_build_time(build, json, "registeredAt", record->registered_at);
    if (live->with_health) {
        json_build_set(build, json, "healthStatus", health(build, live));
    }
    json_build_set(build, json, "attachments", json_build_array(build));
    json_build_set(build, json, "tags", json_build_array(build));
    return json;
}
