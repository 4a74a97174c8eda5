#include "worker/audit/view_lack.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/memory.h"

enum { BATCH = 100 };

/* A batch of tasks of one cluster that is asked for. */
struct batch {
    struct view_lacks *lacks;
    struct view_session *session;
    struct view_compare *compare;
    const struct log_fold_entry *entries[BATCH];
    const char *ids[BATCH];
    size_t count;
};

static void on_read(void *context, const struct error *error, const struct redis_read *read)
{
    struct batch *batch = context;
    struct error failure = {0};
    if (error == NULL) {
        batch->lacks->complete = read->complete;
    }
    for (size_t i = 0; error == NULL && i < read->count && i < batch->count; i++) {
        const struct redis_task *task = &read->tasks[i];
        struct view_lacks *lacks = batch->lacks;
        if (!task->found) {
            lacks->items[lacks->count++] = (struct view_lack){.entry = batch->entries[i],
                                                              .cluster_known = read->cluster_known};
        } else if (view_compare_late(batch->compare, batch->entries[i], task->pos, task->base,
                                     &failure) != 0) {
            error = &failure;
        }
    }
    view_session_done(batch->session, error);
}

static int ask(struct batch *batch, struct error *err)
{
    if (batch->count == 0) {
        return 0;
    }
    redis_view_read(batch->session->view, batch->entries[0]->task.cluster, batch->ids, batch->count,
                    on_read, batch);
    int status = view_session_wait(batch->session, err);
    batch->count = 0;
    return status;
}

/* A batch ends where the cluster changes: the log goes partition by partition, so that hosts of one cluster come together. */
static int take(struct batch *batch, const struct log_fold_entry *entry, struct error *err)
{
    bool full =
        batch->count == BATCH ||
        (batch->count > 0 && strcmp(batch->entries[0]->task.cluster, entry->task.cluster) != 0);
    if (full && ask(batch, err) != 0) {
        return -1;
    }
    batch->entries[batch->count] = entry;
    batch->ids[batch->count] = entry->task.id;
    batch->count++;
    return 0;
}

/* What was forgotten between the fold and the answer is no lack. */
static void drop_forgotten(struct view_lacks *lacks, int64_t retention_ms)
{
    int64_t now = clock_wall_ms(clock_system());
    size_t kept = 0;
    for (size_t i = 0; i < lacks->count; i++) {
        if (log_fold_belongs(lacks->items[i].entry, retention_ms, now)) {
            lacks->items[kept++] = lacks->items[i];
        }
    }
    lacks->count = kept;
}

int view_lacks_find(struct view_lacks *lacks, struct view_session *session,
                    struct view_compare *compare, const struct log_fold *fold, int64_t retention_ms,
                    struct error *err)
{
    struct batch batch = {.lacks = lacks, .session = session, .compare = compare};
    int64_t now = clock_wall_ms(clock_system());
    lacks->items = memory_calloc(fold->count + 1, sizeof *lacks->items);
    if (lacks->items == NULL) {
        return error_no_memory(err, "looking for what the view lacks");
    }
    for (const struct log_fold_entry *entry = fold->first; entry != NULL; entry = entry->next) {
        if (log_fold_belongs(entry, retention_ms, now) && !view_compare_has(compare, entry->key) &&
            take(&batch, entry, err) != 0) {
            return -1;
        }
    }
    if (ask(&batch, err) != 0) {
        return -1;
    }
    drop_forgotten(lacks, retention_ms);
    return 0;
}

void view_lacks_release(struct view_lacks *lacks)
{
    memory_free(lacks->items);
    *lacks = (struct view_lacks){0};
}
