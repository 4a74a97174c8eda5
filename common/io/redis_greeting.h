#ifndef COMMON_IO_REDIS_GREETING_H
#define COMMON_IO_REDIS_GREETING_H

/** Whether the Redis at the other end can serve us, by its answer to INFO. Private to
 *  common/io/redis_*.c. */

#include "common/base/buffer.h"

enum { REDIS_RUN_ID_SIZE = 64 };

/** Reads INFO's text. @return NULL and the run's id if this Redis can serve; else why it cannot: it
 *  loads its data, is a replica (its answers may be old), or is no Redis */
const char *redis_greeting_check(struct span info, char ret_run_id[REDIS_RUN_ID_SIZE]);

#endif
