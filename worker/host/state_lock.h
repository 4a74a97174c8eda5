#ifndef WORKER_HOST_STATE_LOCK_H
#define WORKER_HOST_STATE_LOCK_H

/** One worker a state directory: a file `lock` held by flock(2), which names its holder's pid. The kernel frees it with the process. */

#include "common/base/error.h"

/** Makes the directory if it is missing (mode 0700) and takes the lock.
 *  @return the descriptor that holds it (close it to let go), or -1 with ERROR_CONFLICT (names the holder), ERROR_IO, ERROR_FULL,
 *  ERROR_NO_MEMORY */
int state_lock_take(const char *directory, struct error *err);

#endif
