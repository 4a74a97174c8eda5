#ifndef WORKER_HOST_TASKS_COMMAND_H
#define WORKER_HOST_TASKS_COMMAND_H

/** `stopfleet-worker tasks`: what runs on this host, as discovery groups it. Needs the runtime only, changes nothing. */

#include <stdio.h>

#include "worker/host/worker.h"

/** Lists once and prints. @return WORKER_EXIT_OK; WORKER_EXIT_FAILURE (the runtime does not answer), WORKER_EXIT_REFUSED
 *  (options); err is filled if it is not OK */
enum worker_exit tasks_command_run(const struct worker_options *options, FILE *out,
                                   struct error *err);

#endif
