#include <stdio.h>
#include <string.h>

#include <hiredis/adapters/libevent.h>

#include "common/io/redis_connection_private.h"

const char *redis_connection_error_text(const redisAsyncContext *hiredis)
{
    return hiredis->errstr != NULL && hiredis->errstr[0] != '\0' ? hiredis->errstr
                                                                 : "the connection ended";
}

/** What to do where Redis refuses a first question; the first that fits. */
static const struct {
    const char *step;   /**< NULL: any */
    const char *answer; /**< how the answer begins; "": any */
    const char *remedy;
} REFUSALS[] = {
    {"AUTH", "", "correct --redis-username and --redis-password"},
    {NULL, "NOAUTH", "give --redis-password, and --redis-username if it has users"},
    {NULL, "NOPERM", "allow this user the command (ACL SETUSER), or give another --redis-username"},
    {"SELECT", "", "correct --redis-database"},
    {NULL, "", "see the log of Redis"},
};

static void refuse(struct redis_connection *connection, const char *step, const char *answer)
{
    char detail[400];
    size_t i = 0;

    while ((REFUSALS[i].step != NULL && strcmp(REFUSALS[i].step, step) != 0) ||
           strncmp(answer, REFUSALS[i].answer, strlen(REFUSALS[i].answer)) != 0) {
        i++;
    }
    (void)snprintf(detail, sizeof detail, "redis refuses %s: %.200s: %s", step, answer,
                   REFUSALS[i].remedy);
    redis_connection_refuse(connection, detail);
}

static void informed(redisAsyncContext *hiredis, void *answer, void *private_data)
{
    struct redis_connection *connection = hiredis->data;
    const redisReply *reply = answer;
    const char *problem;

    (void)private_data;
    if (connection->hiredis != hiredis) {
        return;
    }
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR) {
        refuse(connection, "INFO", reply->str);
        return;
    }
    if (reply == NULL) {
        problem = redis_connection_error_text(hiredis);
    } else if (reply->type != REDIS_REPLY_STRING) {
        problem = "its INFO is no text";
    } else {
        const struct span info = {reply->str, (size_t)reply->len};

        problem = redis_greeting_check(info, connection->run_id);
    }
    if (problem != NULL) {
        redis_connection_drop(connection, problem);
    } else {
        redis_connection_established(connection);
    }
}

/* AUTH and SELECT: only what goes wrong matters; private_data names the step. */
static void greeted(redisAsyncContext *hiredis, void *answer, void *private_data)
{
    struct redis_connection *connection = hiredis->data;
    const redisReply *reply = answer;
    char detail[256];

    if (connection->hiredis != hiredis || (reply != NULL && reply->type != REDIS_REPLY_ERROR)) {
        return;
    }
    if (reply != NULL) {
        refuse(connection, private_data, reply->str);
        return;
    }
    (void)snprintf(detail, sizeof detail, "%s: %s", (const char *)private_data,
                   redis_connection_error_text(hiredis));
    redis_connection_drop(connection, detail);
}

static int greet(struct redis_connection *connection)
{
    static char auth_step[] = "AUTH", select_step[] = "SELECT";
    redisAsyncContext *hiredis = connection->hiredis;
    int result = REDIS_OK;

    if (connection->password != NULL && connection->username != NULL) {
        result |= redisAsyncCommand(hiredis, greeted, auth_step, "AUTH %s %s", connection->username,
                                    connection->password);
    } else if (connection->password != NULL) {
        result |= redisAsyncCommand(hiredis, greeted, auth_step, "AUTH %s", connection->password);
    }
    if (connection->database != 0) {
        result |= redisAsyncCommand(hiredis, greeted, select_step, "SELECT %lld",
                                    (long long)connection->database);
    }
    result |= redisAsyncCommand(hiredis, informed, NULL, "INFO");
    return result;
}

static void connected(const redisAsyncContext *hiredis, int status)
{
    if (status != REDIS_OK) {
        redis_connection_lost(hiredis->data, hiredis, redis_connection_error_text(hiredis));
    }
}

static void disconnected(const redisAsyncContext *hiredis, int status)
{
    (void)status;
    redis_connection_lost(hiredis->data, hiredis, redis_connection_error_text(hiredis));
}

/* A host name is resolved here, which blocks: hiredis has no other way. */
void redis_connection_begin(struct redis_connection *connection)
{
    const struct redis_address *address = &connection->address;
    redisAsyncContext *hiredis = address->port == 0
                                     ? redisAsyncConnectUnix(address->host)
                                     : redisAsyncConnect(address->host, address->port);

    connection->hiredis = hiredis;
    if (hiredis == NULL) {
        redis_connection_lost(connection, NULL, "out of memory");
        return;
    }
    hiredis->data = connection;
    if (hiredis->err != 0 ||
        redisLibeventAttach(hiredis, loop_base(connection->loop)) != REDIS_OK) {
        redis_connection_drop(connection, redis_connection_error_text(hiredis));
        return;
    }
    (void)redisAsyncSetConnectCallback(hiredis, connected);
    (void)redisAsyncSetDisconnectCallback(hiredis, disconnected);
    connection->link = LINK_MAKING;
    loop_timer_arm(connection->connect_timer, connection->timeout_ms);
    if (greet(connection) != REDIS_OK) {
        redis_connection_drop(connection, "out of memory");
    }
}
