/** What Redis holds, by the rules of put.lua and pend.lua. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

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

struct sim_base *sim_base_find(const char *id)
{
    for (int i = 0; i < sim.redis.count; i++) {
        if (strcmp(sim.redis.bases[i].id, id) == 0) {
            return &sim.redis.bases[i];
        }
    }
    return NULL;
}

static struct sim_base *add_base(const char *id)
{
    struct sim_redis *redis = &sim.redis;
    if (redis->count == redis->room) {
        redis->room = redis->room == 0 ? 16 : 2 * redis->room;
        redis->bases = realloc(redis->bases, (size_t)redis->room * sizeof *redis->bases);
        if (redis->bases == NULL) {
            abort();
        }
    }
    struct sim_base *base = &redis->bases[redis->count++];
    *base = (struct sim_base){.pos = -1};
    memcpy(base->id, id, strlen(id) + 1);
    return base;
}

static void drop_pending(struct sim_base *base)
{
    int kept = 0;
    for (int i = 0; i < base->pending_count; i++) {
        if (base->pending[i].offset > base->pos && sim.broken_rule != SIM_BREAK_PUT_DROPS) {
            base->pending[kept++] = base->pending[i];
        } else {
            free(base->pending[i].bytes);
        }
    }
    base->pending_count = kept;
}

void sim_redis_apply_put(const char *id, int64_t pos, int64_t reducer, struct span bytes,
                         bool terminal)
{
    struct sim_base *base = sim_base_find(id);
    if (base != NULL && sim.broken_rule != SIM_BREAK_PUT_OLDER &&
        (pos < base->pos || (pos == base->pos && reducer < base->reducer))) {
        return;
    }
    if (base == NULL) {
        base = add_base(id);
    }
    free(base->bytes);
    base->pos = pos;
    base->reducer = reducer;
    base->bytes = copied(bytes.data, bytes.length);
    base->length = bytes.length;
    base->terminal = terminal;
    drop_pending(base);
    sim_say("redis: base of %.6s at %lld%s", id, (long long)pos, terminal ? ", terminal" : "");
    sim_check_base(base);
}

bool sim_redis_pend(const char *id, int64_t offset, struct span bytes)
{
    struct sim_base *base = sim_base_find(id);
    if (base == NULL) {
        return false;
    }
    if ((offset > base->pos || sim.broken_rule == SIM_BREAK_PEND_BELOW) &&
        base->pending_count < 32) {
        base->pending[base->pending_count++] = (struct sim_pending){
            .offset = offset, .bytes = copied(bytes.data, bytes.length), .length = bytes.length};
        base->pended[base->pended_count++ % 64] = offset;
    }
    sim_check_base(base);
    return true;
}

static struct sim_redis copy_redis(const struct sim_redis *from)
{
    struct sim_redis copy = *from;
    copy.bases = zeroed((size_t)(from->room + 1) * sizeof *copy.bases);
    for (int i = 0; i < from->count; i++) {
        copy.bases[i] = from->bases[i];
        copy.bases[i].bytes = copied(from->bases[i].bytes, from->bases[i].length);
        for (int k = 0; k < from->bases[i].pending_count; k++) {
            const struct sim_pending *pending = &from->bases[i].pending[k];
            copy.bases[i].pending[k].bytes = copied(pending->bytes, pending->length);
        }
    }
    return copy;
}

bool sim_redis_complete(void)
{
    return sim.redis.complete_run == sim.redis_run;
}

/* ---- an emptied or older Redis ---- */

/** Redis starts anew: the connection is lost for a moment, or nobody notices. */
static void restart(void)
{
    sim.redis_run++;
    if (sim.redis_up && sim_chance(0.7)) {
        sim_redis_state(false);
        sim_redis_state(true);
    }
}

void sim_redis_empty(void)
{
    sim_say("Redis is EMPTIED");
    sim.redis = (struct sim_redis){.seen = -1};
    restart();
}

void sim_redis_keep(void)
{
    sim.kept = copy_redis(&sim.redis);
    sim.has_kept = true;
}

bool sim_redis_restore(void)
{
    if (!sim.has_kept) {
        return false;
    }
    sim_say("Redis falls back to an OLDER STATE");
    sim.redis = copy_redis(&sim.kept);
    restart();
    return true;
}
