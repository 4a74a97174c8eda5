#ifndef WORKER_HOST_WORKER_H
#define WORKER_HOST_WORKER_H

/** A worker: one host's part of Stopfleet. Wires log, view, runtime, stops and discovery together, in the order of recovery
 * . */

#include "worker/host/worker_options.h"

enum worker_exit {
    WORKER_EXIT_OK = 0,
    WORKER_EXIT_FAILURE = 1, /**< a restart may cure it */
    WORKER_EXIT_REFUSED =
        2 /**< wrong options, or another worker has this state directory or identity */
};

/** Runs until SIGTERM or SIGINT, or until it cannot go on. record holds the attributes.
 *  @return the exit code; err is filled if it is not 0 */
enum worker_exit worker_run(const struct worker_options *options, const struct host_record *record,
                            struct error *err);

#endif
