#ifndef PRODUCER_TOPICS_MARKER_H
#define PRODUCER_TOPICS_MARKER_H

/** The view of an empty log is complete: says so in Redis, so that unknown tasks are
 *  "not found" from the first call on. */

#include <stdio.h>

#include "producer/api_options.h"

/** Sets the `complete` marker if no partition of stopfleet.events has ever held a record; else tells on out
 *  that a rebuild has to. Blocks. @return 0, or -1 with ERROR_UNAVAILABLE, ERROR_TIMEOUT … */
int topics_mark_view(const struct api_options *options, FILE *out, struct error *err);

#endif
