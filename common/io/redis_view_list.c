#include "common/io/redis_view_private.h"

enum { FIRST_ITEM = 2, PARTS_OF_CLUSTER = 4 };

static int read_page(struct redis_request *request, const redisReply *reply, struct arena *arena,
                     struct redis_page *page, struct error *err)
{
    struct span *items;

    if (redis_view_is_complete(request->view, reply, &page->complete, err) < 0 ||
        redis_view_flag(reply, 1, &page->cluster_known, err) < 0) {
        return -1;
    }
    page->count = reply->elements - FIRST_ITEM;
    page->more = page->count > request->expected;
    if (page->more) {
        page->count = request->expected;
    }
    items = arena_alloc(arena, (page->count + 1) * sizeof *items);
    if (items == NULL) {
        return error_no_memory(err, "reading a list from redis");
    }
    for (size_t i = 0; i < page->count; i++) {
        if (redis_reply_text(reply, FIRST_ITEM + i, &items[i], err) < 0) {
            return -1;
        }
    }
    page->items = items;
    return 0;
}

static void answer_page(struct redis_request *request, const struct error *error,
                        const redisReply *reply)
{
    struct error failure = {0};
    struct arena arena = {0};
    struct redis_page page = {0};

    if (error == NULL && read_page(request, reply, &arena, &page, &failure) < 0) {
        error = &failure;
    }
    request->fn.page(request->context, error, error == NULL ? &page : NULL);
    arena_release(&arena);
}

static void add_filter(struct redis_request *request, const char *kind, const char *value)
{
    if (value != NULL) {
        redis_request_add_text(request, kind);
        redis_request_add_text(request, value);
    }
}

void redis_view_list_tasks(struct redis_view *view, const struct redis_task_list *list,
                           const char *after, size_t limit, redis_page_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_LIST_TASKS, answer_page, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.page = fn;
    request->expected = limit;
    redis_request_add_text(request, list->cluster);
    redis_request_add_text(request, list->stopped ? "stopped" : "running");
    redis_request_add_text(request, after);
    redis_request_add_number(request, (int64_t)limit);
    add_filter(request, "host", list->host);
    add_filter(request, "family", list->family);
    add_filter(request, "startedBy", list->started_by);
    add_filter(request, "service", list->service);
    redis_connection_send(view->connection, request);
}

void redis_view_list_clusters(struct redis_view *view, const char *after, size_t limit,
                              redis_page_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_LIST_CLUSTERS, answer_page, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.page = fn;
    request->expected = limit;
    redis_request_add_text(request, after);
    redis_request_add_number(request, (int64_t)limit);
    redis_connection_send(view->connection, request);
}

void redis_view_list_hosts(struct redis_view *view, const char *cluster,
                           const char *const *statuses, const char *after, size_t limit,
                           redis_page_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_LIST_HOSTS, answer_page, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, NULL);
        return;
    }
    request->fn.page = fn;
    request->expected = limit;
    redis_request_add_text(request, cluster);
    redis_request_add_text(request, after);
    redis_request_add_number(request, (int64_t)limit);
    for (; *statuses != NULL; statuses++) {
        redis_request_add_text(request, *statuses);
    }
    redis_connection_send(view->connection, request);
}

static int read_clusters(struct redis_request *request, const redisReply *reply, bool *ret_complete,
                         struct redis_cluster *clusters, struct error *err)
{
    if (redis_view_is_complete(request->view, reply, ret_complete, err) < 0) {
        return -1;
    }
    if (reply->elements != 1 + request->expected * PARTS_OF_CLUSTER) {
        return redis_reply_corrupt(err, "a list of the clusters asked for");
    }
    for (size_t i = 0; i < request->expected; i++) {
        const size_t at = 1 + i * PARTS_OF_CLUSTER;

        if (redis_view_flag(reply, at, &clusters[i].known, err) < 0 ||
            redis_reply_number(reply, at + 1, 0, &clusters[i].hosts, err) < 0 ||
            redis_reply_number(reply, at + 2, 0, &clusters[i].running_tasks, err) < 0 ||
            redis_reply_number(reply, at + 3, 0, &clusters[i].pending_tasks, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static void answer_clusters(struct redis_request *request, const struct error *error,
                            const redisReply *reply)
{
    struct error failure = {0};
    struct redis_cluster *clusters = NULL;
    bool complete = false;

    if (error == NULL) {
        clusters = memory_calloc(request->expected, sizeof *clusters);
        if (clusters == NULL) {
            failure = redis_view_no_memory();
            error = &failure;
        } else if (read_clusters(request, reply, &complete, clusters, &failure) < 0) {
            error = &failure;
        }
    }
    request->fn.cluster(request->context, error, error == NULL && complete,
                        error == NULL ? clusters : NULL, error == NULL ? request->expected : 0);
    memory_free(clusters);
}

void redis_view_describe_clusters(struct redis_view *view, const char *const *names, size_t count,
                                  redis_cluster_fn *fn, void *context)
{
    struct redis_request *request =
        redis_request_new(view, REDIS_SCRIPT_DESCRIBE_CLUSTERS, answer_clusters, context);

    if (request == NULL) {
        const struct error error = redis_view_no_memory();
        fn(context, &error, false, NULL, 0);
        return;
    }
    request->fn.cluster = fn;
    request->expected = count;
    for (size_t i = 0; i < count; i++) {
        redis_request_add_text(request, names[i]);
    }
    redis_connection_send(view->connection, request);
}
