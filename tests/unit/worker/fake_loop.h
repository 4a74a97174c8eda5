#ifndef TESTS_UNIT_WORKER_FAKE_LOOP_H
#define TESTS_UNIT_WORKER_FAKE_LOOP_H

/** The loop's timers on virtual time: defines loop_timer_* itself, so that what is tested runs as it is. */

#include <stdbool.h>

#include "common/base/clock.h"

/** The virtual clock: wall and boot. */
const struct clock *fake_clock(void);
int64_t fake_now_ms(void);
/** Runs the next timer that is due within `within_ms`, moving the clock. @return false if there is none */
bool fake_loop_step(int64_t within_ms);
/** Runs all that is due within this time, then moves the clock there. */
void fake_loop_run(int64_t for_ms);

#endif
