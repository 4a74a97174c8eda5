#ifndef TESTS_INTEGRATION_LOOP_WAIT_H
#define TESTS_INTEGRATION_LOOP_WAIT_H

/** Waiting in a test for something that ends the loop. */

#include <stdbool.h>
#include <stdint.h>

#include "common/io/loop.h"

enum { LOOP_WAIT_MS = 20000, LOOP_WAIT_TIMED_OUT = -99 };

struct loop_wait_guard {
    struct loop *loop;
};

static inline void loop_wait_over(void *context)
{
    struct loop_wait_guard *guard = context;

    loop_stop(guard->loop, LOOP_WAIT_TIMED_OUT);
}

/** Runs the loop until a callback calls loop_stop; true unless timeout_ms passed first. */
static inline bool loop_wait_for(struct loop *loop, int64_t timeout_ms)
{
    struct loop_wait_guard guard = {loop};
    struct loop_timer *timer = loop_timer_new(loop, loop_wait_over, &guard);
    int code = LOOP_WAIT_TIMED_OUT;

    if (timer != NULL) {
        loop_timer_arm(timer, timeout_ms);
        code = loop_run(loop);
    }
    loop_timer_free(timer);
    return code != LOOP_WAIT_TIMED_OUT;
}

static inline bool loop_wait(struct loop *loop)
{
    return loop_wait_for(loop, LOOP_WAIT_MS);
}

#endif
