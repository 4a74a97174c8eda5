/** Asking Redis for single bases. */

#include <stdio.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/projector_state.h"

enum { HOST_SHOWN_SIZE = 65 };

/** One question under way. */
struct fetch {
    struct projector *projector;
    char *cluster, *task;
};

void projector_forget(struct projector *projector, struct base *base)
{
    if (base->state == BASE_FETCHING) {
        projector->fetching--;
        projector->asked -= base->outstanding;
    }
    if (base->state == BASE_ENDED) {
        projector->ended--;
    }
    base_table_remove(&projector->table, base);
}

int projector_hold(struct projector *projector, struct base *base, const struct redis_base *found,
                   struct error *err)
{
    struct task task = {0};
    if (task_decode(found->bytes, &task, err) != 0) {
        task_release(&task);
        return -1;
    }
    if (base->state == BASE_FETCHING) {
        projector->fetching--;
    }
    task_release(&base->task);
    task_release(&base->again);
    base->task = task;
    base->pos = found->pos;
    base->reducer = found->reducer;
    base->state = BASE_HELD;
    base->in_view = true;
    base->since_boot_ms = clock_boot_ms(projector->env.clock);
    return 0;
}

static void on_void(void *context, const struct error *error)
{
    (void)context;
    (void)error; /* it is found unreadable again, then */
}

bool projector_void(struct projector *projector, const char *cluster, const char *task,
                    const struct error *why)
{
    log_error("view.base_unreadable", "a base in Redis cannot be read and is made anew",
              LOG_STR("task", task), LOG_STR("error", why->message));
    if (why->code != ERROR_CORRUPT) {
        return false; /* out of memory, or a newer version's: it is left as it is */
    }
    redis_view_void(projector->env.view, projector->env.identity->host, cluster, task, on_void,
                    projector);
    return true;
}

static void begin_absent(struct projector *projector, struct base *base)
{
    projector->fetching--;
    base->since_boot_ms = clock_boot_ms(projector->env.clock);
    base->state = BASE_ABSENT;
    if (ended_names_has(&projector->names, base->cluster, base->id)) {
        base->state = BASE_ENDED;
        base->task.terminal = "TaskStopped";
        projector->ended++;
    }
}

/* Two hosts with one id would take turns in the view: it stays with the first. */
static void begin_elsewhere(struct projector *projector, struct base *base, struct span other)
{
    char host[HOST_SHOWN_SIZE];
    begin_absent(projector, base);
    if (base->elsewhere) {
        return;
    }
    base->elsewhere = true;
    (void)snprintf(host, sizeof host, "%.*s", (int)other.length, other.data);
    log_warn("view.elsewhere",
             "containers here carry the id of a task of another host and are not discovered: give "
             "them labels of their own, or deregister that host if it is gone for ever",
             LOG_STR("cluster", base->cluster), LOG_STR("task", base->id), LOG_STR("other", host));
}

static void on_fetched_base(struct projector *projector, struct base *base,
                            const struct redis_base *found)
{
    struct error err = {0};
    if (found != NULL && found->other.length > 0) {
        begin_elsewhere(projector, base, found->other);
        return;
    }
    base->elsewhere = false;
    if (found != NULL && projector_hold(projector, base, found, &err) == 0) {
        projector->env.on_base(projector->env.context, base->cluster, base->id);
    } else if (found == NULL || (projector_void(projector, base->cluster, base->id, &err) &&
                                 projector->started == KAFKA_OFFSET_BEGINNING)) {
        begin_absent(projector,
                     base); /* an unreadable one: this pass makes it from its first record */
    } else {
        projector_forget(projector, base);
        if (projector->started != KAFKA_OFFSET_BEGINNING) {
            projector_go_back(projector, KAFKA_OFFSET_BEGINNING, "a base cannot be read");
        }
    }
}

static void on_fetched(void *context, const struct error *error, int64_t seen,
                       const struct redis_base *found)
{
    struct fetch *fetch = context;
    struct projector *projector = fetch->projector;
    struct base *base = base_table_find(&projector->table, fetch->cluster, fetch->task);
    memory_free(fetch->cluster);
    memory_free(fetch->task);
    memory_free(fetch);
    if (base == NULL || base->state != BASE_FETCHING) {
        return;
    }
    base->outstanding = false;
    projector->asked--;
    if (error != NULL) {
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
        return;
    }
    if (seen != projector->seen) {
        projector_on_other_seen(projector, seen);
        loop_timer_arm(projector->work, 0);
        return;
    }
    on_fetched_base(projector, base, found);
    loop_timer_arm(projector->work, 0);
}

void projector_fetch_one(void *context, struct base *base)
{
    struct projector *projector = context;
    if (base->state != BASE_FETCHING || base->outstanding) {
        return;
    }
    struct fetch *fetch = memory_calloc(1, sizeof *fetch);
    if (fetch != NULL) {
        fetch->projector = projector;
        fetch->cluster = memory_strdup(base->cluster);
        fetch->task = memory_strdup(base->id);
    }
    if (fetch == NULL || fetch->cluster == NULL || fetch->task == NULL) {
        if (fetch != NULL) {
            memory_free(fetch->cluster);
            memory_free(fetch->task);
        }
        memory_free(fetch);
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
        return;
    }
    base->outstanding = true;
    projector->asked++;
    redis_view_get(projector->env.view, projector->env.identity->host, fetch->cluster, fetch->task,
                   on_fetched, fetch);
}

void projector_fetch(struct projector *projector)
{
    if (projector->fetching == projector->asked) {
        return;
    }
    if (redis_view_connected(projector->env.view)) {
        base_table_each(&projector->table, projector_fetch_one, projector);
    } else {
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
    }
}

struct base *projector_need(struct projector *projector, const char *cluster, const char *task)
{
    struct base *base = base_table_find(&projector->table, cluster, task);
    bool stale = base != NULL && base->state == BASE_ABSENT &&
                 clock_boot_ms(projector->env.clock) - base->since_boot_ms > PROJECTOR_ABSENT_MS;
    if (stale) {
        base->state = BASE_FETCHING;
        projector->fetching++;
    } else if (base == NULL) {
        base = base_table_need(&projector->table, cluster, task);
        projector->fetching += base != NULL;
    }
    return base;
}
