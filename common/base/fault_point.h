#ifndef COMMON_BASE_FAULT_POINT_H
#define COMMON_BASE_FAULT_POINT_H

/** Places at which a test has the process killed (fault_point.def): nothing, unless built with STOPFLEET_FAULT_POINTS
 *  (preset faults).
 *
 *  STOPFLEET_FAULT_POINT=NAME:N in the environment: SIGKILL at the N-th passing of that point. A name that there is not
 *  ends the process with status 2.
 *  STOPFLEET_FAULT_POINT_LOG=FILE: each passing appends the point's name as a line. */

enum fault_point {
#define FAULT_POINT_ROW(identifier, name, what) FAULT_POINT_##identifier,
#include "common/base/fault_point.def"
#undef FAULT_POINT_ROW
    FAULT_POINT_COUNT
};

#ifdef STOPFLEET_FAULT_POINTS
/** May not return. */
void fault_point_pass(enum fault_point point);
#define FAULT_POINT(identifier) fault_point_pass(FAULT_POINT_##identifier)
#else
#define FAULT_POINT(identifier) ((void)FAULT_POINT_##identifier)
#endif

#endif
