#include "producer/op_list_tasks.h"

#include <string.h>

#include "common/base/memory.h"
#include "common/domain/ecs_status.h"
#include "common/domain/json_build.h"
#include "producer/identifier.h"
#include "producer/operation.h"
#include "producer/request_json.h"
#include "producer/service.h"
#include "producer/view_check.h"

enum { SCOPE_PARTS = 8 };

/** A ListTasks under way. */
struct list_tasks {
    struct work work;
    struct service *service;
    struct list_tasks_request asked; /**< texts are the body's */
    struct list_request page;
    char cluster[ARN_NAME_SIZE];
    char host[ARN_NAME_SIZE]; /**< of containerInstance; "" = any */
    struct ecs_error refusal; /**< told once the cluster is known */
    enum ecs_desired_status status;
    enum ecs_launch_type launch_type;
    const char *scope_parts[SCOPE_PARTS];

    json_t *arns;
    bool from_first;             /**< this call begins at the first task */
    char last[ARN_TASK_ID_SIZE]; /**< after which it begins, then the last one taken; "" = none */
    bool more;
};

static void free_list(struct work *work)
{
    struct list_tasks *list = (struct list_tasks *)work;
    json_decref(list->arns);
    memory_free(list);
}

static void refuse_and_end(struct list_tasks *list, const struct ecs_error *error)
{
    call_refuse(list->work.call, error);
    work_end(&list->work);
}

/* ---- what is wanted ---- */

/** True for what ECS answers with nothing, and what no task of ours can be. */
static bool finds_nothing(const struct list_tasks *list)
{
    bool stopped = list->status == ECS_DESIRED_STATUS_STOPPED;
    return list->status == ECS_DESIRED_STATUS_PENDING ||
           (stopped && list->asked.service_name != NULL) ||
           (list->launch_type != ECS_LAUNCH_TYPE_NONE &&
            list->launch_type != ECS_LAUNCH_TYPE_EXTERNAL);
}

/* ---- the answer ---- */

static void send_answer(struct list_tasks *list)
{
    struct json_build build = {.failed = list->arns == NULL};
    struct page_scope scope = {list->scope_parts, SCOPE_PARTS};
    struct error err;
    bool none = json_array_size(list->arns) == 0;
    if (list->asked.service_name != NULL && list->from_first && none && !list->more &&
        !finds_nothing(list)) {
        call_refuse_with(list->work.call, ECS_ERROR_SERVICE_NOT_FOUND, NULL, NULL);
        work_end(&list->work);
        return;
    }
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "taskArns", list->arns);
    list->arns = NULL;
    list_request_add_token(&build, body, &scope, list->more ? list->last : NULL);
    call_answer(list->work.call, json_build_finish(&build, body, &err));
    work_end(&list->work);
}

static void on_host(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct list_tasks *list = context;
    struct ecs_error refusal;
    if (list->work.call == NULL) {
        work_end(&list->work);
        return;
    }
    if (view_check_answer(error, &refusal) != 0) {
        refuse_and_end(list, &refusal);
    } else if (hosts->count > 0 && hosts->hosts[0].found) {
        send_answer(list);
    } else {
        (void)ecs_error_set(
            &refusal, hosts->complete ? ECS_ERROR_INSTANCE_NOT_FOUND : ECS_ERROR_VIEW_INCOMPLETE,
            NULL, NULL);
        refuse_and_end(list, &refusal);
    }
}

/** Answers with what was found; where that is nothing of one host, the host has to exist. */
static void answer(struct list_tasks *list)
{
    if (list->host[0] != '\0' && list->from_first && !list->more && list->arns != NULL &&
        json_array_size(list->arns) == 0) {
        const char *host = list->host;
        redis_view_read_hosts(list->service->view, list->cluster, &host, 1, on_host, list);
        return;
    }
    send_answer(list);
}

/** Takes one id into the answer. */
static void take(struct list_tasks *list, struct span id)
{
    char arn[ARN_MAX_BYTES];
    if (id.length >= sizeof list->last) {
        return; /* no id of ours */
    }
    memcpy(list->last, id.data, id.length);
    list->last[id.length] = '\0';
    arn_of_task(list->service->region, list->service->account, list->cluster, list->last, arn);
    if (json_array_append_new(list->arns, json_string(arn)) != 0) {
        json_decref(list->arns);
        list->arns = NULL;
    }
}

static int check(const struct list_tasks *list, const struct error *failure,
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

static void on_ids(void *context, const struct error *error, const struct redis_page *page)
{
    struct list_tasks *list = context;
    struct ecs_error refusal;
    if (list->work.call == NULL) {
        work_end(&list->work);
        return;
    }
    if (check(list, error, page, &refusal) != 0) {
        refuse_and_end(list, &refusal);
        return;
    }
    bool nothing = finds_nothing(list);
    list->more = page->more && !nothing;
    for (size_t i = 0; i < page->count && !nothing; i++) {
        take(list, page->items[i]);
    }
    answer(list);
}

static void ask_for_ids(struct list_tasks *list)
{
    const struct list_tasks_request *asked = &list->asked;
    const struct redis_task_list wanted = {
        .cluster = list->cluster,
        .stopped = list->status == ECS_DESIRED_STATUS_STOPPED,
        .host = list->host[0] != '\0' ? list->host : NULL,
        .family = asked->family,
        .started_by = asked->started_by,
        .service = asked->service_name,
    };
    redis_view_list_tasks(list->service->view, &wanted, list->last[0] != '\0' ? list->last : NULL,
                          list->page.max_results, on_ids, list);
}

/* ---- the request ---- */

int list_tasks_parse(const json_t *object, struct list_tasks_request *ret_request,
                     struct ecs_error *error)
{
    struct list_tasks_request request;
    if (request_json_text(object, "cluster", &request.cluster, error) != 0 ||
        request_json_text(object, "containerInstance", &request.container_instance, error) != 0 ||
        request_json_text(object, "family", &request.family, error) != 0 ||
        request_json_text(object, "startedBy", &request.started_by, error) != 0 ||
        request_json_text(object, "serviceName", &request.service_name, error) != 0 ||
        request_json_text(object, "desiredStatus", &request.desired_status, error) != 0 ||
        request_json_text(object, "launchType", &request.launch_type, error) != 0 ||
        list_members_parse(object, &request.page, error) != 0) {
        return -1;
    }
    *ret_request = request;
    return 0;
}

static int read_enumerations(struct list_tasks *list, struct ecs_error *error)
{
    const struct list_tasks_request *asked = &list->asked;
    list->status = ECS_DESIRED_STATUS_RUNNING;
    if (asked->desired_status != NULL) {
        list->status = ecs_desired_status_from_name(asked->desired_status);
        if (list->status == ECS_DESIRED_STATUS_NONE) {
            return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "desiredStatus",
                                 ecs_desired_status_names());
        }
    }
    if (asked->launch_type != NULL) {
        list->launch_type = ecs_launch_type_from_name(asked->launch_type);
        if (list->launch_type == ECS_LAUNCH_TYPE_NONE) {
            return ecs_error_set(error, ECS_ERROR_NOT_ONE_OF, "launchType",
                                 ecs_launch_type_names());
        }
    }
    return 0;
}

static int read_filters(struct list_tasks *list, struct ecs_error *error)
{
    const struct list_tasks_request *asked = &list->asked;
    struct arn_scope scope = service_scope(list->service, list->cluster);
    bool others = asked->family != NULL || asked->service_name != NULL ||
                  asked->launch_type != NULL || asked->container_instance != NULL;
    if (asked->started_by != NULL && others) {
        return ecs_error_set(error, ECS_ERROR_STARTED_BY_WITH_OTHERS, NULL, NULL);
    }
    if (asked->family != NULL && asked->service_name != NULL) {
        return ecs_error_set(error, ECS_ERROR_FAMILY_WITH_SERVICE, NULL, NULL);
    }
    if (asked->container_instance != NULL &&
        identifier_container_instance(asked->container_instance, &scope, list->host, error) != 0) {
        return -1;
    }
    return 0;
}

/** What a token must agree with: everything but the size of the page. */
static void set_scope(struct list_tasks *list)
{
    const char *const parts[SCOPE_PARTS] = {
        "ListTasks",
        list->cluster,
        list->host,
        list->asked.family,
        list->asked.started_by,
        list->asked.service_name,
        ecs_desired_status_name(list->status),
        list->asked.launch_type,
    };
    memcpy(list->scope_parts, parts, sizeof parts);
}

static int read_page(struct list_tasks *list, struct ecs_error *error)
{
    struct page_scope scope = {list->scope_parts, SCOPE_PARTS};
    if (list_request_read(&list->asked.page, &scope, &list->page, error) != 0) {
        return -1;
    }
    list->from_first = !list->page.has_after;
    if (list->page.has_after) {
        if (strlen(list->page.after) >= sizeof list->last) {
            return ecs_error_set(error, ECS_ERROR_NEXT_TOKEN, NULL, NULL);
        }
        memcpy(list->last, list->page.after, sizeof list->last);
    }
    return 0;
}

/** Reads what the request names; what is wrong beyond the cluster waits in list->refusal. */
static int read_request(struct list_tasks *list, struct ecs_error *error)
{
    struct arn_scope scope = service_scope(list->service, NULL);
    list->page.max_results = 1;
    if (list_tasks_parse(list->work.call->json, &list->asked, error) != 0 ||
        identifier_cluster(list->asked.cluster, &scope, list->cluster, error) != 0) {
        return -1;
    }
    if (read_enumerations(list, &list->refusal) == 0 && read_filters(list, &list->refusal) == 0) {
        set_scope(list);
        (void)read_page(list, &list->refusal);
    }
    return 0;
}

void op_list_tasks(struct call *call)
{
    struct list_tasks *list = memory_calloc(1, sizeof *list);
    struct ecs_error error;
    if (list == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    list->service = call->service;
    list->arns = json_array();
    work_begin(&list->work, call, free_list);
    if (read_request(list, &error) != 0) {
        refuse_and_end(list, &error);
        return;
    }
    ask_for_ids(list);
}
