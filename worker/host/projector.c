#include "worker/host/projector.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "common/domain/reduce.h"
#include "worker/host/projector_state.h"

enum { KEY_SHOWN_BYTES = 512, BOUNDS_TIMEOUT_MS = 1000 };

/* ---- reading the log ---- */

static void on_record(void *context, const struct kafka_record *record)
{
    struct projector *projector = context;
    struct error err = {0};
    if (record->offset < projector->read_next) {
        return;
    }
    if (span_equal_text(record->key, projector->env.identity->host) &&
        record_queue_push(&projector->queue, record->offset, record->value, &err) != 0) {
        log_error("view.no_memory", "no memory for a record of the log, reading it again soon",
                  LOG_INT("offset", record->offset));
        projector_go_back(projector, projector->position, "out of memory");
        return;
    }
    projector->read_next = record->offset + 1;
    if (projector->queue.count >= PROJECTOR_QUEUE_MAX && !projector->paused) {
        projector->paused = true;
        kafka_reader_pause(projector->reader);
    }
    if (!loop_timer_armed(projector->work)) {
        loop_timer_arm(projector->work, 0);
    }
}

static void on_end(void *context, int32_t partition, int64_t next_offset)
{
    struct projector *projector = context;
    (void)partition;
    if (next_offset > projector->read_next) {
        projector->read_next = next_offset;
    }
    projector->at_end = true;
    projector->end = projector->read_next;
    loop_timer_arm(projector->work, 0);
}

static void strand(struct projector *projector, int64_t seen, int64_t end)
{
    if (!projector->stranded) {
        projector->stranded = true;
        log_error(
            "log.begun_anew",
            "the log ends before what the view was made of: it was begun anew or put back from an "
            "older copy; nothing is folded into this view any more (docs/operate.md)",
            LOG_INT("partition", projector->env.identity->partition), LOG_INT("seen", seen),
            LOG_INT("end", end));
        projector->env.on_log_changed(projector->env.context, seen, end);
    }
}

static void on_out_of_range(void *context, int32_t partition, const char *detail)
{
    struct projector *projector = context;
    struct error err = {0};
    int64_t first = 0, end = 0;
    if (kafka_reader_bounds(projector->reader, partition, BOUNDS_TIMEOUT_MS, &first, &end, &err) ==
            0 &&
        end < projector->seen) {
        strand(projector, projector->seen, end);
        return;
    }
    log_error("view.out_of_range",
              "the log does not hold the position that the view was at: folding from its beginning",
              LOG_INT("partition", partition), LOG_INT("offset", projector->read_next),
              LOG_STR("detail", detail));
    projector_go_back(projector, KAFKA_OFFSET_BEGINNING, "the position is out of range");
}

static void drop_unheld(void *context, struct base *base)
{
    struct projector *projector = context;
    task_release(&base->again);
    if (base->state == BASE_ABSENT || base->state == BASE_ENDED) {
        projector_forget(projector, base);
    }
}

void projector_go_back(struct projector *projector, int64_t offset, const char *why)
{
    struct error err = {0};
    bool beginning = offset <= 0;
    if (projector->read_next > projector->end) {
        projector->end = projector->read_next;
    }
    projector->pass++;
    projector->started = beginning ? KAFKA_OFFSET_BEGINNING : offset;
    projector->position = beginning ? 0 : offset;
    projector->read_next = projector->position;
    projector->at_end = false;
    projector_batch_clear(&projector->batch);
    record_queue_clear(&projector->queue);
    ended_names_release(&projector->names);
    /* What ended may have to be put again; of what is held, each record read again puts it. */
    base_table_each(&projector->table, drop_unheld, projector);
    log_info("view.fold_from", "folding the log", LOG_STR("why", why),
             LOG_INT("offset", projector->position));
    if (projector->paused) {
        projector->paused = false;
        kafka_reader_resume(projector->reader);
    }
    if (kafka_reader_assign(projector->reader, projector->env.identity->partition,
                            projector->started, 0, &err) != 0) {
        log_error("view.reader", "the log cannot be read, trying again",
                  LOG_STR("error", err.message));
        projector->read_next = -1;
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
    }
}

void projector_on_other_seen(struct projector *projector, int64_t seen)
{
    if (projector->putting) {
        return; /* the put's own answer tells */
    }
    int64_t known = projector->seen;
    projector->seen = seen;
    if (seen >= projector->position) {
        return;
    }
    const bool empty = seen < 0;
    log_warn("view.fell_back",
             empty ? "Redis is empty, it holds nothing of this host: folding the log again from "
                     "its beginning"
                   : "Redis holds an older state: folding the log again from there",
             LOG_INT("seen_known", known), LOG_INT("seen_found", seen));
    projector_go_back(projector, empty ? KAFKA_OFFSET_BEGINNING : seen,
                      empty ? "Redis is empty" : "Redis holds an older state");
    projector->env.on_view_lost(projector->env.context);
}

/* ---- the load at the start ---- */

static bool hold_loaded(struct projector *projector, const struct redis_base *found)
{
    struct error err = {0};
    char *cluster = memory_strndup(found->cluster.data, found->cluster.length);
    char *task = memory_strndup(found->task.data, found->task.length);
    struct base *base =
        cluster == NULL || task == NULL ? NULL : projector_need(projector, cluster, task);
    int result = base == NULL ? error_no_memory(&err, "loading bases")
                              : projector_hold(projector, base, found, &err);
    if (result != 0) {
        if (base != NULL) {
            (void)projector_void(projector, cluster, task, &err);
            projector_forget(projector, base);
        }
    }
    memory_free(cluster);
    memory_free(task);
    return result == 0;
}

/* What an older version folded is right by its own rules; the log, from its first record on, is folded by the new ones. */
static bool has_older(const struct projector *projector, const struct redis_base *bases,
                      size_t count)
{
    size_t older = 0;
    for (size_t i = 0; i < count; i++) {
        older += bases[i].reducer < REDUCER_NUMBER && bases[i].bytes.length > 0;
    }
    if (older > 0) {
        log_info("view.older_fold",
                 "bases in Redis were folded by an older version: folding them again from the "
                 "log's first record",
                 LOG_INT("bases", older), LOG_STR("host", projector->env.identity->host));
    }
    return older > 0;
}

static void announce(void *context, struct base *base)
{
    struct projector *projector = context;
    if (base->state == BASE_HELD) {
        projector->env.on_base(projector->env.context, base->cluster, base->id);
    }
}

static void on_loaded(void *context, const struct error *error, int64_t seen,
                      const struct redis_base *bases, size_t count)
{
    struct projector *projector = context;
    projector->loading = false;
    if (error != NULL) {
        loop_timer_arm(projector->retry, PROJECTOR_RETRY_MS);
        return;
    }
    bool all = true;
    projector->seen = seen;
    for (size_t i = 0; i < count && seen != REDIS_SEEN_ABSENT; i++) {
        all = hold_loaded(projector, &bases[i]) && all;
    }
    if (seen > projector->end) {
        strand(projector, seen, projector->end);
        return;
    }
    projector->loaded = true;
    all = !has_older(projector, bases, count) && all;
    int64_t from = seen < projector->committed ? seen : projector->committed;
    log_info("view.loaded", "read the open tasks from Redis",
             LOG_INT("tasks", projector->table.ids.count), LOG_INT("seen", seen));
    projector_go_back(projector, all ? from : KAFKA_OFFSET_BEGINNING, "start");
    base_table_each(&projector->table, announce, projector);
    loop_timer_arm(projector->compare, PROJECTOR_COMPARE_MS);
    loop_timer_arm(projector->tidy, PROJECTOR_SEEN_MS);
}

static void load(struct projector *projector)
{
    if (!projector->loaded && !projector->loading && !projector->stranded) {
        projector->loading = true;
        redis_view_load(projector->env.view, projector->env.identity->host, on_loaded, projector);
    }
}

void projector_start(struct projector *projector, int64_t committed, int64_t end)
{
    projector->end = end;
    projector->committed = committed;
    projector->begun = true;
    load(projector);
}

/* ---- timers ---- */

static void on_compared(void *context, const struct error *error, int64_t seen)
{
    struct projector *projector = context;
    if (error == NULL && seen != projector->seen) {
        projector_on_other_seen(projector, seen);
    }
    loop_timer_arm(projector->work, 0);
}

static void on_verified(void *context, const struct error *error, int64_t seen, struct span wrong)
{
    if (error == NULL && wrong.length > 0) {
        char key[KEY_SHOWN_BYTES];
        snprintf(key, sizeof key, "%.*s", (int)wrong.length, wrong.data);
        log_error(
            "view.corrupt",
            "a key of this host's part of the view is gone or holds what is not ours: putting "
            "all of this host's again",
            LOG_STR("key", key));
    }
    on_compared(context, error, seen);
}

/* Until a pass has put all that was read before it, it still puts what is not right; looking for it then would only begin it
 * anew. What is read or put beyond that does not matter: each put leaves the view right, and Redis answers in order. */
static bool has_caught_up(const struct projector *projector)
{
    return projector->position >= projector->end;
}

static void on_compare(void *context)
{
    struct projector *projector = context;
    const char *host = projector->env.identity->host;
    if (has_caught_up(projector)) {
        redis_view_verify(projector->env.view, host, on_verified, projector);
    } else {
        redis_view_seen(projector->env.view, host, on_compared, projector);
    }
    loop_timer_arm(projector->compare, PROJECTOR_COMPARE_MS);
}

static void on_retry(void *context)
{
    struct projector *projector = context;
    if (!projector->loaded) {
        load(projector);
    } else if (projector->read_next < 0) {
        projector_go_back(projector, projector->position, "trying again");
    }
    projector_fetch(projector);
    projector_step(projector);
}

static void on_work(void *context)
{
    projector_step(context);
}

static void tidy_one(void *context, struct base *base)
{
    struct projector *projector = context;
    int64_t age = clock_boot_ms(projector->env.clock) - base->since_boot_ms;
    /* Where this pass has not come to its last record yet, that has to put it again. */
    bool passed = base->pos < projector->position;
    if (base->state == BASE_HELD && !base->dirty && passed && task_is_terminal(&base->task) &&
        age > PROJECTOR_LINGER_MS) {
        projector_end(projector, base);
    } else if (base->state == BASE_ABSENT && age > PROJECTOR_ABSENT_MS) {
        projector_forget(projector, base);
    }
}

static void keep_name(void *context, struct base *base)
{
    struct projector *projector = context;
    if (base->state != BASE_ENDED) {
        return;
    }
    if (!ended_names_add(&projector->names, base->cluster, base->id)) {
        /* A record of it, or a question by the log, then asks for a fold from the beginning. */
        projector->started = projector->position;
    }
    projector_forget(projector, base);
}

static void on_tidy(void *context)
{
    struct projector *projector = context;
    base_table_each(&projector->table, tidy_one, projector);
    if (projector->ended > PROJECTOR_ENDED_MAX && projector->at_end) {
        base_table_each(&projector->table, keep_name, projector);
    }
    loop_timer_arm(projector->tidy, PROJECTOR_SEEN_MS);
    projector_step(projector);
    projector_move_seen(projector);
}

void projector_step(struct projector *projector)
{
    if (!projector->loaded || projector->stranded || projector->read_next < 0) {
        return;
    }
    projector_fold_step(projector);
    if (projector->paused && projector->queue.count <= PROJECTOR_QUEUE_RESUME) {
        projector->paused = false;
        kafka_reader_resume(projector->reader);
    }
    /* Kafka says that it is the end only half a second after the last record. */
    bool read = projector->at_end || projector->read_next >= projector->end;
    if (read && projector->queue.count == 0 && projector->batch.count == 0) {
        projector->ready = true;
    }
}

/* ---- the rest of the worker asks ---- */

void projector_on_view_back(struct projector *projector)
{
    if (projector->begun) {
        loop_timer_arm(projector->retry, 0);
    }
    if (projector->loaded) {
        on_compare(projector);
    }
}

int64_t projector_position(const struct projector *projector)
{
    return projector->loaded ? projector->position : -1;
}

bool projector_ready(const struct projector *projector)
{
    return projector->ready;
}

const struct task *projector_base(struct projector *projector, const char *cluster,
                                  const char *task, int64_t *ret_pos)
{
    struct base *base = projector->loaded ? projector_need(projector, cluster, task) : NULL;
    if (base != NULL && (base->state == BASE_HELD || base->state == BASE_ENDED)) {
        *ret_pos = base->pos;
        return &base->task;
    }
    if (base != NULL && base->state == BASE_FETCHING && !base->outstanding) {
        projector_fetch_one(projector, base);
    }
    return NULL;
}

enum projector_knowledge projector_knows(struct projector *projector, const char *cluster,
                                         const char *task)
{
    int64_t pos = 0;
    if (projector_base(projector, cluster, task, &pos) != NULL) {
        return PROJECTOR_KNOWN;
    }
    const struct base *base = base_table_find(&projector->table, cluster, task);
    if (base != NULL && base->state == BASE_ABSENT) {
        return base->elsewhere ? PROJECTOR_KNOWN : PROJECTOR_ABSENT;
    }
    return PROJECTOR_UNKNOWN;
}

enum projector_knowledge projector_knows_by_log(struct projector *projector, const char *cluster,
                                                const char *task)
{
    enum projector_knowledge known = projector_knows(projector, cluster, task);
    if (known != PROJECTOR_ABSENT) {
        return known;
    }
    if (projector->started != KAFKA_OFFSET_BEGINNING) {
        projector_go_back(projector, KAFKA_OFFSET_BEGINNING,
                          "the log tells whether a task of a given id has ended");
        return PROJECTOR_UNKNOWN;
    }
    return has_caught_up(projector) ? PROJECTOR_ABSENT : PROJECTOR_UNKNOWN;
}

/** projector_each_open on its way through the table. */
struct each_open {
    projector_each_fn *fn;
    void *context;
};

static void visit_open(void *context, struct base *base)
{
    const struct each_open *each = context;
    if (base->state == BASE_HELD && !task_is_terminal(&base->task)) {
        each->fn(each->context, &base->task);
    }
}

void projector_each_open(struct projector *projector, projector_each_fn *fn, void *context)
{
    struct each_open each = {.fn = fn, .context = context};
    base_table_each(&projector->table, visit_open, &each);
}

/* ---- lifecycle ---- */

struct projector *projector_new(const struct projector_environment *environment, struct error *err)
{
    static const struct kafka_reader_callbacks callbacks = {
        .on_record = on_record, .on_end = on_end, .on_out_of_range = on_out_of_range};
    struct projector *projector = memory_calloc(1, sizeof *projector);
    if (projector == NULL) {
        error_no_memory(err, "starting the projector");
        return NULL;
    }
    projector->env = *environment;
    projector->seen = REDIS_SEEN_ABSENT;
    projector->committed = -1;
    buffer_init(&projector->put_bytes, PROJECTOR_PUT_MAX_BYTES);
    projector->work = loop_timer_new(environment->loop, on_work, projector);
    projector->retry = loop_timer_new(environment->loop, on_retry, projector);
    projector->tidy = loop_timer_new(environment->loop, on_tidy, projector);
    projector->compare = loop_timer_new(environment->loop, on_compare, projector);
    if (projector->work == NULL || projector->retry == NULL || projector->tidy == NULL ||
        projector->compare == NULL) {
        error_no_memory(err, "starting the projector");
    } else {
        projector->reader = kafka_reader_new(environment->loop, environment->kafka,
                                             KAFKA_EVENTS_TOPIC, NULL, &callbacks, projector, err);
    }
    if (projector->reader == NULL) {
        projector_free(projector);
        return NULL;
    }
    return projector;
}

void projector_free(struct projector *projector)
{
    if (projector == NULL) {
        return;
    }
    kafka_reader_free(projector->reader);
    loop_timer_free(projector->work);
    loop_timer_free(projector->retry);
    loop_timer_free(projector->tidy);
    loop_timer_free(projector->compare);
    projector_batch_clear(&projector->batch);
    record_queue_clear(&projector->queue);
    base_table_release(&projector->table);
    ended_names_release(&projector->names);
    buffer_release(&projector->put_bytes);
    memory_free(projector);
}
