#ifndef PRODUCER_TOPIC_WISHES_H
#define PRODUCER_TOPIC_WISHES_H

/** What the topics of a Stopfleet should be, from the options. */

#include "common/base/buffer.h"
#include "producer/api_options.h"

enum { TOPIC_WISHES_COUNT = 3 };

/** stopfleet.events, stopfleet.hosts and stopfleet.refused: one partition will do but for the events, the
 *  hosts' is compacted, the others are kept for ever. */
void topic_wishes_list(const struct api_options *options,
                       struct kafka_topic_wish ret_wishes[TOPIC_WISHES_COUNT]);

/** Appends a line to problems for every setting of stopfleet.events that can lose records. Blocks up to
 *  timeout_ms. @return 0, or -1 with ERROR_NOT_FOUND, ERROR_UNAVAILABLE, ERROR_TIMEOUT, ERROR_UNSUPPORTED */
int topic_wishes_check_events(const struct api_options *options, int64_t timeout_ms,
                              struct buffer *problems, struct error *err);

#endif
