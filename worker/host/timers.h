#ifndef WORKER_HOST_TIMERS_H
#define WORKER_HOST_TIMERS_H

/** Deadlines on the boot-time clock, driven by one timer of the loop. */

#include "common/base/clock.h"
#include "common/io/loop.h"
#include "worker/host/timer_heap.h"

struct timers {
    struct timer_heap heap;
    const struct clock *clock;
    struct loop_timer *timer; /**< NULL: whoever owns the clock calls timers_tick (tests) */
};

/** loop NULL = no timer of its own. @return 0 or -1 with ERROR_NO_MEMORY */
int timers_init(struct timers *timers, struct loop *loop, const struct clock *clock,
                struct error *err);
void timers_release(struct timers *timers);
/** Makes room for `count` armed entries in all: arming cannot fail then. */
int timers_reserve(struct timers *timers, size_t count, struct error *err);
void timers_arm(struct timers *timers, struct timer_entry *entry, int64_t at_boot_ms);
void timers_disarm(struct timers *timers, struct timer_entry *entry);
/** Calls what is due, each entry disarmed before. */
void timers_tick(struct timers *timers);

#endif
