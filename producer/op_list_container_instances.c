#include <string.h>

#include "common/base/memory.h"
#include "common/domain/ecs_status.h"
#include "common/domain/task_reservation.h"
#include "producer/cluster_query.h"
#include "producer/container_instances.h"
#include "producer/identifier.h"
#include "producer/list_request.h"
#include "producer/operation.h"
#include "producer/request_json.h"
#include "producer/service.h"
#include "producer/view_check.h"

enum { SCOPE_PARTS = 4, SCAN_PAGES_MAX = 20 };

/** A ListContainerInstances under way. */
struct list_instances {
    struct work work;
    struct container_instances instances; /**< the page that is looked at */
    const char *status;          /**< a name of the table; NULL = all that are not INACTIVE */
    struct arena arena;          /**< of query */
    struct cluster_query *query; /**< NULL = no filter */
    const char *scope_parts[SCOPE_PARTS];
    struct list_request page;
    json_t *arns;             /**< the answer so far; NULL = memory is out */
    char last[ARN_NAME_SIZE]; /**< the last host that was looked at; "" = none */
    bool more;                /**< there are hosts behind it */
    int pages;                /**< looked into so far */
};

static void free_list(struct work *work)
{
    struct list_instances *list = (struct list_instances *)work;
    arena_release(&list->arena);
    json_decref(list->arns);
    memory_free(list);
}

/* ---- the answer ---- */

static void refuse_and_end(struct list_instances *list, const struct ecs_error *error)
{
    call_refuse(list->work.call, error);
    work_end(&list->work);
}

static void answer(struct list_instances *list)
{
    struct json_build build = {.failed = list->arns == NULL};
    struct error err;
    struct page_scope scope = {list->scope_parts, SCOPE_PARTS};
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "containerInstanceArns", list->arns);
    list->arns = NULL;
    list_request_add_token(&build, body, &scope, list->more ? list->last : NULL);
    call_answer(list->work.call, json_build_finish(&build, body, &err));
    work_end(&list->work);
}

/** Takes one host into the answer. */
static void take(struct list_instances *list, const char *host)
{
    char arn[ARN_MAX_BYTES];
    const struct service *service = list->instances.service;
    arn_of_container_instance(service->region, service->account, list->instances.cluster, host,
                              arn);
    if (json_array_append_new(list->arns, json_string(arn)) != 0) {
        json_decref(list->arns);
        list->arns = NULL;
    }
}

static void ask_for_ids(struct list_instances *list);

/** The groups of the host's open tasks, for the filter alone. */
static json_t *task_groups(const struct redis_host *host, struct json_build *build)
{
    json_t *list = json_build_array(build);
    char group[TASK_GROUP_SIZE];
    for (size_t i = 0; i < host->reserved_count; i++) {
        task_reservation_group(host->reserved[i], group);
        if (group[0] != '\0') {
            /* What is no UTF-8 is no group of anybody's filter. */
            json_t *text = json_string(group);
            if (text != NULL) {
                json_build_append(build, list, text);
            }
        }
    }
    return list;
}

/** Whether a host passes the filter; *ret_failed when memory is out. */
static bool passes(const struct list_instances *list, const struct redis_host *host,
                   bool *ret_failed)
{
    struct json_build build = {0};
    json_t *documents = json_build_array(&build);
    json_t *failures = json_build_array(&build);
    container_instances_add(&list->instances, host, &build, documents, failures);
    json_t *document = json_array_get(documents, 0);
    if (document != NULL) {
        json_build_set(&build, document, QUERY_TASK_GROUPS, task_groups(host, &build));
    }
    bool passed = document != NULL && cluster_query_passes(list->query, document);
    json_decref(documents);
    json_decref(failures);
    *ret_failed = *ret_failed || build.failed;
    return passed;
}

static void on_hosts(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct list_instances *list = context;
    struct ecs_error refusal;
    bool failed = false;
    if (list->work.call == NULL) {
        work_end(&list->work);
        return;
    }
    if (view_check_answer(error, &refusal) != 0) {
        refuse_and_end(list, &refusal);
        return;
    }
    for (size_t i = 0; i < hosts->count && i < list->instances.count; i++) {
        if (json_array_size(list->arns) == list->page.max_results) {
            list->more = true;
            break;
        }
        memcpy(list->last, list->instances.ids[i], sizeof list->last);
        if (passes(list, &hosts->hosts[i], &failed)) {
            take(list, list->instances.ids[i]);
        }
    }
    list->pages++;
    if (failed) {
        (void)ecs_error_set(&refusal, ECS_ERROR_INTERNAL, "out of memory", NULL);
        refuse_and_end(list, &refusal);
    } else if (!list->more || json_array_size(list->arns) == list->page.max_results ||
               list->pages == SCAN_PAGES_MAX) {
        answer(list);
    } else {
        ask_for_ids(list);
    }
}

static int check(const struct list_instances *list, const struct error *failure,
                 const struct redis_page *page, struct ecs_error *error)
{
    const struct container_instances *instances = &list->instances;
    if (view_check_answer(failure, error) != 0 ||
        view_check_cluster(instances->service, instances->cluster, page->cluster_known,
                           page->complete, error) != 0) {
        return -1;
    }
    if (instances->refusal.code != ECS_ERROR_NONE) {
        *error = instances->refusal;
        return -1;
    }
    return view_check_page(NULL, page, error);
}

static void keep_ids(struct list_instances *list, const struct redis_page *page)
{
    struct container_instances *instances = &list->instances;
    instances->count = 0;
    list->more = page->more;
    for (size_t i = 0; i < page->count && i < CONTAINER_INSTANCES_MAX; i++) {
        if (page->items[i].length < ARN_NAME_SIZE) {
            char *id = instances->ids[instances->count++];
            memcpy(id, page->items[i].data, page->items[i].length);
            id[page->items[i].length] = '\0';
        }
    }
}

static void on_page(void *context, const struct error *error, const struct redis_page *page)
{
    struct list_instances *list = context;
    struct ecs_error refusal;
    if (list->work.call == NULL) {
        work_end(&list->work);
        return;
    }
    if (check(list, error, page, &refusal) != 0) {
        refuse_and_end(list, &refusal);
        return;
    }
    keep_ids(list, page);
    if (list->query != NULL && list->instances.count > 0) {
        container_instances_ask(&list->instances, on_hosts, list);
        return;
    }
    for (size_t i = 0; i < list->instances.count; i++) {
        memcpy(list->last, list->instances.ids[i], sizeof list->last);
        take(list, list->instances.ids[i]);
    }
    answer(list);
}

/** Asks for the next ids: as many as the answer takes, or whole pages to look into. */
static void ask_for_ids(struct list_instances *list)
{
    static const char *const registered[] = {"ACTIVE", "DRAINING", NULL};
    const char *const one[] = {list->status, NULL};
    redis_view_list_hosts(
        list->instances.service->view, list->instances.cluster,
        list->status == NULL ? registered : one, list->last[0] != '\0' ? list->last : NULL,
        list->query != NULL ? CONTAINER_INSTANCES_MAX : list->page.max_results, on_page, list);
}

/* ---- the request ---- */

static int read_rest(struct list_instances *list, const char *status, const char *filter,
                     const struct list_members *members, struct ecs_error *error)
{
    struct page_scope scope = {list->scope_parts, SCOPE_PARTS};
    char detail[CLUSTER_QUERY_DETAIL_SIZE];
    if (filter != NULL && filter[0] != '\0') {
        list->query = cluster_query_parse(filter, &list->arena, detail);
        if (list->query == NULL) {
            return ecs_error_set(error, ECS_ERROR_FILTER_INVALID, detail, NULL);
        }
    }
    if (status != NULL) {
        list->status = ecs_instance_status_name(ecs_instance_status_from_name(status));
        if (list->status == NULL) {
            return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "status",
                                 ecs_instance_status_names());
        }
    }
    list->scope_parts[0] = "ListContainerInstances";
    list->scope_parts[1] = list->instances.cluster;
    list->scope_parts[2] = list->status;
    list->scope_parts[3] = filter;
    if (list_request_read(members, &scope, &list->page, error) != 0) {
        return -1;
    }
    if (list->page.has_after) {
        memcpy(list->last, list->page.after, sizeof list->last);
    }
    return 0;
}

static int read_request(struct list_instances *list, struct ecs_error *error)
{
    const json_t *object = list->work.call->json;
    struct arn_scope scope = service_scope(list->instances.service, NULL);
    struct list_members members;
    const char *cluster;
    const char *status;
    const char *filter;
    if (request_json_text(object, "cluster", &cluster, error) != 0 ||
        request_json_text(object, "status", &status, error) != 0 ||
        request_json_text(object, "filter", &filter, error) != 0 ||
        list_members_parse(object, &members, error) != 0 ||
        identifier_cluster(cluster, &scope, list->instances.cluster, error) != 0) {
        return -1;
    }
    list->page.max_results = 1;
    (void)read_rest(list, status, filter, &members, &list->instances.refusal);
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
    list->instances.service = call->service;
    list->arns = json_array();
    work_begin(&list->work, call, free_list);
    if (read_request(list, &error) != 0) {
        call_refuse(call, &error);
        work_end(&list->work);
        return;
    }
    ask_for_ids(list);
}
