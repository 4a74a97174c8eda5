#ifndef WORKER_HOST_TASK_GONE_H
#define WORKER_HOST_TASK_GONE_H

/** Writes TaskGone for tasks that ended without a StopTask: inspects each run that the log describes, and writes only if all have
 *  ended and still nobody asked to stop the task, or if those that have not are somebody else's by now, of which no stop is under way. */

#include "worker/host/discovery.h"
#include "worker/host/flights.h"
#include "worker/host/left_alone.h"

struct task_gone;

struct task_gone *task_gone_new(const struct discovery_environment *environment,
                                const struct flights *flights, const struct left_alone *left,
                                struct error *err);
void task_gone_free(struct task_gone *gone);
/** Begins with this task, unless it is under way. */
void task_gone_begin(struct task_gone *gone, const struct task *base);

#endif
