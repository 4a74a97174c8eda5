#ifndef PRODUCER_HOST_EVENT_H
#define PRODUCER_HOST_EVENT_H

/** Records an operator's word about a host: an event in the host's own partition, acknowledged by Kafka, then the fact in the
 *  view. */

#include "common/domain/event.h"
#include "producer/call.h"
#include "producer/service.h"

struct host_event;

/** Called once, on the loop. error NULL: recorded and visible; else what is known, as a refusal. */
typedef void host_event_fn(void *context, const struct ecs_error *error);

/** One event under way, embedded in its owner, which outlives the callback. */
struct host_event {
    struct service *service;
    char host[ARN_NAME_SIZE];
    struct event event; /**< texts are the call's or constants */
    char id[ID_UUID_SIZE];
    struct buffer bytes;
    int64_t offset;
    host_event_fn *fn;
    void *context;
};

/** Who asks; the texts are the call's, or constants. */
struct event_caller host_event_caller(const struct call *call);
/** Sends the event: type and body are the caller's, the rest is filled in. record: the host's registration. fn may be called
 *  before this returns. Release when fn was called. */
void host_event_send(struct host_event *event, const struct call *call, struct service *service,
                     const char *cluster, struct span record, host_event_fn *fn, void *context);
void host_event_release(struct host_event *event);

#endif
