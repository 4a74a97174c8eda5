#ifndef COMMON_DOMAIN_REDUCE_H
#define COMMON_DOMAIN_REDUCE_H

/** The one reducer. Sees the event's value only, never the record's time
 *  stamp. */

#include "common/domain/task.h"

/** Raised whenever the fold of some log changes; a view put by a higher number replaces one of a
 *  lower at the same position. */
enum { REDUCER_NUMBER = 3 };

/** Folds one event into task ({0} to begin): identity is taken from the first event. Laws: folding
 *  an event that was folded before changes nothing; the first fact of its kind about a run wins (a
 *  known exit code beats an absent one); a revision that is not higher is ignored; plans fold as a
 *  union (a StopAccepted that names a request for the first time, and not fewer than were named
 *  before, brings the grace of the runs that it lists); the first StopRequested sets reason, stop
 *  code and time and empties the tags; a terminal event that does not name every run of the
 *  folded plan is ignored; the first terminal event ends the task and nothing after it changes
 *  anything; TaskGone sets EssentialContainerExited only if no StopRequested came before it.
 *  Unknown types and host events change nothing. On failure the task is unchanged in value. A
 *  description that is newer changes only those tags that differ from the older one's: what
 *  TaskTagged set or removed stays. Of StopStuck the latest by its own time holds, until the run
 *  has ended.
 *  @return 0 or -1 with ERROR_NO_MEMORY, ERROR_INVALID (event of another task, without id) */
int reduce(struct task *task, const struct event *event, bool *ret_changed, struct error *err);
/** Decodes and folds. As reduce, and ERROR_CORRUPT, ERROR_UNSUPPORTED. */
int reduce_bytes(struct task *task, struct span event_bytes, bool *ret_changed, struct error *err);
/** True if a terminal event names every run of the task's plan: only then it folds. */
bool terminal_event_covers(const struct task *task, const struct event_task_ended *ended);

#endif
