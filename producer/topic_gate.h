#ifndef PRODUCER_TOPIC_GATE_H
#define PRODUCER_TOPIC_GATE_H

/** Keeps StopTask shut until stopfleet.events is known to keep what is written to it. */

#include "producer/api_options.h"
#include "producer/service.h"

struct topic_gate;

/** Checks the topic, blocking up to the request timeout. Safe: opens the service (its topics_problem becomes
 *  empty). Missing, or Kafka does not answer: tries again every two seconds on the loop, until it can tell.
 *  @return NULL with ERROR_INVALID if the settings can lose records and --unsafe-topics was not given, or
 *  ERROR_NO_MEMORY */
struct topic_gate *topic_gate_new(struct service *service, const struct api_options *options,
                                  struct error *err);
/** NULL-safe. */
void topic_gate_free(struct topic_gate *gate);

#endif
