#include <string.h>

#include "common/base/memory.h"
#include "common/domain/ecs_status.h"
#include "producer/identifier.h"
#include "producer/list_request.h"
#include "producer/operation.h"
#include "producer/request_json.h"
#include "producer/service.h"
#include "producer/view_check.h"

enum { SCOPE_PARTS = 3 };

/** A ListContainerInstances under way. */
struct list_instances {
    struct work work;
    struct service *service;
    char cluster[ARN_NAME_SIZE];
    const char *status; /**< a name of the table; NULL = all that are not INACTIVE */
    const char *scope_parts[SCOPE_PARTS];
    struct ecs_error refusal; /**< what is wrong beyond the cluster, told once that is known */
    struct list_request page;
};

static void free_list(struct work *work)
{
    memory_free(work);
}

/* ---- the answer ---- */

static void answer(struct list_instances *list, const struct redis_page *page)
{
    struct json_build build = {0};
    struct error err;
    struct page_scope scope = {list->scope_parts, SCOPE_PARTS};
    char last[ARN_NAME_SIZE] = "";
    json_t *arns = json_build_array(&build);
    for (size_t i = 0; i < page->count; i++) {
        char arn[ARN_MAX_BYTES];
        size_t length =
            page->items[i].length < sizeof last ? page->items[i].length : sizeof last - 1;
        memcpy(last, page->items[i].data, length);
        last[length] = '\0';
        arn_of_container_instance(list->service->region, list->service->account, list->cluster,
                                  last, arn);
        json_build_append(&build, arns, json_string(arn));
    }
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "containerInstanceArns", arns);
    list_request_add_token(&build, body, &scope, page->more ? last : NULL);
    call_answer(list->work.call, json_build_finish(&build, body, &err));
}

static int check(const struct list_instances *list, const struct error *failure,
                 const struct redis_page *page, struct ecs_error *error)
{
    if (view_check_answer(failure, error) != 0 ||
        view_check_cluster(list->service, list->cluster, page->cluster_known, page->complete,
                           error) != 0) {
        return -1;
    }
    if (list->refusal.code != ECS_ERROR_NONE) {
        *error = list->refusal;
        return -1;
    }
    return view_check_page(NULL, page, error);
}

static void on_page(void *context, const struct error *error, const struct redis_page *page)
{
    struct list_instances *list = context;
    struct ecs_error refusal;
    if (list->work.call != NULL && check(list, error, page, &refusal) != 0) {
        call_refuse(list->work.call, &refusal);
    } else if (list->work.call != NULL) {
        answer(list, page);
    }
    work_end(&list->work);
}

/* ---- the request ---- */

static int read_rest(struct list_instances *list, const char *status, const char *filter,
                     const struct list_members *members, struct ecs_error *error)
{
    struct page_scope scope = {list->scope_parts, SCOPE_PARTS};
    if (filter != NULL && filter[0] != '\0') {
        return ecs_error_set(error, ECS_ERROR_FILTER_NOT_HERE, NULL, NULL);
    }
    if (status != NULL) {
        list->status = ecs_instance_status_name(ecs_instance_status_from_name(status));
        if (list->status == NULL) {
            return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "status",
                                 ecs_instance_status_names());
        }
    }
    list->scope_parts[0] = "ListContainerInstances";
    list->scope_parts[1] = list->cluster;
    list->scope_parts[2] = list->status;
    return list_request_read(members, &scope, &list->page, error);
}

static int read_request(struct list_instances *list, struct ecs_error *error)
{
    const json_t *object = list->work.call->json;
    struct arn_scope scope = service_scope(list->service, NULL);
    struct list_members members;
    const char *cluster;
    const char *status;
    const char *filter;
    if (request_json_text(object, "cluster", &cluster, error) != 0 ||
        request_json_text(object, "status", &status, error) != 0 ||
        request_json_text(object, "filter", &filter, error) != 0 ||
        list_members_parse(object, &members, error) != 0 ||
        identifier_cluster(cluster, &scope, list->cluster, error) != 0) {
        return -1;
    }
    list->page.max_results = 1;
    (void)read_rest(list, status, filter, &members, &list->refusal);
    return 0;
}

void op_list_container_instances(struct call *call)
{
    struct list_instances *list = memory_calloc(1, sizeof *list);
    struct ecs_error error;
    if (list == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    list->service = call->service;
    work_begin(&list->work, call, free_list);
    if (read_request(list, &error) != 0) {
        call_refuse(call, &error);
        work_end(&list->work);
        return;
    }
    const char *const registered[] = {"ACTIVE", "DRAINING", NULL};
    const char *const one[] = {list->status, NULL};
    redis_view_list_hosts(
        list->service->view, list->cluster, list->status == NULL ? registered : one,
        list->page.has_after ? list->page.after : NULL, list->page.max_results, on_page, list);
}
