#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "common/io/redis_connection_private.h"
#include "common/io/redis_reply.h"

enum { BACKOFF_FIRST_MS = 10, BACKOFF_MAX_MS = 1000 };

static void answer_failure(struct redis_connection *connection, struct redis_request *request,
                           enum error_code code)
{
    struct error error = {0};

    if (code == ERROR_TIMEOUT) {
        error_set(&error, code, "redis gave no answer in %" PRId64 " ms", connection->timeout_ms);
    } else if (code == ERROR_NO_MEMORY) {
        error_no_memory(&error, "asking redis");
    } else if (connection->refused) {
        error_set(&error, code, "%s", connection->detail);
    } else {
        error_set(&error, code, "redis is away: %s", connection->detail);
    }
    request->answer(request, &error, NULL);
    redis_request_free(request);
}

/* The request is in no list. */
static void fail_later(struct redis_connection *connection, struct redis_request *request,
                       enum error_code code)
{
    if (connection->link == LINK_CLOSING) {
        answer_failure(connection, request, code);
        return;
    }
    request->failure = code;
    redis_request_list_append(&connection->failed, request);
    loop_timer_arm(connection->failed_timer, 0);
}

static void failed_due(void *context)
{
    struct redis_connection *connection = context;
    struct redis_request *last = connection->failed.last, *request;
    bool more = last != NULL;

    /* Those that come meanwhile have their own turn. */
    while (more) {
        request = connection->failed.first;
        more = request != last;
        redis_request_list_remove(&connection->failed, request);
        answer_failure(connection, request, request->failure);
    }
}

static void fail_unsent(struct redis_connection *connection)
{
    struct redis_request *request = connection->live.first;

    while (request != NULL) {
        struct redis_request *next = request->next;

        if (!request->sent) {
            redis_request_list_remove(&connection->live, request);
            fail_later(connection, request, ERROR_UNAVAILABLE);
        }
        request = next;
    }
}

void redis_connection_lost(struct redis_connection *connection, const redisAsyncContext *hiredis,
                           const char *detail)
{
    if (connection->hiredis != hiredis || connection->link == LINK_CLOSING) {
        return;
    }
    connection->hiredis = NULL;
    connection->link = LINK_DOWN;
    connection->refused = false;
    (void)snprintf(connection->detail, sizeof connection->detail, "%s", detail);
    loop_timer_arm(connection->connect_timer, connection->backoff_ms);
    connection->backoff_ms =
        connection->backoff_ms * 2 < BACKOFF_MAX_MS ? connection->backoff_ms * 2 : BACKOFF_MAX_MS;
    fail_unsent(connection);
    if (!connection->away) {
        connection->away = true;
        if (connection->on_state != NULL) {
            connection->on_state(connection->context, REDIS_AWAY, connection->detail);
        }
    }
}

void redis_connection_drop(struct redis_connection *connection, const char *detail)
{
    redisAsyncContext *hiredis = connection->hiredis;

    redis_connection_lost(connection, hiredis, detail);
    if (hiredis != NULL) {
        redisAsyncFree(hiredis);
    }
}

void redis_connection_refuse(struct redis_connection *connection, const char *detail)
{
    redisAsyncContext *hiredis = connection->hiredis;

    redis_connection_lost(connection, hiredis, detail);
    connection->refused = true;
    if (hiredis != NULL) {
        redisAsyncFree(hiredis);
    }
}

static void answer_reply(struct redis_connection *connection, struct redis_request *request,
                         const redisReply *reply)
{
    struct error error = {0};
    const bool wrong_server =
        reply->type == REDIS_REPLY_ERROR && redis_reply_is_wrong_server(reply);

    if (reply->type == REDIS_REPLY_ERROR) {
        redis_reply_error(reply, &error);
    } else if (reply->type != REDIS_REPLY_ARRAY) {
        redis_reply_corrupt(&error, "a list");
    }
    if (wrong_server) {
        redis_connection_drop(connection, error.message);
    }
    request->answer(request, error.code != ERROR_NONE ? &error : NULL, reply);
    redis_request_free(request);
}

static void replied(redisAsyncContext *hiredis, void *answer, void *private_data);

static int transmit(struct redis_connection *connection, struct redis_request *request)
{
    char *command = NULL;
    const long long length = redis_request_format(request, &command);
    int result;

    if (length < 0) {
        return -1;
    }
    result =
        redisAsyncFormattedCommand(connection->hiredis, replied, request, command, (size_t)length);
    redisFreeCommand(command);
    request->sent = result == REDIS_OK;
    return request->sent ? 0 : -1;
}

static bool is_noscript(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static void replied(redisAsyncContext *hiredis, void *answer, void *private_data)
{
    struct redis_connection *connection = hiredis->data;
    struct redis_request *request = private_data;
    const redisReply *reply = answer;
    const bool late = clock_boot_ms(clock_system()) >= request->deadline_boot_ms;

    if (reply == NULL) {
        redis_connection_lost(connection, hiredis, redis_connection_error_text(hiredis));
        redis_request_list_remove(&connection->live, request);
        answer_failure(connection, request, late ? ERROR_TIMEOUT : ERROR_UNAVAILABLE);
        return;
    }
    if (is_noscript(reply) && !request->with_source) {
        request->with_source = true;
        if (connection->hiredis == hiredis && transmit(connection, request) == 0) {
            return;
        }
    }
    redis_request_list_remove(&connection->live, request);
    answer_reply(connection, request, reply);
}

void redis_connection_established(struct redis_connection *connection)
{
    struct redis_request *request = connection->live.first;

    connection->link = LINK_READY;
    connection->backoff_ms = BACKOFF_FIRST_MS;
    loop_timer_disarm(connection->connect_timer);
    while (request != NULL) {
        struct redis_request *next = request->next;

        if (transmit(connection, request) < 0) {
            redis_request_list_remove(&connection->live, request);
            fail_later(connection, request, ERROR_NO_MEMORY);
        }
        request = next;
    }
    if (connection->away) {
        connection->away = false;
        if (connection->on_state != NULL) {
            connection->on_state(connection->context, REDIS_BACK, "redis answers again");
        }
    }
}

static void connect_due(void *context)
{
    struct redis_connection *connection = context;

    if (connection->link == LINK_DOWN) {
        redis_connection_begin(connection);
    } else {
        redis_connection_drop(connection, "connecting took too long");
    }
}

static void deadline_due(void *context)
{
    struct redis_connection *connection = context;
    const struct redis_request *first = connection->live.first;
    int64_t left_ms;

    if (first == NULL) {
        return;
    }
    left_ms = first->deadline_boot_ms - clock_boot_ms(clock_system());
    if (left_ms > 0) {
        loop_timer_arm(connection->deadline_timer, left_ms);
        return;
    }
    redis_connection_drop(connection, "it does not answer");
    if (connection->live.first != NULL) {
        loop_timer_arm(connection->deadline_timer, connection->timeout_ms);
    }
}

static int copy_config(struct redis_connection *connection, const struct redis_config *config,
                       struct error *err)
{
    connection->database = config->database;
    connection->timeout_ms = config->command_timeout_ms > 0 ? config->command_timeout_ms : 2000;
    if (redis_address_parse(config->address, &connection->address, err) < 0) {
        return -1;
    }
    if ((config->username != NULL &&
         (connection->username = memory_strdup(config->username)) == NULL) ||
        (config->password != NULL &&
         (connection->password = memory_strdup(config->password)) == NULL)) {
        return error_no_memory(err, "configuring redis");
    }
    return 0;
}

struct redis_connection *redis_connection_new(struct loop *loop, const struct redis_config *config,
                                              redis_state_fn *on_state, void *context,
                                              struct error *err)
{
    struct redis_connection *connection = memory_calloc(1, sizeof *connection);

    if (connection == NULL) {
        error_no_memory(err, "configuring redis");
        return NULL;
    }
    connection->loop = loop;
    connection->on_state = on_state;
    connection->context = context;
    connection->link = LINK_DOWN;
    connection->backoff_ms = BACKOFF_FIRST_MS;
    connection->connect_timer = loop_timer_new(loop, connect_due, connection);
    connection->deadline_timer = loop_timer_new(loop, deadline_due, connection);
    connection->failed_timer = loop_timer_new(loop, failed_due, connection);
    if (connection->connect_timer == NULL || connection->deadline_timer == NULL ||
        connection->failed_timer == NULL) {
        error_no_memory(err, "configuring redis");
        redis_connection_free(connection);
        return NULL;
    }
    if (copy_config(connection, config, err) < 0) {
        redis_connection_free(connection);
        return NULL;
    }
    loop_timer_arm(connection->connect_timer, 0);
    return connection;
}

void redis_connection_free(struct redis_connection *connection)
{
    redisAsyncContext *hiredis;

    if (connection == NULL) {
        return;
    }
    hiredis = connection->hiredis;
    connection->hiredis = NULL;
    connection->link = LINK_CLOSING;
    (void)snprintf(connection->detail, sizeof connection->detail, "this end closes");
    if (hiredis != NULL) {
        redisAsyncFree(hiredis);
    }
    while (connection->live.first != NULL) {
        struct redis_request *request = connection->live.first;

        redis_request_list_remove(&connection->live, request);
        answer_failure(connection, request, ERROR_UNAVAILABLE);
    }
    failed_due(connection);
    loop_timer_free(connection->connect_timer);
    loop_timer_free(connection->deadline_timer);
    loop_timer_free(connection->failed_timer);
    redis_address_release(&connection->address);
    memory_free(connection->username);
    memory_free(connection->password);
    memory_free(connection);
}

void redis_connection_send(struct redis_connection *connection, struct redis_request *request)
{
    const bool ready_now = connection->link == LINK_READY;

    if (request->failed_before || (ready_now && transmit(connection, request) < 0)) {
        fail_later(connection, request, ERROR_NO_MEMORY);
        return;
    }
    if (!ready_now && connection->away) {
        fail_later(connection, request, ERROR_UNAVAILABLE);
        return;
    }
    request->deadline_boot_ms = clock_boot_ms(clock_system()) + connection->timeout_ms;
    redis_request_list_append(&connection->live, request);
    if (!loop_timer_armed(connection->deadline_timer)) {
        loop_timer_arm(connection->deadline_timer, connection->timeout_ms);
    }
}

bool redis_connection_ready(const struct redis_connection *connection)
{
    return connection->link == LINK_READY;
}

const char *redis_connection_run_id(const struct redis_connection *connection)
{
    return connection->run_id;
}
