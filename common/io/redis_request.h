#ifndef COMMON_IO_REDIS_REQUEST_H
#define COMMON_IO_REDIS_REQUEST_H

/** One command to Redis from its making to its one answer. Private to common/io/redis_*.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/io/redis_view.h"

enum { REDIS_SHA_SIZE = 41 };

/** A Lua script of this folder. */
struct redis_script {
    const char *name;
    const char *source;       /**< the prelude included */
    char sha[REDIS_SHA_SIZE]; /**< filled at first use */
};

enum redis_script_name {
    REDIS_SCRIPT_PUT,
    REDIS_SCRIPT_PEND,
    REDIS_SCRIPT_READ,
    REDIS_SCRIPT_LOAD,
    REDIS_SCRIPT_GET,
    REDIS_SCRIPT_SEEN,
    REDIS_SCRIPT_PUT_HOST,
    REDIS_SCRIPT_HOST_FACT,
    REDIS_SCRIPT_READ_HOSTS,
    REDIS_SCRIPT_LIST_HOSTS,
    REDIS_SCRIPT_HEARTBEAT,
    REDIS_SCRIPT_PUT_LIVE,
    REDIS_SCRIPT_LIST_TASKS,
    REDIS_SCRIPT_LIST_CLUSTERS,
    REDIS_SCRIPT_DESCRIBE_CLUSTERS,
    REDIS_SCRIPT_REBUILD_BEGIN,
    REDIS_SCRIPT_REBUILD_COMPLETE,
    REDIS_SCRIPT_VERIFY,
    REDIS_SCRIPT_VOID,
    REDIS_SCRIPT_COUNT
};

/** The script with its SHA-1, which is how Redis knows it (EVALSHA); NULL if libcrypto refuses. */
const struct redis_script *redis_script(enum redis_script_name name);

struct redis_request;
/** Takes the answer apart and calls the caller's function. error NULL: reply is an array. */
typedef void redis_answer_fn(struct redis_request *request, const struct error *error,
                             const redisReply *reply);

struct redis_request {
    struct redis_request *previous, *next; /**< of the connection's list */
    int64_t deadline_boot_ms;
    bool sent;               /**< hiredis has it and will call back */
    bool with_source;        /**< EVAL, after EVALSHA was told that the script is not there */
    bool failed_before;      /**< an argument did not fit in memory: never to be sent */
    enum error_code failure; /**< of a request that waits to be told that it failed */
    const struct redis_script *script;
    struct buffer bytes; /**< the arguments one after the other */
    size_t *lengths;     /**< of each argument */
    size_t count, capacity;
    redis_answer_fn *answer;
    struct redis_view *view;
    union {
        redis_load_fn *load;
        redis_base_fn *base;
        redis_put_fn *put;
        redis_seen_fn *seen;
        redis_verify_fn *verify;
        redis_done_fn *done;
        redis_heartbeat_fn *heartbeat;
        redis_read_fn *read;
        redis_hosts_fn *hosts;
        redis_page_fn *page;
        redis_cluster_fn *cluster;
        redis_run_fn *run;
    } fn;
    void *context;
    size_t expected; /**< what the answer is to hold: tasks, clusters, the page's limit */
};

struct redis_request_list {
    struct redis_request *first, *last;
};
void redis_request_list_append(struct redis_request_list *list, struct redis_request *request);
void redis_request_list_remove(struct redis_request_list *list, struct redis_request *request);

/** A call of a script, its first argument (the key prefix) added. NULL when memory is out. */
struct redis_request *redis_request_new(struct redis_view *view, enum redis_script_name name,
                                        redis_answer_fn *answer, void *context);
/** NULL-safe. */
void redis_request_free(struct redis_request *request);
/** One more argument. Failures are remembered and end in the answer. */
void redis_request_add(struct redis_request *request, struct span argument);
void redis_request_add_text(struct redis_request *request, const char *argument);
void redis_request_add_number(struct redis_request *request, int64_t argument);
/** The index-th argument (0 = the prefix) of a request that has so many. */
struct span redis_request_argument(const struct redis_request *request, size_t index);
/** As Redis wants it: EVALSHA SHA 0 ARGUMENT... (or EVAL SOURCE 0 ...). Free with redisFreeCommand.
 *  @return the length, or -1 when memory is out */
long long redis_request_format(const struct redis_request *request, char **ret_command);

#endif
