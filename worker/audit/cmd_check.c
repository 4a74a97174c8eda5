/** stopfleet-audit check: every base in Redis against the fold of the log to its position. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "worker/audit/command.h"
#include "worker/audit/log_fold.h"
#include "worker/audit/view_compare.h"
#include "worker/audit/view_session.h"

enum { PAGE = 100, NAME_MAX_BYTES = 256 };

struct check {
    struct view_session session;
    struct view_compare compare;
    struct log_fold fold;
    bool complete;
    const char *cluster;              /**< being read */
    char names[PAGE][NAME_MAX_BYTES]; /**< of a page of clusters or tasks */
    size_t name_count;
    bool more;
    struct error error;
};

static void on_page(void *context, const struct error *error, const struct redis_page *page)
{
    struct check *check = context;
    check->name_count = 0;
    if (error == NULL) {
        for (size_t i = 0; i < page->count && i < PAGE; i++) {
            snprintf(check->names[i], NAME_MAX_BYTES, "%.*s", (int)page->items[i].length,
                     page->items[i].data);
        }
        check->name_count = page->count < PAGE ? page->count : PAGE;
        check->more = page->more;
        check->complete = page->complete;
    }
    view_session_done(&check->session, error);
}

static void on_read(void *context, const struct error *error, const struct redis_read *read)
{
    struct check *check = context;
    struct error failure = {0};
    for (size_t i = 0; error == NULL && i < read->count; i++) {
        const struct redis_task *task = &read->tasks[i];
        if (task->found && view_compare_add(&check->compare, check->cluster, task->id, task->pos,
                                            task->base, &failure) != 0) {
            error = &failure;
        }
    }
    view_session_done(&check->session, error);
}

static int read_tasks(struct check *check, bool stopped, struct error *err)
{
    char after[NAME_MAX_BYTES] = "";
    do {
        redis_view_list_tasks(check->session.view, check->cluster, stopped,
                              after[0] == '\0' ? NULL : after, PAGE, on_page, check);
        if (view_session_wait(&check->session, err) != 0) {
            return -1;
        }
        if (check->name_count == 0) {
            return 0;
        }
        bool more = check->more;
        const char *ids[PAGE];
        for (size_t i = 0; i < check->name_count; i++) {
            ids[i] = check->names[i];
        }
        memcpy(after, check->names[check->name_count - 1], sizeof after);
        redis_view_read(check->session.view, check->cluster, ids, check->name_count, on_read,
                        check);
        if (view_session_wait(&check->session, err) != 0) {
            return -1;
        }
        check->more = more;
    } while (check->more);
    return 0;
}

static int read_cluster(struct check *check, const char *cluster, struct error *err)
{
    check->cluster = cluster;
    return read_tasks(check, false, err) != 0 ? -1 : read_tasks(check, true, err);
}

static int read_view(struct check *check, const struct audit_options *options, struct error *err)
{
    char clusters[PAGE][NAME_MAX_BYTES];
    char after[NAME_MAX_BYTES] = "";
    bool more = true;
    if (options->cluster != NULL) {
        return read_cluster(check, options->cluster, err);
    }
    while (more) {
        redis_view_list_clusters(check->session.view, after[0] == '\0' ? NULL : after, PAGE,
                                 on_page, check);
        if (view_session_wait(&check->session, err) != 0) {
            return -1;
        }
        size_t count = check->name_count;
        more = check->more && count > 0;
        memcpy(clusters, check->names, sizeof clusters);
        for (size_t i = 0; i < count; i++) {
            if (read_cluster(check, clusters[i], err) != 0) {
                return -1;
            }
            memcpy(after, clusters[i], sizeof after);
        }
    }
    return 0;
}

static enum audit_exit report(const struct check *check)
{
    size_t differing = 0;
    for (const struct view_compare_base *base = check->compare.first; base != NULL;
         base = base->next) {
        if (base->state == VIEW_COMPARE_DIFFERS) {
            differing++;
            printf("differs: %s, position %" PRId64 "\n", base->key, base->pos);
        }
    }
    printf("checked: %zu bases, %zu differ; %llu records read, %llu unreadable; the view %s\n",
           check->compare.count, differing, (unsigned long long)check->fold.scanned.records,
           (unsigned long long)check->fold.scanned.unreadable,
           check->complete ? "is marked complete" : "is not marked complete");
    if (differing > 0) {
        return AUDIT_EXIT_DIFFERS;
    }
    return check->compare.count == 0 ? AUDIT_EXIT_INCONCLUSIVE : AUDIT_EXIT_OK;
}

static int check_run(struct check *check, struct loop *loop, const struct audit_options *options,
                     struct error *err)
{
    if (options->tasks.count > 0 || options->host != NULL || options->until != NULL) {
        return error_set(
            err, ERROR_INVALID,
            "check compares whole clusters: --task, --host and --until do not go with it");
    }
    if (view_session_open(&check->session, loop, options, err) != 0 ||
        read_view(check, options, err) != 0) {
        return -1;
    }
    check->fold.before = view_compare_before;
    check->fold.before_context = &check->compare;
    if (log_fold_run(&check->fold, loop, options, err) != 0) {
        return -1;
    }
    return view_compare_finish(&check->compare, &check->fold, err);
}

enum audit_exit cmd_check(const struct audit_options *options, struct error *err)
{
    struct check *check = memory_calloc(1, sizeof *check);
    struct loop *loop = loop_new(err);
    enum audit_exit status = AUDIT_EXIT_USAGE;
    if (check == NULL || loop == NULL) {
        error_no_memory(err, "starting the check");
    } else if (check_run(check, loop, options, err) == 0) {
        status = report(check);
    } else if (err->code != ERROR_INVALID) {
        status = AUDIT_EXIT_INCONCLUSIVE;
    }
    if (check != NULL) {
        log_fold_release(&check->fold);
        view_compare_release(&check->compare);
        view_session_close(&check->session);
    }
    loop_free(loop);
    memory_free(check);
    return status;
}
