#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "producer/list_request.h"
#include "producer/operation.h"
#include "producer/service.h"
#include "producer/view_check.h"

/** A ListClusters under way: the clusters of the configuration and those of the view, in byte order. */
struct list_clusters {
    struct work work;
    struct service *service;
    struct list_request request;
};

static const char *const SCOPE_PARTS[] = {"ListClusters"};
static const struct page_scope SCOPE = {SCOPE_PARTS, 1};

static void free_list(struct work *work)
{
    memory_free(work);
}

/* ---- the answer ---- */

static int compare(struct span a, struct span b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_items(const void *a, const void *b)
{
    return compare(*(const struct span *)a, *(const struct span *)b);
}

/** True if a name of ours lies in the range that the page covers: names beyond it may still be preceded by
 *  ones of the next page. */
static bool is_covered(const struct list_clusters *list, const struct redis_page *page,
                       struct span name)
{
    if (list->request.has_after && compare(name, span_of(list->request.after)) <= 0) {
        return false;
    }
    return !page->more || page->count == 0 || compare(name, page->items[page->count - 1]) <= 0;
}

/** The page's names and ours, sorted, without repeats. @return how many */
static size_t collect(const struct list_clusters *list, const struct redis_page *page,
                      struct span *names)
{
    size_t count = 0;
    size_t unique = 0;
    for (size_t i = 0; i < page->count; i++) {
        names[count++] = page->items[i];
    }
    for (size_t i = 0; i < list->service->cluster_count; i++) {
        struct span name = span_of(list->service->clusters[i]);
        if (is_covered(list, page, name)) {
            names[count++] = name;
        }
    }
    qsort(names, count, sizeof *names, compare_items);
    for (size_t i = 0; i < count; i++) {
        if (unique == 0 || !span_equal(names[i], names[unique - 1])) {
            names[unique++] = names[i];
        }
    }
    return unique;
}

static void answer(struct list_clusters *list, const struct redis_page *page)
{
    const struct service *service = list->service;
    struct json_build build = {0};
    struct error err;
    struct span *names = memory_calloc(page->count + service->cluster_count, sizeof *names);
    if (names == NULL) {
        call_answer(list->work.call, NULL);
        return;
    }
    size_t found = collect(list, page, names);
    size_t count = found < list->request.max_results ? found : list->request.max_results;
    bool more = page->more || found > count;
    char last[ARN_NAME_SIZE] = "";
    json_t *arns = json_build_array(&build);
    for (size_t i = 0; i < count; i++) {
        char arn[ARN_MAX_BYTES];
        size_t length = names[i].length < sizeof last ? names[i].length : sizeof last - 1;
        memcpy(last, names[i].data, length);
        last[length] = '\0';
        arn_of_cluster(service->region, service->account, last, arn);
        json_build_append(&build, arns, json_string(arn));
    }
    memory_free(names);
    json_t *body = json_build_object(&build);
    json_build_set(&build, body, "clusterArns", arns);
    list_request_add_token(&build, body, &SCOPE, more ? last : NULL);
    call_answer(list->work.call, json_build_finish(&build, body, &err));
}

static void on_page(void *context, const struct error *error, const struct redis_page *page)
{
    struct list_clusters *list = context;
    struct ecs_error refusal;
    if (list->work.call == NULL) {
        work_end(&list->work);
        return;
    }
    if (view_check_page(error, page, &refusal) != 0) {
        call_refuse(list->work.call, &refusal);
    } else {
        answer(list, page);
    }
    work_end(&list->work);
}

/* ---- the request ---- */

void op_list_clusters(struct call *call)
{
    struct list_clusters *list = memory_calloc(1, sizeof *list);
    struct list_members members;
    struct ecs_error error;
    if (list == NULL) {
        call_refuse_with(call, ECS_ERROR_INTERNAL, "out of memory", NULL);
        return;
    }
    list->service = call->service;
    work_begin(&list->work, call, free_list);
    if (list_members_parse(call->json, &members, &error) != 0 ||
        list_request_read(&members, &SCOPE, &list->request, &error) != 0) {
        call_refuse(call, &error);
        work_end(&list->work);
        return;
    }
    redis_view_list_clusters(list->service->view,
                             list->request.has_after ? list->request.after : NULL,
                             list->request.max_results, on_page, list);
}
