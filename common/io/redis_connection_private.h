#ifndef COMMON_IO_REDIS_CONNECTION_PRIVATE_H
#define COMMON_IO_REDIS_CONNECTION_PRIVATE_H

/** What redis_connection.c (requests, loss, recovery) and redis_connect.c (making a connection)
 * share. */

#include <hiredis/async.h>

#include "common/io/redis_address.h"
#include "common/io/redis_connection.h"
#include "common/io/redis_greeting.h"

enum link {
    LINK_DOWN = 1, /* until the connect timer fires */
    LINK_MAKING,   /* connecting, then the first questions */
    LINK_READY,
    LINK_CLOSING
};

struct redis_connection {
    struct loop *loop;
    struct redis_address address;
    char *username, *password;
    int64_t database, timeout_ms;
    redis_state_fn *on_state;
    void *context;
    redisAsyncContext *hiredis; /**< NULL while down */
    enum link link;
    bool away; /**< told through on_state */
    int64_t backoff_ms;
    char run_id[REDIS_RUN_ID_SIZE];
    char detail[400];                  /**< why it is down */
    bool refused;                      /**< it answered, and will not have us: detail is whole */
    struct redis_request_list live;    /**< waiting or sent, by deadline */
    struct redis_request_list failed;  /**< to be told so on the next turn */
    struct loop_timer *connect_timer;  /**< the next attempt, or the end of this one */
    struct loop_timer *deadline_timer; /**< of the first live request */
    struct loop_timer *failed_timer;
};

/** Begins a connection; ends in redis_connection_established or redis_connection_lost. */
void redis_connection_begin(struct redis_connection *connection);
/** The Redis at the other end can serve: sends what waits, says BACK if AWAY was said. */
void redis_connection_established(struct redis_connection *connection);
/** hiredis has ended or is ending the connection: what it was sent it answers itself, with NULL.
 * Does nothing for a connection that is not the present one. */
void redis_connection_lost(struct redis_connection *connection, const redisAsyncContext *hiredis,
                           const char *detail);
/** Why hiredis ended a connection; never NULL. */
const char *redis_connection_error_text(const redisAsyncContext *hiredis);
/** Ends the present connection. */
void redis_connection_drop(struct redis_connection *connection, const char *detail);
/** As redis_connection_drop, of a Redis that is there and refuses: not to be called away. */
void redis_connection_refuse(struct redis_connection *connection, const char *detail);

#endif
