/** stopfleet-audit rebuild: the view made again from the log. Safe beside running workers and APIs: a base is put only over
 *  an older one, and nobody's `seen` is moved. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/domain/host_fact.h"
#include "common/io/task_put.h"
#include "worker/audit/command.h"
#include "worker/audit/host_fold.h"
#include "worker/audit/log_fold.h"
#include "worker/audit/rebuild.h"
#include "worker/audit/view_session.h"

enum {
    BASE_MAX_BYTES = 4 * 1024 * 1024,
    FLYING_MAX = 64 /* puts under way: more of them are hardly faster, and each holds its base */
};

struct rebuild {
    struct view_session session;
    struct log_fold fold;
    struct host_fold hosts;
    char token[ID_HEX_SIZE];
    char run_id[128];
    int64_t retention_ms;
    size_t put;
    size_t hosts_put;
    size_t flying;        /**< puts without an answer yet */
    struct error failure; /**< of the first put that failed */
    bool newer;           /**< the log holds what this version does not know */
};

static void on_begun(void *context, const struct error *error, const char *run_id)
{
    struct rebuild *rebuild = context;
    if (error == NULL) {
        snprintf(rebuild->run_id, sizeof rebuild->run_id, "%s", run_id);
    }
    view_session_done(&rebuild->session, error);
}

static void on_landed(struct rebuild *rebuild, const struct error *error)
{
    rebuild->flying--;
    if (error != NULL && rebuild->failure.code == ERROR_NONE) {
        rebuild->failure = *error;
    }
    view_session_done(&rebuild->session,
                      rebuild->failure.code == ERROR_NONE ? NULL : &rebuild->failure);
}

static void on_put(void *context, const struct error *error, enum redis_put_outcome outcome,
                   int64_t seen)
{
    struct rebuild *rebuild = context;
    (void)outcome;
    (void)seen;
    on_landed(rebuild, error);
}

static void on_written(void *context, const struct error *error)
{
    on_landed(context, error);
}

static void on_done(void *context, const struct error *error)
{
    struct rebuild *rebuild = context;
    view_session_done(&rebuild->session, error);
}

/* Waits until at most so many are under way. */
static int settle(struct rebuild *rebuild, size_t most, struct error *err)
{
    while (rebuild->flying > most) {
        if (view_session_wait(&rebuild->session, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int put_entry(struct rebuild *rebuild, const struct log_fold_entry *entry, struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, BASE_MAX_BYTES);
    int status = task_encode(&entry->task, &bytes, err);
    if (status == 0) {
        struct redis_put put;
        char reserved[TASK_RESERVATION_SIZE];
        task_put_fill(&entry->task, entry->pos, rebuild->retention_ms, reserved, &put);
        put.bytes = buffer_span(&bytes);
        rebuild->flying++;
        rebuild->put++;
        redis_view_put(rebuild->session.view, entry->task.host, REDIS_SEEN_IGNORE,
                       REDIS_SEEN_IGNORE, &put, 1, on_put, rebuild);
        status = settle(rebuild, FLYING_MAX, err);
    }
    buffer_release(&bytes);
    return status;
}

static int put_hosts(struct rebuild *rebuild, struct error *err)
{
    for (const struct host_fold_entry *host = rebuild->hosts.first; host != NULL;
         host = host->next) {
        if (host->cluster == NULL) {
            continue;
        }
        rebuild->flying++;
        rebuild->hosts_put++;
        redis_view_put_host(rebuild->session.view, host->host, host->cluster, host->record,
                            on_written, rebuild);
        if (settle(rebuild, FLYING_MAX, err) != 0) {
            return error_wrap(err, "hosts up to %s", host->host);
        }
    }
    return settle(rebuild, 0, err);
}

static int put_facts(struct rebuild *rebuild, struct error *err)
{
    for (const struct host_facts_entry *host = rebuild->fold.hosts.first; host != NULL;
         host = host->next) {
        for (int kind = HOST_FACT_STARTED; kind < HOST_FACT_COUNT; kind++) {
            if (host->values[kind] == NULL) {
                continue;
            }
            rebuild->flying++;
            redis_view_host_fact(
                rebuild->session.view, host->host, host_fact_name((enum host_fact_kind)kind),
                host->state.offsets[kind], host->values[kind], on_written, rebuild);
            if (settle(rebuild, FLYING_MAX, err) != 0) {
                return error_wrap(err, "hosts up to %s", host->host);
            }
        }
    }
    return settle(rebuild, 0, err);
}

static int put_tasks(struct rebuild *rebuild, struct error *err)
{
    int64_t now = clock_wall_ms(clock_system());
    for (const struct log_fold_entry *entry = rebuild->fold.first; entry != NULL;
         entry = entry->next) {
        if (log_fold_belongs(entry, rebuild->retention_ms, now) &&
            put_entry(rebuild, entry, err) != 0) {
            return error_wrap(err, "tasks up to %s", entry->key);
        }
    }
    return settle(rebuild, 0, err);
}

/* No connection is held while the log is read: that can take longer than Redis lets one idle. The marker counts for the run of
 * the first connection alone, which Redis tells again on the second. */
static int begin(struct rebuild *rebuild, struct loop *loop, const struct audit_options *options,
                 struct error *err)
{
    if (id_random_hex(rebuild->token, err) != 0 ||
        view_session_open(&rebuild->session, loop, options, err) != 0) {
        return -1;
    }
    redis_view_rebuild_begin(rebuild->session.view, rebuild->token, on_begun, rebuild);
    int status = view_session_wait(&rebuild->session, err);
    view_session_close(&rebuild->session);
    return status;
}

/* The hosts come last, so that a registration made meanwhile is hardly ever put back by an older one. */
static int read_log(struct rebuild *rebuild, const struct audit_options *options, struct error *err)
{
    const struct log_scan_result *scanned = &rebuild->fold.scanned;
    if (log_fold_run(&rebuild->fold, options, err) != 0) {
        return -1;
    }
    if (scanned->unsupported > 0) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "partition %d, offset %" PRId64
                         " is an event of a major version that this one does not know, so its fold "
                         "is not the view: nothing was put or marked; rebuild with the newest "
                         "stopfleet-audit",
                         (int)scanned->unsupported_partition, scanned->unsupported_offset);
    }
    return host_fold_run(&rebuild->hosts, options, err);
}

static int rebuild_run(struct rebuild *rebuild, struct loop *loop,
                       const struct audit_options *options, struct error *err)
{
    rebuild->retention_ms = options->retention_ms;
    if (begin(rebuild, loop, options, err) != 0) {
        return -1;
    }
    if (read_log(rebuild, options, err) != 0) {
        rebuild->newer = err->code == ERROR_UNSUPPORTED;
        return -1;
    }
    if (view_session_open(&rebuild->session, loop, options, err) != 0 ||
        put_hosts(rebuild, err) != 0 || put_facts(rebuild, err) != 0 ||
        put_tasks(rebuild, err) != 0) {
        return -1;
    }
    redis_view_rebuild_complete(rebuild->session.view, rebuild->token, rebuild->run_id, on_done,
                                rebuild);
    return view_session_wait(&rebuild->session, err);
}

static void say_rebuilt(const struct rebuild *rebuild, uint64_t unreadable)
{
    printf("rebuilt: %zu tasks in the log, %zu put into Redis, %zu hosts put, %llu records "
           "read, %llu unreadable; the view is complete\n",
           rebuild->fold.count, rebuild->put, rebuild->hosts_put,
           (unsigned long long)rebuild->fold.scanned.records, (unsigned long long)unreadable);
}

enum audit_exit rebuild_once(const struct audit_options *options, bool *ret_interrupted,
                             struct error *err)
{
    struct rebuild rebuild = {0};
    struct loop *loop = loop_new(err);
    if (loop == NULL) {
        return AUDIT_EXIT_USAGE;
    }
    /* STOPFLEET_CLUSTER names the cluster of a person's calls; a rebuild is always of all. */
    struct audit_options whole = *options;
    whole.cluster = NULL;
    int status = rebuild_run(&rebuild, loop, &whole, err);
    uint64_t unreadable = rebuild.fold.scanned.unreadable + rebuild.hosts.unreadable;
    bool newer = rebuild.newer;
    if (status == 0) {
        say_rebuilt(&rebuild, unreadable);
    }
    *ret_interrupted = rebuild.fold.scanned.interrupted;
    log_fold_release(&rebuild.fold);
    host_fold_release(&rebuild.hosts);
    view_session_close(&rebuild.session);
    loop_free(loop);
    if (status != 0) {
        return newer ? AUDIT_EXIT_DIFFERS : AUDIT_EXIT_USAGE;
    }
    return unreadable > 0 ? AUDIT_EXIT_DIFFERS : AUDIT_EXIT_OK;
}

enum audit_exit cmd_rebuild(const struct audit_options *options, struct error *err)
{
    bool interrupted = false;
    return options->watch ? rebuild_watch(options, err) : rebuild_once(options, &interrupted, err);
}
