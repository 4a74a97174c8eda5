#include <string.h>

#include "common/base/memory.h"
#include "common/domain/ecs_status.h"
#include "producer/container_instances.h"
#include "producer/operation.h"
#include "producer/request_json.h"

/** A DescribeContainerInstances under way. */
struct describe_instances {
    struct work work;
    struct container_instances instances;
};

static void free_describe(struct work *work)
{
    memory_free(work);
}

static void answer(struct describe_instances *describe, const struct redis_hosts *hosts)
{
    struct json_build build = {0};
    struct error err;
    json_t *list = json_build_array(&build);
    json_t *failures = json_build_array(&build);
    for (size_t i = 0; i < hosts->count; i++) {
        container_instances_add(&describe->instances, &hosts->hosts[i], &build, list, failures);
    }
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "containerInstances", list);
    json_build_set(&build, body, "failures", failures);
    call_answer(describe->work.call, json_build_finish(&build, body, &err));
}

static void on_hosts(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct describe_instances *describe = context;
    struct ecs_error refusal;
    if (describe->work.call != NULL &&
        container_instances_check(&describe->instances, error, hosts, &refusal) != 0) {
        call_refuse(describe->work.call, &refusal);
    } else if (describe->work.call != NULL) {
        answer(describe, hosts);
    }
    work_end(&describe->work);
}

static int read_request(struct describe_instances *describe, struct ecs_error *error)
{
    const json_t *object = describe->work.call->json;
    const json_t *list;
    const json_t *include;
    const char *cluster;
    if (request_json_text(object, "cluster", &cluster, error) != 0 ||
        request_json_texts(object, "containerInstances", &list, error) != 0 ||
        request_json_texts(object, "include", &include, error) != 0) {
        return -1;
    }
    for (size_t i = 0; i < json_array_size(include); i++) {
        enum ecs_instance_field field =
            ecs_instance_field_from_name(request_json_text_at(include, i));
        if (field == ECS_INSTANCE_FIELD_NONE) {
            return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "include",
                                 ecs_instance_field_names());
        }
        describe->instances.with_health = describe->instances.with_health ||
                                          field == ECS_INSTANCE_FIELD_CONTAINER_INSTANCE_HEALTH;
    }
    return container_instances_read(&describe->instances, cluster, list, CONTAINER_INSTANCES_MAX,
                                    error);
}

void op_describe_container_instances(struct call *call)
{
    struct describe_instances *describe = memory_calloc(1, sizeof *describe);
    struct ecs_error error;
    if (describe == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    describe->instances.service = call->service;
    work_begin(&describe->work, call, free_describe);
    if (read_request(describe, &error) != 0) {
        call_refuse(call, &error);
        work_end(&describe->work);
        return;
    }
    container_instances_ask(&describe->instances, on_hosts, describe);
}
