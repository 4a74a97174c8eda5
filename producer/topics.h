#ifndef PRODUCER_TOPICS_H
#define PRODUCER_TOPICS_H

/** The topics of a Stopfleet: `stopfleet-api topics create` and `topics check`. */

#include <stdio.h>

#include "producer/api_options.h"

enum {
    TOPICS_FINE = 0,
    TOPICS_WRONG = 1,  /**< missing, or settings that can lose records */
    TOPICS_UNKNOWN = 2 /**< could not be done or found out */
};

/** Makes what is missing, checks everything, and where the log is empty marks the view as complete. Tells on
 *  out what it did and found. Blocks. @return an exit code, with err filled if TOPICS_UNKNOWN */
int topics_create(const struct api_options *options, FILE *out, struct error *err);
/** Checks without changing anything. @return as topics_create */
int topics_check(const struct api_options *options, FILE *out, struct error *err);

#endif
