#include "tests/unit/worker/fake_view.h"

#include <stdlib.h>
#include <string.h>

#include "common/io/kafka.h"
#include "common/io/redis_view.h"
#include "tests/unit/worker/fake_loop.h"

struct fake_redis fake_redis;
bool fake_redis_away, fake_redis_lose_answer, fake_redis_fact_fails;
unsigned fake_redis_puts, fake_redis_gets;
int64_t fake_log_first, fake_log_end_after_ms;
int fake_log_burst;

static struct {
    char key[40];
    char *bytes;
    size_t length;
} records[FAKE_LOG];
static int64_t record_count;

void fake_view_reset(void)
{
    for (int64_t i = 0; i < record_count; i++) {
        free(records[i].bytes);
    }
    record_count = fake_log_first = fake_log_end_after_ms = 0;
    fake_log_burst = 7;
    memset(&fake_redis, 0, sizeof fake_redis);
    fake_redis.seen = REDIS_SEEN_ABSENT;
    fake_redis_away = fake_redis_lose_answer = fake_redis_fact_fails = false;
    fake_redis_puts = fake_redis_gets = 0;
}

/* ---- Redis ---- */

enum call_kind { CALL_LOAD = 1, CALL_GET, CALL_PUT, CALL_SEEN, CALL_VERIFY, CALL_FACT };

/* A question, answered on the loop. */
struct call {
    struct call *next;
    enum call_kind kind;
    struct loop_timer *timer;
    union {
        redis_load_fn *load;
        redis_base_fn *get;
        redis_put_fn *put;
        redis_seen_fn *seen;
        redis_verify_fn *verify;
        redis_done_fn *done;
    } fn;
    void *context;
    char task[40];
    int64_t known, fresh;
    struct fake_base *puts;
    size_t put_count;
};

static struct fake_base *find(const char *task)
{
    for (size_t i = 0; i < fake_redis.count; i++) {
        struct fake_base *base = &fake_redis.bases[i];
        bool expired = base->terminal && base->expire_unix_ms <= fake_now_ms();
        if (strcmp(base->task, task) == 0 && !expired) {
            return base;
        }
    }
    return NULL;
}

const struct fake_base *fake_view_find(const char *task)
{
    return find(task);
}

static struct redis_base as_redis(const struct fake_base *base)
{
    return (struct redis_base){.cluster = span_of("prod"),
                               .task = span_of(base->task),
                               .pos = base->pos,
                               .reducer = base->reducer,
                               .bytes = {.data = base->bytes, .length = base->length}};
}

static void apply(const struct fake_base *put)
{
    struct fake_base *there = find(put->task);
    if (there != NULL &&
        (put->pos < there->pos || (put->pos == there->pos && put->reducer < there->reducer))) {
        return;
    }
    if (put->terminal && put->expire_unix_ms <= fake_now_ms()) {
        if (there != NULL) {
            *there = fake_redis.bases[--fake_redis.count];
        }
        return;
    }
    if (there == NULL) {
        there = &fake_redis.bases[fake_redis.count++];
    }
    *there = *put;
}

/* As verify.lua: a base that holds nothing takes `seen` away. */
static void answer_verify(const struct call *call, const struct error *error)
{
    struct span wrong = {0};
    for (size_t i = 0; i < fake_redis.count && error == NULL; i++) {
        if (fake_redis.bases[i].length == 0) {
            fake_redis.seen = REDIS_SEEN_ABSENT;
            wrong = span_of(fake_redis.bases[i].task);
        }
    }
    call->fn.verify(call->context, error, fake_redis.seen, wrong);
}

static void answer_put(struct call *call, const struct error *error)
{
    enum redis_put_outcome outcome = REDIS_PUT_SEEN_DIFFERS;
    redis_put_fn *fn = call->fn.put;
    if (error == NULL && fake_redis.seen == call->known) {
        outcome = REDIS_PUT_OK;
        for (size_t i = 0; i < call->put_count; i++) {
            apply(&call->puts[i]);
        }
        fake_redis.seen = call->fresh > fake_redis.seen ? call->fresh : fake_redis.seen;
    }
    if (fake_redis_lose_answer) {
        static const struct error lost = {.code = ERROR_TIMEOUT, .message = "lost"};
        fake_redis_lose_answer = false;
        fn(call->context, &lost, 0, 0);
        return;
    }
    fn(call->context, error, outcome, fake_redis.seen);
}

static void answer(void *context)
{
    static const struct error away = {.code = ERROR_UNAVAILABLE, .message = "away"};
    struct call *call = context;
    const struct error *error = fake_redis_away ? &away : NULL;
    struct redis_base bases[FAKE_TASKS];
    size_t count = 0;
    const struct fake_base *one = find(call->task);
    switch (call->kind) {
    case CALL_LOAD:
        for (size_t i = 0; i < fake_redis.count; i++) {
            if (!fake_redis.bases[i].terminal) {
                bases[count++] = as_redis(&fake_redis.bases[i]);
            }
        }
        call->fn.load(call->context, error, fake_redis.seen, bases, count);
        break;
    case CALL_GET:
        if (one != NULL) {
            bases[0] = as_redis(one);
        }
        call->fn.get(call->context, error, fake_redis.seen, one == NULL ? NULL : &bases[0]);
        break;
    case CALL_PUT:
        answer_put(call, error);
        break;
    case CALL_FACT:
        error = fake_redis_fact_fails ? &away : error;
        if (error == NULL) {
            fake_redis.facts++;
        }
        call->fn.done(call->context, error);
        break;
    case CALL_SEEN:
        call->fn.seen(call->context, error, fake_redis.seen);
        break;
    case CALL_VERIFY:
        answer_verify(call, error);
        break;
    }
    loop_timer_free(call->timer);
    free(call->puts);
    free(call);
}

static struct call *ask(enum call_kind kind, void *context)
{
    struct call *call = calloc(1, sizeof *call);
    call->kind = kind;
    call->context = context;
    call->timer = loop_timer_new(NULL, answer, call);
    loop_timer_arm(call->timer, fake_redis_away ? 50 : 1);
    return call;
}

bool redis_view_connected(const struct redis_view *view)
{
    (void)view;
    return true;
}

void redis_view_load(struct redis_view *view, const char *host, redis_load_fn *fn, void *context)
{
    (void)view, (void)host;
    ask(CALL_LOAD, context)->fn.load = fn;
}

void redis_view_get(struct redis_view *view, const char *host, const char *cluster,
                    const char *task, redis_base_fn *fn, void *context)
{
    (void)view, (void)host, (void)cluster;
    struct call *call = ask(CALL_GET, context);
    call->fn.get = fn;
    strncpy(call->task, task, sizeof call->task - 1);
    fake_redis_gets++;
}

void redis_view_put(struct redis_view *view, const char *host, int64_t seen_known, int64_t seen_new,
                    const struct redis_put *puts, size_t count, redis_put_fn *fn, void *context)
{
    (void)view, (void)host;
    struct call *call = ask(CALL_PUT, context);
    call->fn.put = fn;
    call->known = seen_known;
    call->fresh = seen_new;
    call->puts = calloc(count + 1, sizeof *call->puts);
    call->put_count = count;
    fake_redis_puts++;
    for (size_t i = 0; i < count; i++) {
        struct fake_base *put = &call->puts[i];
        strncpy(put->task, puts[i].task, sizeof put->task - 1);
        put->pos = puts[i].pos;
        put->reducer = puts[i].reducer;
        put->terminal = puts[i].terminal;
        put->expire_unix_ms = puts[i].expire_unix_ms;
        put->length = puts[i].bytes.length;
        if (put->length > sizeof put->bytes) {
            abort();
        }
        memcpy(put->bytes, puts[i].bytes.data, put->length);
    }
}

void redis_view_seen(struct redis_view *view, const char *host, redis_seen_fn *fn, void *context)
{
    (void)view, (void)host;
    ask(CALL_SEEN, context)->fn.seen = fn;
}

void redis_view_verify(struct redis_view *view, const char *host, redis_verify_fn *fn,
                       void *context)
{
    (void)view, (void)host;
    ask(CALL_VERIFY, context)->fn.verify = fn;
}

void redis_view_void(struct redis_view *view, const char *host, const char *cluster,
                     const char *task, redis_done_fn *fn, void *context)
{
    struct fake_base *base = find(task);
    (void)view, (void)host, (void)cluster, (void)fn, (void)context;
    if (base != NULL) {
        base->pos = base->reducer = 0;
        base->length = 0;
    }
}

void redis_view_host_fact(struct redis_view *view, const char *host, const char *kind,
                          int64_t offset, const char *value, redis_done_fn *fn, void *context)
{
    (void)view, (void)host, (void)kind, (void)offset, (void)value;
    ask(CALL_FACT, context)->fn.done = fn;
}

/* ---- the log ---- */

struct kafka_reader {
    struct kafka_reader_callbacks callbacks;
    void *context;
    struct loop_timer *timer;
    int64_t next;    /* -1 = nothing assigned */
    int64_t read_ms; /* when the last record was delivered */
    bool paused, ended;
};
static struct kafka_reader *the_reader;

int64_t fake_log_append(const char *key, struct span value)
{
    strncpy(records[record_count].key, key, sizeof records[0].key - 1);
    records[record_count].bytes = malloc(value.length + 1);
    memcpy(records[record_count].bytes, value.data, value.length);
    records[record_count].length = value.length;
    record_count++;
    if (the_reader != NULL) {
        the_reader->ended = false;
        loop_timer_arm(the_reader->timer, 1);
    }
    return record_count - 1;
}

int64_t fake_log_end(void)
{
    return record_count;
}

struct span fake_log_value(int64_t offset)
{
    return (struct span){.data = records[offset].bytes, .length = records[offset].length};
}

const char *fake_log_key(int64_t offset)
{
    return records[offset].key;
}

static void read_some(void *context)
{
    struct kafka_reader *reader = context;
    for (int i = 0; i < fake_log_burst && !reader->paused && reader->next >= 0; i++) {
        if (reader->next < fake_log_first || reader->next > record_count) {
            reader->next = -1;
            reader->callbacks.on_out_of_range(reader->context, 0, "gone");
            return;
        }
        if (reader->next == record_count) {
            int64_t left = reader->read_ms + fake_log_end_after_ms - fake_now_ms();
            if (left > 0) {
                loop_timer_arm(reader->timer, left);
            } else if (!reader->ended) {
                reader->ended = true;
                reader->callbacks.on_end(reader->context, 0, record_count);
            }
            return;
        }
        int64_t at = reader->next++;
        struct kafka_record record = {
            .offset = at, .key = span_of(records[at].key), .value = fake_log_value(at)};
        reader->read_ms = fake_now_ms();
        reader->callbacks.on_record(reader->context, &record);
    }
    loop_timer_arm(reader->timer, 1);
}

struct kafka_reader *kafka_reader_new(struct loop *loop, const struct kafka_config *config,
                                      const char *topic, const char *group,
                                      const struct kafka_reader_callbacks *callbacks, void *context,
                                      struct error *err)
{
    (void)loop, (void)config, (void)topic, (void)group, (void)err;
    the_reader = calloc(1, sizeof *the_reader);
    the_reader->callbacks = *callbacks;
    the_reader->context = context;
    the_reader->next = -1;
    the_reader->timer = loop_timer_new(loop, read_some, the_reader);
    return the_reader;
}

void kafka_reader_free(struct kafka_reader *reader)
{
    if (reader != NULL) {
        loop_timer_free(reader->timer);
        free(reader);
    }
    the_reader = NULL;
}

int kafka_reader_assign(struct kafka_reader *reader, int32_t partition, int64_t offset,
                        int64_t timeout_ms, struct error *err)
{
    (void)partition, (void)timeout_ms, (void)err;
    reader->next = offset == KAFKA_OFFSET_BEGINNING ? fake_log_first : offset;
    reader->ended = false;
    loop_timer_arm(reader->timer, 1);
    return 0;
}

int kafka_reader_bounds(struct kafka_reader *reader, int32_t partition, int64_t timeout_ms,
                        int64_t *ret_first, int64_t *ret_next, struct error *err)
{
    (void)reader, (void)partition, (void)timeout_ms, (void)err;
    *ret_first = fake_log_first;
    *ret_next = fake_log_end();
    return 0;
}

void kafka_reader_pause(struct kafka_reader *reader)
{
    reader->paused = true;
}

void kafka_reader_resume(struct kafka_reader *reader)
{
    reader->paused = false;
    loop_timer_arm(reader->timer, 1);
}
