#include "worker/audit/view_walk.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 100, NAME_MAX_BYTES = 256 };

/* Where the walk is. */
struct view_walk {
    struct view_session *session;
    struct view_compare *compare;
    struct host_compare *hosts;
    bool complete;
    const char *cluster;              /**< being read */
    char names[PAGE][NAME_MAX_BYTES]; /**< of a page of clusters or tasks */
    size_t name_count;
    bool more;
};

static void on_page(void *context, const struct error *error, const struct redis_page *page)
{
    struct view_walk *walk = context;
    walk->name_count = 0;
    if (error == NULL) {
        for (size_t i = 0; i < page->count && i < PAGE; i++) {
            snprintf(walk->names[i], NAME_MAX_BYTES, "%.*s", (int)page->items[i].length,
                     page->items[i].data);
        }
        walk->name_count = page->count < PAGE ? page->count : PAGE;
        walk->more = page->more;
        walk->complete = page->complete;
    }
    view_session_done(walk->session, error);
}

static void on_read(void *context, const struct error *error, const struct redis_read *read)
{
    struct view_walk *walk = context;
    struct error failure = {0};
    for (size_t i = 0; error == NULL && i < read->count; i++) {
        const struct redis_task *task = &read->tasks[i];
        if (task->found && view_compare_add(walk->compare, walk->cluster, task->id, task->pos,
                                            task->base, &failure) != 0) {
            error = &failure;
        }
    }
    view_session_done(walk->session, error);
}

static int read_tasks(struct view_walk *walk, bool stopped, struct error *err)
{
    const struct redis_task_list list = {.cluster = walk->cluster, .stopped = stopped};
    char after[NAME_MAX_BYTES] = "";
    do {
        redis_view_list_tasks(walk->session->view, &list, after[0] == '\0' ? NULL : after, PAGE,
                              on_page, walk);
        if (view_session_wait(walk->session, err) != 0) {
            return -1;
        }
        if (walk->name_count == 0) {
            return 0;
        }
        bool more = walk->more;
        const char *ids[PAGE];
        for (size_t i = 0; i < walk->name_count; i++) {
            ids[i] = walk->names[i];
        }
        memcpy(after, walk->names[walk->name_count - 1], sizeof after);
        redis_view_read(walk->session->view, walk->cluster, ids, walk->name_count, on_read, walk);
        if (view_session_wait(walk->session, err) != 0) {
            return -1;
        }
        walk->more = more;
    } while (walk->more);
    return 0;
}

static void on_hosts(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    struct view_walk *walk = context;
    struct error failure = {0};
    for (size_t i = 0; error == NULL && i < hosts->count; i++) {
        if (hosts->hosts[i].found &&
            host_compare_add(walk->hosts, walk->cluster, &hosts->hosts[i], &failure) != 0) {
            error = &failure;
        }
    }
    view_session_done(walk->session, error);
}

static int read_hosts(struct view_walk *walk, struct error *err)
{
    static const char *const ALL[] = {"ACTIVE", "DRAINING", "INACTIVE", NULL};
    char after[NAME_MAX_BYTES] = "";
    bool more = true;
    while (more) {
        redis_view_list_hosts(walk->session->view, walk->cluster, ALL,
                              after[0] == '\0' ? NULL : after, PAGE, on_page, walk);
        if (view_session_wait(walk->session, err) != 0) {
            return -1;
        }
        if (walk->name_count == 0) {
            return 0;
        }
        more = walk->more;
        const char *ids[PAGE];
        for (size_t i = 0; i < walk->name_count; i++) {
            ids[i] = walk->names[i];
        }
        memcpy(after, walk->names[walk->name_count - 1], sizeof after);
        redis_view_read_hosts(walk->session->view, walk->cluster, ids, walk->name_count, on_hosts,
                              walk);
        if (view_session_wait(walk->session, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_cluster(struct view_walk *walk, const char *cluster, struct error *err)
{
    walk->cluster = cluster;
    if (read_tasks(walk, false, err) != 0 || read_tasks(walk, true, err) != 0) {
        return -1;
    }
    return walk->hosts == NULL ? 0 : read_hosts(walk, err);
}

static int read_all(struct view_walk *walk, const char *only_cluster, struct error *err)
{
    char clusters[PAGE][NAME_MAX_BYTES];
    char after[NAME_MAX_BYTES] = "";
    bool more = true;
    if (only_cluster != NULL) {
        return read_cluster(walk, only_cluster, err);
    }
    while (more) {
        redis_view_list_clusters(walk->session->view, after[0] == '\0' ? NULL : after, PAGE,
                                 on_page, walk);
        if (view_session_wait(walk->session, err) != 0) {
            return -1;
        }
        size_t count = walk->name_count;
        more = walk->more && count > 0;
        memcpy(clusters, walk->names, sizeof clusters);
        for (size_t i = 0; i < count; i++) {
            if (read_cluster(walk, clusters[i], err) != 0) {
                return -1;
            }
            memcpy(after, clusters[i], sizeof after);
        }
    }
    return 0;
}

int view_walk_run(struct view_session *session, const char *only_cluster,
                  struct view_compare *compare, struct host_compare *hosts, bool *ret_complete,
                  struct error *err)
{
    struct view_walk *walk = memory_calloc(1, sizeof *walk);
    if (walk == NULL) {
        return error_no_memory(err, "reading the view");
    }
    walk->session = session;
    walk->compare = compare;
    walk->hosts = only_cluster == NULL ? hosts : NULL;
    int status = read_all(walk, only_cluster, err);
    if (status == 0) {
        *ret_complete = walk->complete;
    }
    memory_free(walk);
    return status;
}
