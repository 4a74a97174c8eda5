#ifndef WORKER_HOST_TOPICS_CHECK_H
#define WORKER_HOST_TOPICS_CHECK_H

/** A worker does not rely on topics that can lose records, unless it was told to. */

#include "worker/host/worker_options.h"

/** Blocks for up to twice timeout_ms. @return 0, or -1 with ERROR_INVALID (the settings lose records, or cannot be found out: says
 *  what to do), or an error of Kafka that may pass */
int topics_check(const struct worker_options *options, int64_t timeout_ms, struct error *err);

#endif
