#ifndef COMMON_IO_REDIS_VIEW_PRIVATE_H
#define COMMON_IO_REDIS_VIEW_PRIVATE_H

/** What the files redis_view*.c share. */

#include "common/base/memory.h"
#include "common/io/redis_connection.h"
#include "common/io/redis_reply.h"
#include "common/io/redis_view.h"

struct redis_view {
    struct redis_connection *connection;
    char *prefix;
};

/** The error of a call for which not even a request could be allocated. */
struct error redis_view_no_memory(void);
/** True if the first member of an answer names the run that the connection leads to.
 *  @return 0, or -1 with ERROR_CORRUPT */
int redis_view_is_complete(const struct redis_view *view, const redisReply *reply,
                           bool *ret_complete, struct error *err);
/** A member that says yes or no. @return 0, or -1 with ERROR_CORRUPT */
int redis_view_flag(const redisReply *reply, size_t index, bool *ret_flag, struct error *err);
/** The answer of calls that only tell whether they worked. */
void redis_view_answer_done(struct redis_request *request, const struct error *error,
                            const redisReply *reply);

#endif
