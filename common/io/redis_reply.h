#ifndef COMMON_IO_REDIS_REPLY_H
#define COMMON_IO_REDIS_REPLY_H

/** Reading Redis' answers without trusting their shape. Private to common/io/redis_*.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "common/base/buffer.h"
#include "common/base/error.h"

/** What an error reply means. ERROR_UNAVAILABLE, or ERROR_CORRUPT for keys that hold what is not
 * ours. */
int redis_reply_error(const redisReply *reply, struct error *err);
/** True if this Redis cannot serve us for now, so that connecting anew may find one that can: it is
 *  a replica, or loads its data. */
bool redis_reply_is_wrong_server(const redisReply *reply);
/** The index-th member of an array as text or as a number. @return 0, or -1 with ERROR_CORRUPT */
int redis_reply_text(const redisReply *array, size_t index, struct span *ret_text,
                     struct error *err);
int redis_reply_number(const redisReply *array, size_t index, int64_t min, int64_t *ret_number,
                       struct error *err);
/** ERROR_CORRUPT for an answer of another shape than `what`. @return -1 */
int redis_reply_corrupt(struct error *err, const char *what);

#endif
