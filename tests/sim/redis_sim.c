/** common/io/redis_view.h, the worker's side: put, load, get, seen and the rest as the Lua scripts have them, one connection in order. */

#include <stdlib.h>
#include <string.h>

#include "common/io/redis_view.h"
#include "tests/sim/sim.h"

enum { TIMEOUT_MS = 2000 };

struct redis_view {
    redis_state_fn *on_state;
    void *context;
    int owner;
    bool dead, connected;
    int64_t free_ms; /**< when the last request arrives: they stay in order */
};

enum kind { LOAD, GET, PUT, SEEN, VERIFY, PUT_HOST, HEARTBEAT, PUT_LIVE };

struct put_copy {
    char id[40];
    int64_t pos, reducer;
    char *bytes;
    size_t length;
    bool terminal;
};

/** One request, and its answer. */
struct asking {
    struct redis_view *view;
    enum kind kind;
    char id[40], holder[128];
    int64_t known, new_seen, ttl_ms;
    struct put_copy *puts;
    size_t count;
    union {
        redis_load_fn *load;
        redis_base_fn *get;
        redis_put_fn *put;
        redis_seen_fn *seen;
        redis_verify_fn *verify;
        redis_done_fn *done;
        redis_heartbeat_fn *heartbeat;
    } fn;
    void *context;
    /* the answer */
    bool failed;
    int64_t seen;
    enum redis_put_outcome outcome;
    bool other;
};

static struct redis_view *views[SIM_ALIVE]; /**< one a worker */

static void *zeroed(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static char *copied(const char *data, size_t length)
{
    char *copy = zeroed(length + 1);
    memcpy(copy, data, length);
    return copy;
}

/* ---- the connection ---- */

static void tell(void *context)
{
    struct redis_view *view = context;
    if (view->dead) {
        return;
    }
    if (!sim_redis_reached() && view->connected) {
        view->connected = false;
        view->on_state(view->context, REDIS_AWAY, "sim");
    } else if (sim_redis_reached() && !view->connected) {
        view->connected = true;
        view->on_state(view->context, REDIS_BACK, "sim");
    }
}

static void tell_view(void)
{
    bool reached = sim_redis_reached();
    sim.disturbed_ms = sim.now_ms;
    for (size_t i = 0; i < SIM_ALIVE; i++) {
        if (views[i] != NULL) {
            sim_after(reached ? sim_between(10, 1000) : 0, views[i]->owner, tell, views[i]);
        }
    }
}

void sim_redis_state(bool up)
{
    if (sim.redis_up != up) {
        sim.redis_up = up;
        sim_say("Redis is %s", up ? "back" : "AWAY");
        tell_view();
    }
}

void sim_redis_cut(bool cut)
{
    if (sim.redis_cut != cut) {
        sim.redis_cut = cut;
        sim_say("the worker is %s Redis", cut ? "CUT OFF from" : "joined again with");
        tell_view();
    }
}

bool sim_redis_reached(void)
{
    return sim.redis_up && !sim.redis_cut;
}

static void connect_later(void *context)
{
    tell(context);
}

struct redis_view *redis_view_new(struct loop *loop, const struct redis_config *config,
                                  redis_state_fn *on_state, void *context, struct error *err)
{
    (void)loop;
    (void)config;
    (void)err;
    struct redis_view *view = zeroed(sizeof *view);
    *view = (struct redis_view){.on_state = on_state,
                                .context = context,
                                .owner = sim.worker->number,
                                .connected = sim_redis_reached()};
    views[sim.worker - sim.workers] = view;
    if (!sim_redis_reached()) {
        sim_after(1, view->owner, connect_later, view);
    }
    return view;
}

void redis_view_free(struct redis_view *view)
{
    if (view != NULL) {
        view->dead = true;
    }
}

bool redis_view_connected(const struct redis_view *view)
{
    return view->connected && sim_redis_reached();
}

/* ---- a request arrives ---- */

static void do_put(struct asking *asking)
{
    struct sim_redis *redis = &sim.redis;
    if (asking->known != REDIS_SEEN_IGNORE && redis->seen != asking->known) {
        asking->outcome = REDIS_PUT_SEEN_DIFFERS;
        asking->seen = redis->seen;
        sim_say("redis: seen is %lld, not %lld", (long long)redis->seen, (long long)asking->known);
        return;
    }
    for (size_t i = 0; i < asking->count; i++) {
        const struct put_copy *put = &asking->puts[i];
        sim_redis_apply_put(put->id, put->pos, put->reducer, (struct span){put->bytes, put->length},
                            put->terminal);
    }
    if (asking->new_seen > redis->seen) {
        redis->seen = asking->new_seen;
    }
    asking->outcome = REDIS_PUT_OK;
    asking->seen = redis->seen;
    sim_check_seen();
}

static void do_heartbeat(struct asking *asking)
{
    struct sim_redis *redis = &sim.redis;
    bool free_now = redis->holder[0] == '\0' || redis->held_until_ms <= sim.now_ms;
    asking->other = !free_now && strcmp(redis->holder, asking->holder) != 0;
    if (asking->other) {
        memcpy(asking->holder, redis->holder, sizeof redis->holder);
    } else {
        memcpy(redis->holder, asking->holder, sizeof redis->holder);
        redis->held_until_ms = sim.now_ms + asking->ttl_ms;
    }
}

static void answer_load(struct asking *asking, const struct error *error)
{
    struct redis_base bases[64];
    size_t count = 0;
    for (int i = 0; i < sim.redis.count && count < 64; i++) {
        const struct sim_base *base = &sim.redis.bases[i];
        if (!base->terminal) {
            bases[count++] = (struct redis_base){.cluster = span_of(SIM_CLUSTER),
                                                 .task = span_of(base->id),
                                                 .pos = base->pos,
                                                 .reducer = base->reducer,
                                                 .bytes = {base->bytes, base->length}};
        }
    }
    asking->fn.load(asking->context, error, sim.redis.seen, bases, count);
}

static void answer_get(struct asking *asking, const struct error *error)
{
    const struct sim_base *base = sim_base_find(asking->id);
    struct redis_base found = {0};
    if (base != NULL) {
        found = (struct redis_base){.cluster = span_of(SIM_CLUSTER),
                                    .task = span_of(base->id),
                                    .pos = base->pos,
                                    .reducer = base->reducer,
                                    .bytes = {base->bytes, base->length}};
    }
    asking->fn.get(asking->context, error, sim.redis.seen, base == NULL ? NULL : &found);
}

/** On the worker's stack. Reads see Redis as it is now: the request and its answer are one step. */
static void answer_one(struct asking *asking)
{
    struct error failure = {.code = ERROR_UNAVAILABLE, .message = "redis is away"};
    const struct error *error = asking->failed ? &failure : NULL;
    if (asking->view->dead) {
        return;
    }
    sim_seam("before an answer of Redis");
    switch (asking->kind) {
    case LOAD:
        answer_load(asking, error);
        break;
    case GET:
        answer_get(asking, error);
        break;
    case PUT:
        asking->fn.put(asking->context, error, asking->outcome, asking->seen);
        break;
    case SEEN:
        asking->fn.seen(asking->context, error, sim.redis.seen);
        break;
    case VERIFY:
        asking->fn.verify(asking->context, error, sim.redis.seen, (struct span){0});
        break;
    case PUT_HOST:
    case PUT_LIVE:
        asking->fn.done(asking->context, error);
        break;
    case HEARTBEAT:
        asking->fn.heartbeat(asking->context, error, asking->other ? asking->holder : NULL);
        break;
    }
}

static void answer(void *context)
{
    struct asking *asking = context;
    answer_one(asking);
    for (size_t i = 0; i < asking->count; i++) {
        free(asking->puts[i].bytes);
    }
    free(asking->puts);
    free(asking);
}

static void fail(void *context)
{
    struct asking *asking = context;
    asking->failed = true;
    answer(asking);
}

static void arrive(void *context)
{
    struct asking *asking = context;
    if (!sim_redis_reached()) {
        sim_after(0, asking->view->owner, fail, asking);
        return;
    }
    bool lost = !sim.healing && sim_chance(0.03);
    if (lost && sim_chance(0.4)) {
        sim_after(TIMEOUT_MS, asking->view->owner, fail, asking); /* it never arrived */
        return;
    }
    if (asking->kind == PUT) {
        do_put(asking);
    } else if (asking->kind == HEARTBEAT) {
        do_heartbeat(asking);
    }
    sim_after(lost ? TIMEOUT_MS : sim_between(0, 3), asking->view->owner, lost ? fail : answer,
              asking);
}

static struct asking *ask(struct redis_view *view, enum kind kind, void *context)
{
    struct asking *asking = zeroed(sizeof *asking);
    *asking = (struct asking){.view = view, .kind = kind, .context = context};
    return asking;
}

static void go(struct asking *asking)
{
    struct redis_view *view = asking->view;
    int64_t at = sim.now_ms + (sim_chance(0.05) ? sim_between(5, 800) : sim_between(0, 3));
    sim_seam("before a request to Redis");
    if (!redis_view_connected(view)) {
        sim_after(0, view->owner, fail, asking);
        return;
    }
    view->free_ms = at > view->free_ms ? at : view->free_ms;
    sim_after(view->free_ms - sim.now_ms, 0, arrive, asking);
    sim_seam("after a request to Redis");
}

/* ---- the calls ---- */

void redis_view_load(struct redis_view *view, const char *host, redis_load_fn *fn, void *context)
{
    (void)host;
    struct asking *asking = ask(view, LOAD, context);
    asking->fn.load = fn;
    go(asking);
}

void redis_view_get(struct redis_view *view, const char *host, const char *cluster,
                    const char *task, redis_base_fn *fn, void *context)
{
    (void)host;
    (void)cluster;
    struct asking *asking = ask(view, GET, context);
    asking->fn.get = fn;
    memcpy(asking->id, task, strlen(task) + 1);
    go(asking);
}

void redis_view_put(struct redis_view *view, const char *host, int64_t seen_known, int64_t seen_new,
                    const struct redis_put *puts, size_t count, redis_put_fn *fn, void *context)
{
    (void)host;
    struct asking *asking = ask(view, PUT, context);
    asking->fn.put = fn;
    asking->known = seen_known;
    asking->new_seen = seen_new;
    asking->puts = zeroed((count + 1) * sizeof *asking->puts);
    for (size_t i = 0; i < count; i++) {
        struct put_copy *put = &asking->puts[asking->count++];
        *put = (struct put_copy){.pos = puts[i].pos,
                                 .reducer = puts[i].reducer,
                                 .bytes = copied(puts[i].bytes.data, puts[i].bytes.length),
                                 .length = puts[i].bytes.length,
                                 .terminal = puts[i].terminal};
        memcpy(put->id, puts[i].task, strlen(puts[i].task) + 1);
    }
    go(asking);
}

void redis_view_seen(struct redis_view *view, const char *host, redis_seen_fn *fn, void *context)
{
    (void)host;
    struct asking *asking = ask(view, SEEN, context);
    asking->fn.seen = fn;
    go(asking);
}

void redis_view_verify(struct redis_view *view, const char *host, redis_verify_fn *fn,
                       void *context)
{
    (void)host;
    struct asking *asking = ask(view, VERIFY, context);
    asking->fn.verify = fn;
    go(asking);
}

/* No base of a simulated Redis is unreadable. */
void redis_view_void(struct redis_view *view, const char *host, const char *cluster,
                     const char *task, redis_done_fn *fn, void *context)
{
    (void)view;
    (void)host;
    (void)cluster;
    (void)task;
    (void)fn;
    (void)context;
    abort();
}

void redis_view_put_host(struct redis_view *view, const char *host, const char *cluster,
                         struct span record, redis_done_fn *fn, void *context)
{
    (void)host;
    (void)cluster;
    (void)record;
    struct asking *asking = ask(view, PUT_HOST, context);
    asking->fn.done = fn;
    go(asking);
}

void redis_view_host_fact(struct redis_view *view, const char *host, const char *kind,
                          int64_t offset, const char *value, redis_done_fn *fn, void *context)
{
    (void)host;
    (void)kind;
    (void)offset;
    (void)value;
    struct asking *asking = ask(view, PUT_HOST, context);
    asking->fn.done = fn;
    go(asking);
}

void redis_view_heartbeat(struct redis_view *view, const struct redis_beat *beat,
                          redis_heartbeat_fn *fn, void *context)
{
    struct asking *asking = ask(view, HEARTBEAT, context);
    asking->fn.heartbeat = fn;
    asking->ttl_ms = beat->ttl_ms;
    memcpy(asking->holder, beat->holder, strnlen(beat->holder, sizeof asking->holder - 1));
    go(asking);
}

void redis_view_put_live(struct redis_view *view, const char *cluster, const char *task,
                         struct span live, redis_done_fn *fn, void *context)
{
    (void)cluster;
    (void)task;
    (void)live;
    struct asking *asking = ask(view, PUT_LIVE, context);
    asking->fn.done = fn;
    go(asking);
}
