#include "worker/host/timers.h"

/** The loop's clock stands still while the machine sleeps, the boot-time clock does not: look this often. */
enum { LONGEST_SLEEP_MS = 5000 };

static void schedule(struct timers *timers)
{
    const struct timer_entry *first = timer_heap_first(&timers->heap);
    if (timers->timer == NULL) {
        return;
    }
    if (first == NULL) {
        loop_timer_disarm(timers->timer);
        return;
    }
    int64_t delay = first->at_boot_ms - clock_boot_ms(timers->clock);
    delay = delay < 0 ? 0 : delay;
    loop_timer_arm(timers->timer, delay > LONGEST_SLEEP_MS ? LONGEST_SLEEP_MS : delay);
}

static void on_timer(void *context)
{
    timers_tick(context);
}

int timers_init(struct timers *timers, struct loop *loop, const struct clock *clock,
                struct error *err)
{
    *timers = (struct timers){.clock = clock};
    if (loop != NULL) {
        timers->timer = loop_timer_new(loop, on_timer, timers);
        if (timers->timer == NULL) {
            return error_no_memory(err, "making a timer");
        }
    }
    return 0;
}

void timers_release(struct timers *timers)
{
    loop_timer_free(timers->timer);
    timers->timer = NULL;
    timer_heap_release(&timers->heap);
}

int timers_reserve(struct timers *timers, size_t count, struct error *err)
{
    return timer_heap_reserve(&timers->heap, count)
               ? 0
               : error_no_memory(err, "making room for timers");
}

void timers_arm(struct timers *timers, struct timer_entry *entry, int64_t at_boot_ms)
{
    const struct timer_entry *first = timer_heap_first(&timers->heap);
    timer_heap_arm(&timers->heap, entry, at_boot_ms);
    if (first == entry || timer_heap_first(&timers->heap) == entry) {
        schedule(timers);
    }
}

void timers_disarm(struct timers *timers, struct timer_entry *entry)
{
    /* the loop's timer may fire for nothing: cheaper than to arm it anew each time */
    timer_heap_disarm(&timers->heap, entry);
}

void timers_tick(struct timers *timers)
{
    int64_t now = clock_boot_ms(timers->clock);
    struct timer_entry *first = timer_heap_first(&timers->heap);
    while (first != NULL && first->at_boot_ms <= now) {
        timer_heap_disarm(&timers->heap, first);
        first->fn(first->context);
        first = timer_heap_first(&timers->heap);
    }
    schedule(timers);
}
