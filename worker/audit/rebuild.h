#ifndef WORKER_AUDIT_REBUILD_H
#define WORKER_AUDIT_REBUILD_H

/** The view made again from the log, once or for as long as somebody watches. */

#include "worker/audit/command.h"

/** Folds the log, puts it into Redis, marks the view complete and says so on standard output. *ret_interrupted: a signal ended it.
 *  On failure err says why. */
enum audit_exit rebuild_once(const struct audit_options *options, bool *ret_interrupted,
                             struct error *err);
/** Looks every second whether the view is complete in the Redis that answers, and rebuilds where it is not. What it does, and what keeps
 *  it from it, is said once a change. SIGTERM and SIGINT end it with AUDIT_EXIT_OK. */
enum audit_exit rebuild_watch(const struct audit_options *options, struct error *err);

#endif
