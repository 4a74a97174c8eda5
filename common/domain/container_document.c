#include "common/domain/container_document.h"

#include <string.h>

#include "common/base/buffer.h"

enum { REASON_MAX_BYTES = 1024 };

struct run container_document_run(const struct described_container *container)
{
    return (struct run){container->container_id, container->started_at};
}

static const char *container_status(const struct task_document *document,
                                    const struct described_container *container)
{
    struct run_result end;
    if (task_is_terminal(document->task) || task_described_end(document->task, container, &end)) {
        return "STOPPED";
    }
    return container->started_at == 0 ? "PENDING" : "RUNNING";
}

enum ecs_health_status container_document_health(const struct task_live *live,
                                                 const struct described_container *container)
{
    size_t count = live == NULL || container->ended ? 0 : live->health.count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(live->health.items[i].container_id, container->container_id) == 0) {
            enum ecs_health_status status =
                ecs_health_status_from_name(live->health.items[i].status);
            return status != ECS_HEALTH_STATUS_NONE ? status : ECS_HEALTH_STATUS_UNKNOWN;
        }
    }
    return ECS_HEALTH_STATUS_UNKNOWN;
}

static const char *stuck_reason(const struct task *task, struct run run)
{
    for (size_t i = 0; i < task->stuck.count; i++) {
        const struct stuck_run *stuck = &task->stuck.items[i];
        if (run_equal(run, (struct run){stuck->container_id, stuck->started_at})) {
            return stuck->reason;
        }
    }
    return NULL;
}

/** True for texts that begin as ECS's do: "CannotStopContainerError: …". */
static bool names_an_error(const char *reason)
{
    size_t word = strcspn(reason, ": ");
    return reason[word] == ':' && word > 5 && memcmp(reason + word - 5, "Error", 5) == 0;
}

static void add_stuck_reason(struct task_document *document, json_t *json, const char *reason)
{
    const char *name = names_an_error(reason) ? "" : "CannotStopContainerError: ";
    struct span fitting = span_cut_utf8(span_of(reason), REASON_MAX_BYTES - strlen(name));
    json_build_set(&document->build, json, "reason",
                   json_sprintf("%s%.*s", name, (int)fitting.length, fitting.data));
}

/* exitCode is an Integer of 32 bits (botocore, BoxedInteger; int32 in the SDKs). Windows' codes of 32 bits without a
 * sign keep their bits, as its own tools show them; what has more is left out. */
static void add_exit_code(struct json_build *build, json_t *json, int64_t code)
{
    if (code > INT32_MAX && code <= UINT32_MAX) {
        code -= (int64_t)UINT32_MAX + 1;
    }
    if (code >= INT32_MIN && code <= INT32_MAX) {
        json_build_integer(build, json, "exitCode", code);
    }
}

static void add_exit(struct task_document *document, json_t *json,
                     const struct described_container *container)
{
    struct run_result end;
    if (!task_described_end(document->task, container, &end)) {
        const char *reason = stuck_reason(document->task, container_document_run(container));
        if (reason != NULL) {
            add_stuck_reason(document, json, reason);
        }
        return;
    }
    if (end.exit_code.known) {
        add_exit_code(&document->build, json, end.exit_code.value);
    }
    if (end.reason != NULL) {
        json_build_text(&document->build, json, "reason", end.reason);
    } else if (end.oom_killed) {
        json_build_text(&document->build, json, "reason",
                        "OutOfMemoryError: Container killed due to memory usage");
    }
}

static json_t *network_bindings(struct task_document *document,
                                const struct described_container *container)
{
    struct json_build *build = &document->build;
    json_t *list = json_build_array(build);
    for (size_t i = 0; i < container->network_bindings.count; i++) {
        const struct network_binding *binding = &container->network_bindings.items[i];
        json_t *json = json_build_object(build);
        json_build_text(build, json, "bindIP", binding->bind_ip);
        if (binding->container_port_range != NULL) {
            json_build_text(build, json, "containerPortRange", binding->container_port_range);
            json_build_text(build, json, "hostPortRange", binding->host_port_range);
        } else {
            json_build_integer(build, json, "containerPort", binding->container_port);
            json_build_integer(build, json, "hostPort", binding->host_port);
        }
        json_build_text(build, json, "protocol", binding->protocol);
        json_build_append(build, list, json);
    }
    return list;
}

static json_t *network_interfaces(struct task_document *document,
                                  const struct described_container *container)
{
    struct json_build *build = &document->build;
    json_t *list = json_build_array(build);
    for (size_t i = 0; i < container->network_interfaces.count; i++) {
        const struct network_interface *interface = &container->network_interfaces.items[i];
        json_t *json = json_build_object(build);
        json_build_text(build, json, "attachmentId", interface->attachment_id);
        json_build_text(build, json, "privateIpv4Address", interface->private_ipv4);
        json_build_text(build, json, "ipv6Address", interface->ipv6);
        json_build_append(build, list, json);
    }
    return list;
}

static void add_limits(struct task_document *document, json_t *json,
                       const struct described_container *container)
{
    struct json_build *build = &document->build;
    json_build_number_text(build, json, "cpu", container->cpu);
    if (container->memory_mib > 0) {
        json_build_number_text(build, json, "memory", container->memory_mib);
    }
    if (container->memory_reservation_mib > 0) {
        json_build_number_text(build, json, "memoryReservation", container->memory_reservation_mib);
    }
    if (container->gpu_ids.count > 0) {
        json_t *gpus = json_build_array(build);
        for (size_t i = 0; i < container->gpu_ids.count; i++) {
            json_build_append(build, gpus, json_string_nocheck(container->gpu_ids.items[i]));
        }
        json_build_set(build, json, "gpuIds", gpus);
    }
}

json_t *container_document(struct task_document *document,
                           const struct described_container *container)
{
    const struct task *task = document->task;
    struct json_build *build = &document->build;
    json_t *json = json_build_object(build);
    char arn[ARN_MAX_BYTES];
    arn_of_container(task->region, task->account, task->cluster, task->id, container->container_id,
                     arn);
    json_build_text(build, json, "containerArn", arn);
    json_build_text(build, json, "taskArn", document->task_arn);
    json_build_text(build, json, "name", container->name);
    json_build_text(build, json, "image", container->image);
    json_build_text(build, json, "imageDigest", container->image_digest);
    json_build_text(build, json, "runtimeId", container->container_id);
    json_build_text(build, json, "lastStatus", container_status(document, container));
    add_exit(document, json, container);
    json_build_set(build, json, "networkBindings", network_bindings(document, container));
    json_build_set(build, json, "networkInterfaces", network_interfaces(document, container));
    json_build_text(build, json, "healthStatus",
                    ecs_health_status_name(container_document_health(document->live, container)));
    add_limits(document, json, container);
    return json;
}
