#ifndef PRODUCER_SERVE_H
#define PRODUCER_SERVE_H

/** `stopfleet-api` without a command: serves until SIGTERM or SIGINT, then answers what is under way. */

#include "producer/api_options.h"

/** @return the exit code: 0 after an orderly end, 2 with err filled if it could not begin */
int serve(const struct api_options *options, struct error *err);

#endif
