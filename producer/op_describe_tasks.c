#include "producer/op_describe_tasks.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/domain/ecs_status.h"
#include "common/domain/json_build.h"
#include "producer/identifier.h"
#include "producer/operation.h"
#include "producer/request_json.h"
#include "producer/service.h"
#include "producer/task_view.h"
#include "producer/view_check.h"

/** A DescribeTasks under way. */
struct describe_tasks {
    struct work work;
    struct service *service;
    char cluster[ARN_NAME_SIZE];
    struct ecs_error refusal; /**< what is wrong with a task; told once the cluster is known */
    bool include_tags;
    size_t count;
    char ids[DESCRIBE_TASKS_MAX][ARN_TASK_ID_SIZE]; /**< as asked for, without repeats */
};

static void free_describe(struct work *work)
{
    memory_free(work);
}

/* ---- the answer ---- */

static json_t *failure(const struct describe_tasks *describe, const char *id, const char *reason,
                       const char *detail)
{
    char arn[ARN_MAX_BYTES];
    arn_of_task(describe->service->region, describe->service->account, describe->cluster, id, arn);
    return json_pack("{s:s,s:s,s:s*}", "arn", arn, "reason", reason, "detail", detail);
}

/** Adds one task to the lists. A record that cannot be read is a failure of its own, not of the call. */
static void add_task(const struct describe_tasks *describe, size_t index,
                     const struct redis_task *read, struct json_build *build, json_t *tasks,
                     json_t *failures)
{
    struct error err = {0};
    json_t *document;
    if (!read->found || !view_check_is_ours(describe->service, read)) {
        json_build_append(build, failures,
                          failure(describe, describe->ids[index], "MISSING", NULL));
        return;
    }
    if (task_view_document(read, NULL, describe->include_tags, &document, &err) == 0) {
        json_build_append(build, tasks, document);
        return;
    }
    log_warn("task.unreadable", "the record of a task in Redis cannot be read",
             LOG_STR("cluster", describe->cluster), LOG_STR("task", describe->ids[index]),
             LOG_STR("error", err.message));
    json_build_append(build, failures,
                      failure(describe, describe->ids[index], "UNREADABLE", err.message));
}

static bool any_missing(const struct redis_read *read)
{
    for (size_t i = 0; i < read->count; i++) {
        if (!read->tasks[i].found) {
            return true;
        }
    }
    return false;
}

/** @return 0 if the view can answer, else -1 with error */
static int check(const struct describe_tasks *describe, const struct redis_read *read,
                 struct ecs_error *error)
{
    if (view_check_cluster(describe->service, describe->cluster, read->cluster_known,
                           read->complete, error) != 0) {
        return -1;
    }
    if (describe->refusal.code != ECS_ERROR_NONE) {
        *error = describe->refusal;
        return -1;
    }
    return any_missing(read) && !read->complete
               ? ecs_error_set(error, ECS_ERROR_VIEW_INCOMPLETE, NULL, NULL)
               : 0;
}

static void answer(struct describe_tasks *describe, const struct redis_read *read)
{
    struct json_build build = {0};
    struct error err;
    json_t *tasks = json_build_array(&build);
    json_t *failures = json_build_array(&build);
    for (size_t i = 0; i < read->count && i < describe->count; i++) {
        add_task(describe, i, &read->tasks[i], &build, tasks, failures);
    }
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "tasks", tasks);
    json_build_set(&build, body, "failures", failures);
    call_answer(describe->work.call, json_build_finish(&build, body, &err));
}

static void on_read(void *context, const struct error *error, const struct redis_read *read)
{
    struct describe_tasks *describe = context;
    struct ecs_error refusal;
    if (describe->work.call == NULL) {
        work_end(&describe->work);
        return;
    }
    if (view_check_answer(error, &refusal) != 0 || check(describe, read, &refusal) != 0) {
        call_refuse(describe->work.call, &refusal);
    } else {
        answer(describe, read);
    }
    work_end(&describe->work);
}

/* ---- the request ---- */

int describe_tasks_parse(const json_t *object, struct describe_tasks_request *ret_request,
                         struct ecs_error *error)
{
    struct describe_tasks_request request;
    if (request_json_text(object, "cluster", &request.cluster, error) != 0 ||
        request_json_texts(object, "tasks", &request.tasks, error) != 0 ||
        request_json_texts(object, "include", &request.include, error) != 0) {
        return -1;
    }
    *ret_request = request;
    return 0;
}

static int read_include(struct describe_tasks *describe, const json_t *include,
                        struct ecs_error *error)
{
    for (size_t i = 0; i < json_array_size(include); i++) {
        if (ecs_task_field_from_name(request_json_text_at(include, i)) == ECS_TASK_FIELD_NONE) {
            return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "include", ecs_task_field_names());
        }
        describe->include_tags = true;
    }
    return 0;
}

static bool is_known(const struct describe_tasks *describe, const char *id)
{
    for (size_t i = 0; i < describe->count; i++) {
        if (strcmp(describe->ids[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static int read_ids(struct describe_tasks *describe, const json_t *tasks, struct ecs_error *error)
{
    struct arn_scope scope = service_scope(describe->service, describe->cluster);
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        char *id = describe->ids[describe->count];
        if (identifier_task(request_json_text_at(tasks, i), &scope, id, error) != 0) {
            return -1;
        }
        describe->count += !is_known(describe, id);
    }
    return 0;
}

static int read_request(struct describe_tasks *describe, struct ecs_error *error)
{
    struct describe_tasks_request request;
    struct arn_scope scope = service_scope(describe->service, describe->cluster);
    if (describe_tasks_parse(describe->work.call->json, &request, error) != 0 ||
        identifier_cluster(request.cluster, &scope, describe->cluster, error) != 0) {
        return -1;
    }
    if (json_array_size(request.tasks) == 0) {
        return ecs_error_set(error, ECS_ERROR_TASKS_EMPTY, NULL, NULL);
    }
    if (json_array_size(request.tasks) > DESCRIBE_TASKS_MAX) {
        return ecs_error_set(error, ECS_ERROR_TASKS_TOO_MANY, NULL, NULL);
    }
    if (read_ids(describe, request.tasks, &describe->refusal) != 0) {
        describe->count = 0;
        return 0;
    }
    return read_include(describe, request.include, error);
}

void op_describe_tasks(struct call *call)
{
    struct describe_tasks *describe = memory_calloc(1, sizeof *describe);
    const char *ids[DESCRIBE_TASKS_MAX];
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
        ids[i] = describe->ids[i];
    }
    redis_view_read(describe->service->view, describe->cluster, ids, describe->count, on_read,
                    describe);
}
