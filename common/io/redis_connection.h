#ifndef COMMON_IO_REDIS_CONNECTION_H
#define COMMON_IO_REDIS_CONNECTION_H

/** One connection to Redis that is made anew whenever it is lost. Private to common/io/redis_*.c.
 *
 *  A request is sent when the connection is ready, waits while the first connection is being made,
 * and fails at once while Redis is away. A request without an answer in its time means a Redis that
 * hangs: the connection is dropped and made anew, so that nothing piles up. */

#include "common/base/error.h"
#include "common/io/loop.h"
#include "common/io/redis_request.h"
#include "common/io/redis_view.h"

struct redis_connection;

/** @return NULL with ERROR_INVALID (address), ERROR_UNSUPPORTED (rediss://), ERROR_NO_MEMORY */
struct redis_connection *redis_connection_new(struct loop *loop, const struct redis_config *config,
                                              redis_state_fn *on_state, void *context,
                                              struct error *err);
/** Answers what is under way with ERROR_UNAVAILABLE. NULL-safe. */
void redis_connection_free(struct redis_connection *connection);
/** Takes the request and answers it exactly once, never from within this call. */
void redis_connection_send(struct redis_connection *connection, struct redis_request *request);
bool redis_connection_ready(const struct redis_connection *connection);
/** The run_id of the Redis that the connection leads to; "" before the first. */
const char *redis_connection_run_id(const struct redis_connection *connection);

#endif
