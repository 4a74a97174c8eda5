/** stopfleet-audit rebuild: the view made again from the log. Safe beside running workers and APIs: a base is put only over
 *  an older one, and nobody's `seen` is moved. */

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/domain/reduce.h"
#include "worker/audit/command.h"
#include "worker/audit/log_fold.h"
#include "worker/audit/view_session.h"

enum { BASE_MAX_BYTES = 4 * 1024 * 1024 };

struct rebuild {
    struct view_session session;
    struct log_fold fold;
    char token[ID_HEX_SIZE];
    char run_id[128];
    int64_t retention_ms;
    size_t put;
};

static void on_begun(void *context, const struct error *error, const char *run_id)
{
    struct rebuild *rebuild = context;
    if (error == NULL) {
        snprintf(rebuild->run_id, sizeof rebuild->run_id, "%s", run_id);
    }
    view_session_done(&rebuild->session, error);
}

static void on_put(void *context, const struct error *error, enum redis_put_outcome outcome,
                   int64_t seen)
{
    struct rebuild *rebuild = context;
    (void)outcome;
    (void)seen;
    view_session_done(&rebuild->session, error);
}

static void on_complete(void *context, const struct error *error)
{
    struct rebuild *rebuild = context;
    view_session_done(&rebuild->session, error);
}

static int put_entry(struct rebuild *rebuild, const struct log_fold_entry *entry, struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, BASE_MAX_BYTES);
    int status = task_encode(&entry->task, &bytes, err);
    if (status == 0) {
        struct redis_put put = {
            .cluster = entry->task.cluster,
            .task = entry->task.id,
            .pos = entry->pos,
            .reducer = REDUCER_NUMBER,
            .bytes = buffer_span(&bytes),
            .stopped = strcmp(task_desired_status(&entry->task), "STOPPED") == 0,
            .terminal = task_is_terminal(&entry->task),
            .expire_unix_ms = task_is_terminal(&entry->task)
                                  ? entry->task.terminal_at + rebuild->retention_ms
                                  : 0,
        };
        redis_view_put(rebuild->session.view, entry->task.host, REDIS_SEEN_IGNORE,
                       REDIS_SEEN_IGNORE, &put, 1, on_put, rebuild);
        status = view_session_wait(&rebuild->session, err);
        rebuild->put++;
    }
    buffer_release(&bytes);
    return status;
}

static int put_all(struct rebuild *rebuild, struct error *err)
{
    int64_t now = clock_wall_ms(clock_system());
    for (const struct log_fold_entry *entry = rebuild->fold.first; entry != NULL;
         entry = entry->next) {
        bool forgotten = task_is_terminal(&entry->task) &&
                         entry->task.terminal_at + rebuild->retention_ms <= now;
        if (!forgotten && entry->task.host != NULL && put_entry(rebuild, entry, err) != 0) {
            return error_wrap(err, "task %s", entry->key);
        }
    }
    return 0;
}

static int rebuild_run(struct rebuild *rebuild, struct loop *loop,
                       const struct audit_options *options, struct error *err)
{
    if (options->tasks.count > 0 || options->host != NULL || options->cluster != NULL ||
        options->until != NULL) {
        return error_set(
            err, ERROR_INVALID,
            "rebuild takes the whole log: --task, --host, --cluster and --until do not go with it");
    }
    rebuild->retention_ms = options->retention_ms;
    if (view_session_open(&rebuild->session, loop, options, err) != 0 ||
        id_random_hex(rebuild->token, err) != 0) {
        return -1;
    }
    redis_view_rebuild_begin(rebuild->session.view, rebuild->token, on_begun, rebuild);
    if (view_session_wait(&rebuild->session, err) != 0 ||
        log_fold_run(&rebuild->fold, loop, options, err) != 0 || put_all(rebuild, err) != 0) {
        return -1;
    }
    redis_view_rebuild_complete(rebuild->session.view, rebuild->token, rebuild->run_id, on_complete,
                                rebuild);
    return view_session_wait(&rebuild->session, err);
}

enum audit_exit cmd_rebuild(const struct audit_options *options, struct error *err)
{
    struct rebuild rebuild = {0};
    struct loop *loop = loop_new(err);
    if (loop == NULL) {
        return AUDIT_EXIT_USAGE;
    }
    int status = rebuild_run(&rebuild, loop, options, err);
    if (status == 0) {
        printf("rebuilt: %zu tasks in the log, %zu put into Redis, %llu records read, %llu "
               "unreadable; the view is complete\n",
               rebuild.fold.count, rebuild.put, (unsigned long long)rebuild.fold.scanned.records,
               (unsigned long long)rebuild.fold.scanned.unreadable);
    }
    bool unreadable = rebuild.fold.scanned.unreadable > 0;
    log_fold_release(&rebuild.fold);
    view_session_close(&rebuild.session);
    loop_free(loop);
    if (status != 0) {
        return AUDIT_EXIT_USAGE;
    }
    return unreadable ? AUDIT_EXIT_DIFFERS : AUDIT_EXIT_OK;
}
