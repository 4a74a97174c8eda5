#ifndef PRODUCER_CALL_H
#define PRODUCER_CALL_H

/** One call of an ECS operation, from the parsed HTTP request to its answer. Whoever received the request
 *  owns the struct; it ends exactly once, through `reply`. Work that goes on after the end (a late delivery
 *  report) learns of it through the holder. */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/base/buffer.h"
#include "common/base/id.h"
#include "common/domain/ecs_error.h"
#include "common/domain/record.h"

struct call;
struct loop_timer;
struct service;

/** Sends the answer; the call is over and may be freed. body is borrowed, NULL when memory is out. */
typedef void call_reply_fn(struct call *call, int http_status, const json_t *body);
/** The call's time is up: ends the call. */
typedef void call_deadline_fn(struct call *call, void *context);

/** A call. The receiver fills the first part; texts are borrowed until the end and NULL where absent. */
struct call {
    struct service *service;
    call_reply_fn *reply;
    char request_id[ID_UUID_SIZE];
    const char *source_address;
    const char *user_agent;
    const char *invocation_id; /**< amz-sdk-invocation-id: the same in every retry of one call */
    const char *traceparent;
    struct span body;
    struct optional_integer
        stop_timeout_ms; /**< from the path /stop-timeout/SECONDS or the signed header */

    const char *operation; /**< name, once it is known */
    json_t *json;          /**< body once it is parsed, an object; owned */
    struct loop_timer *deadline;
    call_deadline_fn *on_deadline; /**< NULL = refused with VIEW_AWAY */
    void *deadline_context;
    struct call **holder; /**< set to NULL when the call ends */
};

/** Starts the call's clock: request-timeout from now. @return 0 or -1 with ERROR_NO_MEMORY */
int call_start(struct call *call, struct error *err);
/** Keeps the call in *holder until it ends: then *holder becomes NULL. */
void call_hold(struct call *call, struct call **holder);
/** What happens when the time is up. */
void call_on_deadline(struct call *call, call_deadline_fn *fn, void *context);

/** Ends the call with HTTP 200; takes body (NULL = memory is out: ServerException). */
void call_answer(struct call *call, json_t *body);
/** Ends the call with an error. */
void call_refuse(struct call *call, const struct ecs_error *error);
/** As call_refuse with ecs_error_set. */
void call_refuse_with(struct call *call, enum ecs_error_code code, const char *first,
                      const char *second);
/** Frees what a call that was never answered holds, without a reply (the service is ending). */
void call_release(struct call *call);

#endif
