/** Virtual time, the dice, the story. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct sim sim;

/* ---- the dice: xoshiro256** ---- */

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t sim_random(void)
{
    uint64_t *s = sim.dice;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

void sim_dice_seed(uint64_t seed, uint64_t of, uint64_t number)
{
    seed += (of << 56) + (number << 40);
    for (int i = 0; i < 4; i++) { /* splitmix64 */
        seed += 0x9e3779b97f4a7c15;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        sim.dice[i] = z ^ (z >> 31);
    }
}

int64_t sim_below(int64_t n)
{
    return (int64_t)(sim_random() % (uint64_t)n);
}

int64_t sim_between(int64_t low, int64_t high)
{
    return low + sim_below(high - low + 1);
}

bool sim_chance(double p)
{
    return (double)(sim_random() >> 11) * 0x1.0p-53 < p;
}

/* ---- the story ---- */

/** Who does it: what stands before the colon, if that is one word; else the world. */
static int actor_length(const char *line)
{
    int length = (int)strcspn(line, ": ");
    return line[length] == ':' ? length : 0;
}

/** Steps of the view and the worker's own log are not in a short story. */
static bool is_detail(const char *line)
{
    static const char *const details[] = {" ", "redis:", "commit ", "rebuild:"};
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        if (strncmp(line, details[i], strlen(details[i])) == 0) {
            return true;
        }
    }
    return false;
}

void sim_say(const char *format, ...)
{
    if (sim.story == SIM_STORY_NONE || (sim.story == SIM_STORY_SHORT && sim.broken > 0)) {
        return;
    }
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (sim.story == SIM_STORY_SHORT && is_detail(line)) {
        return;
    }
    int actor = actor_length(line);
    printf("%10.3f s  %-8.*s %s\n", (double)(sim.now_ms - 1000000) / 1000, actor > 0 ? actor : 5,
           actor > 0 ? line : "world",
           actor > 0 ? line + actor + 1 + (line[actor + 1] == ' ') : line);
}

static void broken(bool counts, const char *promise, const char *text)
{
    sim_say("!!! %s: %s", promise, text);
    if (counts && sim.broken++ == 0) {
        sim.promise = promise;
        (void)snprintf(sim.verdict, sizeof sim.verdict, "%s", text);
    }
}

void sim_broken(const char *promise, const char *format, ...)
{
    char text[sizeof sim.verdict];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    broken(!sim.audit_only, promise, text);
}

void sim_broken_by_the_log(const char *promise, const char *format, ...)
{
    char text[sizeof sim.verdict];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    broken(true, promise, text);
}

/* ---- the queue: a heap by (time, order) ---- */

struct happening {
    int64_t at_ms;
    uint64_t order;
    int owner;
    sim_fn *fn;
    void *context;
};

static struct happening *heap;
static size_t count, room;
static uint64_t orders;

static bool before(const struct happening *a, const struct happening *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

static void swap(size_t a, size_t b)
{
    struct happening t = heap[a];
    heap[a] = heap[b];
    heap[b] = t;
}

static void push(struct happening happening)
{
    if (count == room) {
        room = room == 0 ? 1024 : 2 * room;
        heap = realloc(heap, room * sizeof *heap);
        if (heap == NULL) {
            abort();
        }
    }
    size_t at = count++;
    heap[at] = happening;
    while (at > 0 && before(&heap[at], &heap[(at - 1) / 2])) {
        swap(at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct happening pop(void)
{
    struct happening first = heap[0];
    heap[0] = heap[--count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++) {
            least = before(&heap[child], &heap[least]) ? child : least;
        }
        if (least == at) {
            return first;
        }
        swap(at, least);
        at = least;
    }
}

void sim_after(int64_t delay_ms, int owner, sim_fn *fn, void *context)
{
    push((struct happening){.at_ms = sim.now_ms + (delay_ms < 0 ? 0 : delay_ms),
                            .order = ++orders,
                            .owner = owner,
                            .fn = fn,
                            .context = context});
}

int64_t sim_boot_ms(void)
{
    return sim.now_ms - sim.boot_at_ms;
}

int64_t sim_wall_ms(void)
{
    return sim.now_ms + sim.wall_offset_ms;
}

static void to_worker(struct happening *next)
{
    struct sim_worker *worker = sim_worker_of(next->owner);
    if (worker == NULL) {
        return;
    }
    int64_t until = worker->frozen_until_ms;
    bool waking = next->fn == NULL;
    if (worker->blocked && !waking && worker->blocked_until_ms > until) {
        until = worker->blocked_until_ms;
    }
    if (until > sim.now_ms || (worker->blocked && !waking)) {
        next->at_ms = until > sim.now_ms ? until : sim.now_ms + 1;
        push(*next);
        return;
    }
    sim_worker_do(worker, next->fn, next->context);
}

bool sim_next(int64_t until_ms)
{
    if (count == 0 || heap[0].at_ms > until_ms) {
        return false;
    }
    struct happening next = pop();
    sim.now_ms = next.at_ms > sim.now_ms ? next.at_ms : sim.now_ms;
    sim.steps++;
    if (next.owner == 0) {
        next.fn(next.context);
    } else {
        to_worker(&next);
    }
    return true;
}
