#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

/** Between the files of the checks. */

#include "tests/sim/sim.h"

/** Room for one more item behind the last of `count`. */
void *sim_grown(void *items, int count, int *room, size_t size);
/** The first record of this StopRequested; NULL = none. */
struct sim_request *sim_request_find(const struct sim_task *task, const char *id);
/** A description was folded in place of the one before. */
void sim_check_described(const struct task *fold, const struct description *before);
/** PreStopStarted was said. */
void sim_check_pre_stop_started(const struct event *event);
/** Its stop signal is asked for: its pre-stop command is over, or was given up. */
void sim_check_pre_stop_over(struct run run, const struct sim_run *truth);
/** At the end: what stopfleet-audit check says of the log. */
void sim_check_audit(void);

#endif
