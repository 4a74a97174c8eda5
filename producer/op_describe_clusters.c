#include "producer/op_describe_clusters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/domain/ecs_status.h"
#include "common/domain/json_build.h"
#include "producer/identifier.h"
#include "producer/operation.h"
#include "producer/request_json.h"
#include "producer/service.h"
#include "producer/view_check.h"

/** A DescribeClusters under way. */
struct describe_clusters {
    struct work work;
    struct service *service;
    bool fields[ECS_CLUSTER_FIELD_COUNT]; /**< by enum ecs_cluster_field: asked for in include */
    size_t count;
    char names[DESCRIBE_CLUSTERS_MAX][ARN_NAME_SIZE]; /**< as asked for, without repeats */
};

static void free_describe(struct work *work)
{
    memory_free(work);
}

/* ---- the answer ---- */

static json_t *failure(const char *arn)
{
    return json_pack("{s:s,s:s}", "arn", arn, "reason", "MISSING");
}

static int64_t running(const struct redis_cluster *counts)
{
    return counts->running_tasks - counts->pending_tasks;
}

static void add_pair(struct json_build *build, json_t *list, const char *name, const char *value)
{
    json_t *pair = json_build_object(build);
    json_build_text(build, pair, "name", name);
    json_build_text(build, pair, "value", value);
    json_build_append(build, list, pair);
}

/** ECS's names and their order; a host that is not Amazon's is External (ECS API, Cluster.statistics). */
static json_t *statistics(struct json_build *build, const struct redis_cluster *counts)
{
    static const char *const names[] = {
        "runningEC2TasksCount",        "runningFargateTasksCount",   "pendingEC2TasksCount",
        "pendingFargateTasksCount",    "runningExternalTasksCount",  "pendingExternalTasksCount",
        "activeEC2ServiceCount",       "activeFargateServiceCount",  "drainingEC2ServiceCount",
        "drainingFargateServiceCount", "activeExternalServiceCount", "drainingExternalServiceCount",
    };
    json_t *list = json_build_array(build);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int64_t value = strcmp(names[i], "runningExternalTasksCount") == 0   ? running(counts)
                        : strcmp(names[i], "pendingExternalTasksCount") == 0 ? counts->pending_tasks
                                                                             : 0;
        char text[24];
        (void)snprintf(text, sizeof text, "%" PRId64, value);
        add_pair(build, list, names[i], text);
    }
    return list;
}

/** What include asks for. Stopfleet's clusters have neither attachments nor a configuration, and nobody tags them. */
static void add_included(struct json_build *build, json_t *json, const bool *fields,
                         const struct redis_cluster *counts)
{
    json_t *settings = json_build_array(build);
    if (fields[ECS_CLUSTER_FIELD_SETTINGS]) {
        add_pair(build, settings, "containerInsights", "disabled");
    }
    json_build_set(build, json, "statistics",
                   fields[ECS_CLUSTER_FIELD_STATISTICS] ? statistics(build, counts)
                                                        : json_build_array(build));
    json_build_set(build, json, "tags", json_build_array(build));
    json_build_set(build, json, "settings", settings);
    if (fields[ECS_CLUSTER_FIELD_ATTACHMENTS]) {
        json_build_set(build, json, "attachments", json_build_array(build));
    }
}

/** One cluster (ECS API, type Cluster). What Stopfleet has not is sent as ECS sends it: empty. */
static json_t *cluster(struct json_build *build, const char *arn, const char *name,
                       const bool *fields, const struct redis_cluster *counts)
{
    json_t *json = json_build_object(build);
    json_build_text(build, json, "clusterArn", arn);
    json_build_text(build, json, "clusterName", name);
    json_build_text(build, json, "status", "ACTIVE");
    json_build_integer(build, json, "registeredContainerInstancesCount", counts->hosts);
    json_build_integer(build, json, "runningTasksCount", running(counts));
    json_build_integer(build, json, "pendingTasksCount", counts->pending_tasks);
    json_build_integer(build, json, "activeServicesCount", 0);
    add_included(build, json, fields, counts);
    json_build_set(build, json, "capacityProviders", json_build_array(build));
    json_build_set(build, json, "defaultCapacityProviderStrategy", json_build_array(build));
    return json;
}

static void answer(struct describe_clusters *describe, const struct redis_cluster *found)
{
    const struct service *service = describe->service;
    struct json_build build = {0};
    struct error err;
    json_t *clusters = json_build_array(&build);
    json_t *failures = json_build_array(&build);
    for (size_t i = 0; i < describe->count; i++) {
        const char *name = describe->names[i];
        char arn[ARN_MAX_BYTES];
        arn_of_cluster(service->region, service->account, name, arn);
        if (found[i].known || service_has_cluster(service, name)) {
            json_build_append(&build, clusters,
                              cluster(&build, arn, name, describe->fields, &found[i]));
        } else {
            json_build_append(&build, failures, failure(arn));
        }
    }
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "clusters", clusters);
    json_build_set(&build, body, "failures", failures);
    call_answer(describe->work.call, json_build_finish(&build, body, &err));
}

static void on_clusters(void *context, const struct error *error, bool complete,
                        const struct redis_cluster *clusters, size_t count)
{
    struct describe_clusters *describe = context;
    struct ecs_error refusal;
    struct call *call = describe->work.call;
    if (call != NULL && view_check_answer(error, &refusal) != 0) {
        call_refuse(call, &refusal);
    } else if (call != NULL && (!complete || count < describe->count)) {
        call_refuse_with(call, ECS_ERROR_VIEW_INCOMPLETE, NULL, NULL);
    } else if (call != NULL) {
        answer(describe, clusters);
    }
    work_end(&describe->work);
}

/* ---- the request ---- */

int describe_clusters_parse(const json_t *object, struct describe_clusters_request *ret_request,
                            struct ecs_error *error)
{
    struct describe_clusters_request request;
    if (request_json_texts(object, "clusters", &request.clusters, error) != 0 ||
        request_json_texts(object, "include", &request.include, error) != 0) {
        return -1;
    }
    *ret_request = request;
    return 0;
}

static bool is_known(const struct describe_clusters *describe, const char *name)
{
    for (size_t i = 0; i < describe->count; i++) {
        if (strcmp(describe->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int add_name(struct describe_clusters *describe, const char *text, struct ecs_error *error)
{
    struct arn_scope scope = service_scope(describe->service, NULL);
    char *name = describe->names[describe->count];
    if (identifier_cluster(text, &scope, name, error) != 0) {
        return -1;
    }
    describe->count += !is_known(describe, name);
    return 0;
}

static int read_request(struct describe_clusters *describe, struct ecs_error *error)
{
    struct describe_clusters_request request;
    if (describe_clusters_parse(describe->work.call->json, &request, error) != 0) {
        return -1;
    }
    if (json_array_size(request.clusters) > DESCRIBE_CLUSTERS_MAX) {
        return ecs_error_set(error, ECS_ERROR_CLUSTERS_TOO_MANY, NULL, NULL);
    }
    for (size_t i = 0; i < json_array_size(request.include); i++) {
        enum ecs_cluster_field field =
            ecs_cluster_field_from_name(request_json_text_at(request.include, i));
        if (field == ECS_CLUSTER_FIELD_NONE) {
            return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "include", ecs_cluster_field_names());
        }
        describe->fields[field] = true;
    }
    for (size_t i = 0; i < json_array_size(request.clusters); i++) {
        if (add_name(describe, request_json_text_at(request.clusters, i), error) != 0) {
            return -1;
        }
    }
    return describe->count > 0 ? 0 : add_name(describe, NULL, error);
}

void op_describe_clusters(struct call *call)
{
    struct describe_clusters *describe = memory_calloc(1, sizeof *describe);
    const char *names[DESCRIBE_CLUSTERS_MAX];
    struct ecs_error error;
    if (describe == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    describe->service = call->service;
    work_begin(&describe->work, call, free_describe);
    if (read_request(describe, &error) != 0) {
        call_refuse(call, &error);
        work_end(&describe->work);
        return;
    }
    for (size_t i = 0; i < describe->count; i++) {
        names[i] = describe->names[i];
    }
    redis_view_describe_clusters(describe->service->view, names, describe->count, on_clusters,
                                 describe);
}
