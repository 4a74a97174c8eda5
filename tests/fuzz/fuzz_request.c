/* A request: its path on the first line, X-Amz-Target on the second, the rest is the body. Whatever they are,
 * they are parsed, or refused with an error that can be sent. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "producer/http_route.h"
#include "producer/identifier.h"
#include "producer/op_describe_clusters.h"
#include "producer/op_describe_tasks.h"
#include "producer/op_list_tasks.h"
#include "producer/op_stop_task.h"
#include "producer/operation.h"
#include "producer/request_json.h"
#include "producer/stop_timeout.h"

static const char SIGNED[] = "AWS4-HMAC-SHA256 SignedHeaders=x-stopfleet-stop-timeout";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct arn_scope SCOPE = {"us-east-1", "123456789012", "prod"};
static const char *const PARTS[] = {"ListTasks"};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void require_sendable(const struct ecs_error *error)
{
    require(error->code > ECS_ERROR_NONE && error->code < ECS_ERROR_COUNT);
    json_t *body = ecs_error_body(error);
    require(body != NULL);
    char *text = json_dumps(body, JSON_COMPACT);
    require(text != NULL);
    free(text);
    json_decref(body);
}

static void try_identifiers(const char *cluster, const char *task)
{
    char name[ARN_NAME_SIZE], id[ARN_TASK_ID_SIZE];
    struct ecs_error error;
    if (identifier_cluster(cluster, &SCOPE, name, &error) != 0) {
        require_sendable(&error);
    }
    if (identifier_task(task, &SCOPE, id, &error) != 0) {
        require_sendable(&error);
    }
    if (task != NULL && identifier_container_instance(task, &SCOPE, name, &error) != 0) {
        require_sendable(&error);
    }
}

static void try_stop_task(const json_t *object)
{
    struct stop_task_request request;
    struct ecs_error error;
    if (stop_task_parse(object, &request, &error) != 0) {
        require_sendable(&error);
        return;
    }
    try_identifiers(request.cluster, request.task);
}

static void try_describe(const json_t *object)
{
    struct describe_tasks_request tasks;
    struct describe_clusters_request clusters;
    struct ecs_error error;
    if (describe_tasks_parse(object, &tasks, &error) != 0) {
        require_sendable(&error);
    } else {
        for (size_t i = 0; i < json_array_size(tasks.tasks); i++) {
            try_identifiers(tasks.cluster, request_json_text_at(tasks.tasks, i));
        }
    }
    if (describe_clusters_parse(object, &clusters, &error) != 0) {
        require_sendable(&error);
    }
}

static void try_lists(const json_t *object)
{
    const struct page_scope scope = {PARTS, 1};
    struct list_tasks_request tasks;
    struct list_request page;
    struct ecs_error error;
    if (list_tasks_parse(object, &tasks, &error) != 0 ||
        list_request_read(&tasks.page, &scope, &page, &error) != 0) {
        require_sendable(&error);
        return;
    }
    require(page.max_results >= 1 && page.max_results <= LIST_RESULTS_MAX);
    try_identifiers(tasks.cluster, tasks.container_instance);
}

static void try_body(struct span body)
{
    json_t *object;
    struct ecs_error error;
    if (request_json_parse(body, &object, &error) != 0) {
        require_sendable(&error);
        return;
    }
    try_stop_task(object);
    try_describe(object);
    try_lists(object);
    json_decref(object);
}

/** Cuts the text's first line off. */
static char *take_line(char **rest)
{
    char *line = *rest;
    char *end = strchr(line, '\n');
    if (end == NULL) {
        *rest = line + strlen(line);
        return line;
    }
    *end = '\0';
    *rest = end + 1;
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct optional_integer stop_timeout_ms;
    enum http_route route;
    struct ecs_error error;
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    char *rest = text;
    if (http_route_read(take_line(&rest), &route, &stop_timeout_ms, &error) != 0) {
        require_sendable(&error);
    }
    const char *line = take_line(&rest);
    if (operation_find(line, &error) == NULL) {
        require_sendable(&error);
    }
    if (stop_timeout_add_header(line, line, &stop_timeout_ms, &error) != 0 ||
        stop_timeout_add_header(line, SIGNED, &stop_timeout_ms, &error) != 0) {
        require_sendable(&error);
    }
    try_body((struct span){rest, size - (size_t)(rest - text)});
    free(text);
    return 0;
}
