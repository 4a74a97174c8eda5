#ifndef TESTS_UNIT_DOMAIN_STOP_EDGE_TAKEN_H
#define TESTS_UNIT_DOMAIN_STOP_EDGE_TAKEN_H

/** Which edge of its table the stop engine took, for tests that want each taken. */

#include "common/domain/stop_engine_table.h"

/** The guards saw the run as the event had changed it; only the grace, a signal of the log and the timer do. */
static inline const struct stop_edge *stop_edge_taken(const struct stop_run *before,
                                                      const struct stop_run *after,
                                                      enum stop_event event, int64_t now)
{
    struct stop_run seen = *before;
    seen.grace_ms = after->grace_ms;
    seen.signalled |= event == STOP_ON_LOG_SIGNALLED;
    seen.wake_boot_ms = event == STOP_ON_TIMER ? -1 : before->wake_boot_ms;
    const struct stop_edge *edge = stop_edge_first(before->state, event);
    while (!stop_guard_holds(edge->guard, &seen, now)) {
        edge++;
    }
    return edge;
}

#endif
