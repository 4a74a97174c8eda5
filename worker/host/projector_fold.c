/** Records of the log into bases, and bases into Redis. */

#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/domain/host_fact.h"
#include "common/domain/reduce.h"
#include "worker/host/projector_state.h"

void projector_batch_clear(struct projector_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        event_release(&batch->events[i]);
    }
    for (size_t i = 0; i < batch->touched_count; i++) {
        batch->touched[i]->folded = false;
    }
    batch->count = 0;
    batch->told = 0;
    batch->folded = 0;
    batch->touched_count = 0;
}

/* ---- a new batch ---- */

static void take(struct projector *projector, const struct queued_record *record)
{
    struct projector_batch *batch = &projector->batch;
    size_t at = batch->count++;
    struct event *event = &batch->events[at];
    struct error err = {0};
    batch->offsets[at] = record->offset;
    *event = (struct event){0};
    int result =
        event_decode((struct span){.data = record->bytes, .length = record->length}, event, &err);
    batch->foldable[at] = result == 0 && event->task != NULL && event->cluster != NULL;
    if (result != 0) {
        projector->skipped++;
        log_warn("view.record_unreadable", "an event is unreadable: the view is folded without it",
                 LOG_INT("partition", projector->env.identity->partition),
                 LOG_INT("offset", record->offset), LOG_STR("error", err.message),
                 LOG_INT("so_far", projector->skipped));
    }
}

static void fill(struct projector *projector)
{
    struct projector_batch *batch = &projector->batch;
    struct record_queue *queue = &projector->queue;
    while (batch->count < PROJECTOR_BATCH && queue->first != NULL) {
        take(projector, queue->first);
        record_queue_pop(queue);
    }
    batch->next = queue->first != NULL ? queue->first->offset : projector->read_next;
}

/* All bases that the batch is about are asked for at once. */
static bool bases_are_known(struct projector *projector)
{
    struct projector_batch *batch = &projector->batch;
    for (size_t i = batch->folded; i < batch->count; i++) {
        const struct event *event = &batch->events[i];
        if (batch->foldable[i] && projector_need(projector, event->cluster, event->task) == NULL) {
            loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
            return false;
        }
    }
    if (projector->fetching > 0) {
        projector_fetch(projector);
    }
    return projector->fetching == 0;
}

/* ---- folding ---- */

enum fold_result { FOLDED = 1, FOLD_LATER, FOLD_WENT_BACK };

static void touch(struct projector_batch *batch, struct base *base, int64_t offset)
{
    if (!base->dirty || !base->folded) {
        base->dirty = true;
        base->folded = true;
        batch->touched_at[batch->touched_count] = offset;
        batch->touched[batch->touched_count++] = base;
    }
}

static bool starts_task(const struct event *event)
{
    return event->type == EVENT_TASK_OBSERVED && event->task_observed.revision == 1;
}

/* A base that is not in Redis: either its first record is here, or this pass began at the log's
 * first record, so that there is no earlier one; else earlier records are missing from it. */
static bool begin_base(struct projector *projector, struct base *base, const struct event *event)
{
    if (!starts_task(event) && projector->started != KAFKA_OFFSET_BEGINNING) {
        return false;
    }
    base->state = BASE_HELD;
    base->pos = -1;
    base->reducer = REDUCER_NUMBER;
    base->in_view = false;
    return true;
}

/* Nothing changes it, but who waits for it to be folded up to this record is told that it is. */
static void pass_ended(struct projector *projector, struct base *base, int64_t offset)
{
    if (offset > base->pos) {
        base->pos = offset;
        projector->env.on_base(projector->env.context, base->cluster, base->id);
    }
}

/* Folds a base of an older reducer anew beside what is held, which stays as it is until this has come as far. Where the log no longer
 * has its first record it stays for good. @return 0 or -1 with ERROR_NO_MEMORY or an event that cannot be folded */
static int fold_again(struct base *base, const struct event *event, int64_t offset,
                      struct error *err)
{
    bool changed = false;
    if (base->reducer >= REDUCER_NUMBER || offset > base->pos ||
        (base->again.id == NULL && !starts_task(event))) {
        return 0;
    }
    int result = reduce(&base->again, event, &changed, err);
    if (result == 0 && offset == base->pos) {
        task_release(&base->task);
        base->task = base->again;
        base->again = (struct task){0};
        base->reducer = REDUCER_NUMBER;
    }
    return result;
}

static enum fold_result fold_into(struct projector *projector, struct base *base,
                                  const struct event *event, int64_t offset)
{
    struct error err = {0};
    bool changed = false;
    bool newer = offset > base->pos;
    int result = fold_again(base, event, offset, &err);
    if (result == 0 && newer) {
        result = reduce(&base->task, event, &changed, &err);
    }
    if (result != 0) {
        log_error("view.fold", "an event could not be folded", LOG_INT("offset", offset),
                  LOG_STR("error", err.message));
        if (err.code == ERROR_NO_MEMORY) {
            loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
            return FOLD_LATER;
        }
    }
    base->pos = newer ? offset : base->pos;
    return FOLDED;
}

static enum fold_result fold_one(struct projector *projector, size_t at)
{
    struct projector_batch *batch = &projector->batch;
    const struct event *event = &batch->events[at];
    struct base *base = base_table_find(&projector->table, event->cluster, event->task);
    if (base == NULL || base->state == BASE_FETCHING) {
        return FOLD_LATER;
    }
    if (base->state == BASE_ENDED) {
        pass_ended(projector, base, batch->offsets[at]);
        return FOLDED;
    }
    if (base->state == BASE_ABSENT && !begin_base(projector, base, event)) {
        log_warn("view.base_missing",
                 "Redis lost a task's base: folding the log again from its beginning",
                 LOG_STR("task", event->task), LOG_INT("offset", batch->offsets[at]));
        projector_go_back(projector, KAFKA_OFFSET_BEGINNING, "a base is missing");
        return FOLD_WENT_BACK;
    }
    enum fold_result result = fold_into(projector, base, event, batch->offsets[at]);
    if (result == FOLDED) {
        touch(batch, base, batch->offsets[at]);
    }
    return result;
}

static enum fold_result fold_all(struct projector *projector)
{
    struct projector_batch *batch = &projector->batch;
    while (batch->folded < batch->count) {
        if (batch->foldable[batch->folded]) {
            enum fold_result result = fold_one(projector, batch->folded);
            if (result != FOLDED) {
                return result;
            }
        }
        batch->folded++;
    }
    return FOLDED;
}

static void announce(struct projector *projector)
{
    struct projector_batch *batch = &projector->batch;
    struct error err = {0};
    for (size_t i = 0; i < batch->touched_count; i++) {
        struct base *base = batch->touched[i];
        if (base->folded) {
            base->folded = false;
            if (task_compact(&base->task, &err) != 0) {
                log_debug("view.compact", "no memory to compact a base");
            }
            projector->env.on_base(projector->env.context, base->cluster, base->id);
        }
    }
}

/* ---- putting ---- */

static void on_put(void *context, const struct error *error, enum redis_put_outcome outcome,
                   int64_t seen);

static int describe_put(struct projector *projector, struct base *base,
                        char reserved[TASK_RESERVATION_SIZE], struct redis_put *put,
                        struct error *err)
{
    const struct task *task = &base->task;
    size_t begin = projector->put_bytes.length;
    if (task_encode(task, &projector->put_bytes, err) != 0) {
        projector->put_bytes.length = begin; /* what was written of it, if anything */
        return -1;
    }
    task_put_fill(task, base->pos, projector->env.retention_ms, reserved, put);
    put->reducer = base->reducer;
    put->cluster = base->cluster;
    put->task = base->id;
    put->bytes.length = projector->put_bytes.length - begin;
    return 0;
}

static bool is_past_retention(const struct projector *projector, const struct base *base)
{
    return task_is_terminal(&base->task) && base->task.terminal_at + projector->env.retention_ms <=
                                                clock_wall_ms(projector->env.clock);
}

static void leave_out(struct projector *projector, struct base *base, const struct error *error)
{
    if (base->unwritable) {
        return;
    }
    base->unwritable = true;
    projector->unwritable++;
    log_error("view.base_unwritable",
              "a task cannot be written to Redis and is left there as it was: the view of it is "
              "out of date",
              LOG_STR("task", base->id), LOG_INT("offset", base->pos),
              LOG_STR("error", error->message), LOG_INT("so_far", projector->unwritable));
}

/* As many of the batch's bases as there is room for. @return the number of bases to put, or -1 */
static int collect(struct projector *projector, struct redis_put puts[PROJECTOR_BATCH])
{
    struct projector_batch *batch = &projector->batch;
    int count = 0;
    buffer_clear(&projector->put_bytes);
    for (batch->putting = 0; batch->putting < batch->touched_count; batch->putting++) {
        struct base *base = batch->touched[batch->putting];
        struct error err = {0};
        if (is_past_retention(projector, base) && !base->in_view) {
            continue;
        }
        if (describe_put(projector, base, projector->reserved[count], &puts[count], &err) == 0) {
            base->unwritable = false;
            count++;
        } else if (err.code == ERROR_NO_MEMORY) {
            return -1;
        } else if (err.code == ERROR_FULL && count > 0) {
            break; /* it has the next put's room for itself */
        } else {
            leave_out(projector, base, &err);
        }
    }
    const char *bytes = projector->put_bytes.data;
    for (int i = 0; i < count; i++) {
        puts[i].bytes.data = bytes;
        bytes += puts[i].bytes.length;
    }
    return count;
}

/* Where `seen` may stand after the put under way: no record before that is about a base that is still to be put. Each put moves it, so that a
 * Redis that lost one of them shows it. */
static int64_t put_up_to(const struct projector_batch *batch)
{
    return batch->putting < batch->touched_count ? batch->touched_at[batch->putting] : batch->next;
}

static void put_batch(struct projector *projector)
{
    struct redis_put puts[PROJECTOR_BATCH];
    int count = redis_view_connected(projector->env.view) ? collect(projector, puts) : -1;
    if (count < 0) {
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
        return;
    }
    projector->putting = true;
    projector->put_pass = projector->pass;
    FAULT_POINT(VIEW_FOLDED);
    redis_view_put(projector->env.view, projector->env.identity->host, projector->seen,
                   put_up_to(&projector->batch), puts, (size_t)count, on_put, projector);
    FAULT_POINT(VIEW_PUT);
}

static void settle_base(struct projector *projector, struct base *base)
{
    base->dirty = false;
    base->since_boot_ms = clock_boot_ms(projector->env.clock);
    if (!base->unwritable) {
        base->in_view = !is_past_retention(projector, base);
    }
    if (task_is_terminal(&base->task) && !base->in_view) {
        projector_end(projector, base);
    }
}

/* What was put is no longer the batch's: it may be forgotten before the rest is put. */
static void settle(struct projector *projector)
{
    struct projector_batch *batch = &projector->batch;
    size_t done = batch->putting;
    size_t left = batch->touched_count - done;
    projector->position = put_up_to(batch);
    for (size_t i = 0; i < done; i++) {
        settle_base(projector, batch->touched[i]);
    }
    memmove(batch->touched, batch->touched + done, left * sizeof batch->touched[0]);
    memmove(batch->touched_at, batch->touched_at + done, left * sizeof batch->touched_at[0]);
    batch->touched_count = left;
    batch->putting = 0;
    if (left == 0) {
        projector_batch_clear(batch);
    }
}

static void on_put(void *context, const struct error *error, enum redis_put_outcome outcome,
                   int64_t seen)
{
    struct projector *projector = context;
    FAULT_POINT(VIEW_ANSWERED);
    projector->putting = false;
    if (error == NULL && outcome == REDIS_PUT_OK) {
        projector->seen = seen;
    }
    if (projector->put_pass != projector->pass) {
        loop_timer_arm(projector->work, 0);
    } else if (error != NULL) {
        log_debug("view.put", "a put to Redis failed and is repeated",
                  LOG_STR("error", error->message));
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
    } else if (outcome == REDIS_PUT_SEEN_DIFFERS) {
        projector_on_other_seen(projector, seen);
        loop_timer_arm(projector->work, 0);
    } else {
        settle(projector);
        loop_timer_arm(projector->work, 0);
    }
}

/* ---- facts of the host ---- */

static void on_fact(void *context, const struct error *error)
{
    struct projector *projector = context;
    projector->putting = false;
    if (error != NULL) {
        log_debug("view.host_fact", "a fact of the host could not be put and is put again",
                  LOG_STR("error", error->message));
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
        return;
    }
    if (projector->put_pass == projector->pass) {
        projector->batch.told++;
    }
    loop_timer_arm(projector->work, 0);
}

/* Puts the batch's facts of the host, one at a time, before `seen` moves past them. @return true once the view has them all */
static bool facts_are_told(struct projector *projector)
{
    struct projector_batch *batch = &projector->batch;
    char text[24];
    while (batch->told < batch->count &&
           host_fact_kind(&batch->events[batch->told]) == HOST_FACT_NONE) {
        batch->told++;
    }
    if (batch->told == batch->count) {
        return true;
    }
    const struct event *event = &batch->events[batch->told];
    projector->putting = true;
    projector->put_pass = projector->pass;
    redis_view_host_fact(projector->env.view, projector->env.identity->host,
                         host_fact_name(host_fact_kind(event)), batch->offsets[batch->told],
                         host_fact_value(event, text), on_fact, projector);
    return false;
}

void projector_end(struct projector *projector, struct base *base)
{
    bool gone = strcmp(base->task.terminal, "TaskGone") == 0;
    task_release(&base->task);
    task_release(&base->again);
    base->task.terminal = gone ? "TaskGone" : "TaskStopped";
    base->state = BASE_ENDED;
    projector->ended++;
}

void projector_move_seen(struct projector *projector)
{
    if (projector->loaded && !projector->putting && projector->batch.count == 0 &&
        projector->queue.count == 0 && projector->position > projector->seen &&
        projector->read_next >= 0) {
        projector->batch.next = projector->position;
        put_batch(projector);
    }
}

void projector_fold_step(struct projector *projector)
{
    struct projector_batch *batch = &projector->batch;
    if (projector->putting) {
        return;
    }
    if (batch->count == 0) {
        fill(projector);
        if (batch->count == 0) {
            projector->position = projector->read_next;
            return;
        }
    }
    if (batch->folded < batch->count) {
        if (!bases_are_known(projector) || fold_all(projector) != FOLDED) {
            return;
        }
        announce(projector);
    }
    if (facts_are_told(projector)) {
        put_batch(projector);
    }
}
