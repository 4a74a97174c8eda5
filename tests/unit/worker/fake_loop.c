#include "tests/unit/worker/fake_loop.h"

#include <stdlib.h>

#include "common/io/loop.h"

struct loop_timer {
    struct loop_timer *next;
    loop_timer_fn *fn;
    void *context;
    int64_t at_ms;
    uint64_t order; /* of arming: equal times fire in that order */
    bool armed;
};

static struct loop_timer *timers;
static int64_t now_ms = 1000000;
static uint64_t armed_count;

static int64_t now(void *context)
{
    (void)context;
    return now_ms;
}

const struct clock *fake_clock(void)
{
    static const struct clock clock = {.wall_ms = now, .boot_ms = now};
    return &clock;
}

int64_t fake_now_ms(void)
{
    return now_ms;
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *context)
{
    (void)loop;
    struct loop_timer *timer = calloc(1, sizeof *timer);
    timer->fn = fn;
    timer->context = context;
    timer->next = timers;
    timers = timer;
    return timer;
}

void loop_timer_arm(struct loop_timer *timer, int64_t delay_ms)
{
    timer->armed = true;
    timer->at_ms = now_ms + delay_ms;
    timer->order = armed_count++;
}

void loop_timer_disarm(struct loop_timer *timer)
{
    timer->armed = false;
}

bool loop_timer_armed(const struct loop_timer *timer)
{
    return timer->armed;
}

void loop_timer_free(struct loop_timer *timer)
{
    struct loop_timer **link = &timers;
    if (timer == NULL) {
        return;
    }
    while (*link != timer) {
        link = &(*link)->next;
    }
    *link = timer->next;
    free(timer);
}

bool fake_loop_step(int64_t within_ms)
{
    struct loop_timer *first = NULL;
    for (struct loop_timer *timer = timers; timer != NULL; timer = timer->next) {
        if (timer->armed && (first == NULL || timer->at_ms < first->at_ms ||
                             (timer->at_ms == first->at_ms && timer->order < first->order))) {
            first = timer;
        }
    }
    if (first == NULL || first->at_ms > now_ms + within_ms) {
        return false;
    }
    now_ms = first->at_ms > now_ms ? first->at_ms : now_ms;
    first->armed = false;
    first->fn(first->context);
    return true;
}

void fake_loop_run(int64_t for_ms)
{
    int64_t until = now_ms + for_ms;
    while (fake_loop_step(until - now_ms)) {
    }
    now_ms = until;
}
