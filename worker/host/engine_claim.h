#ifndef WORKER_HOST_ENGINE_CLAIM_H
#define WORKER_HOST_ENGINE_CLAIM_H

/** Whether another worker of this machine uses the same engine: an abstract unix socket (unix(7)) named after it, which the kernel
 *  lets go of with the process. Only workers of one network namespace see each other. */

#include "common/base/error.h"

/** @param endpoint "unix:///PATH" or "tcp://HOST:PORT"
 *  @return the descriptor that holds the claim (close it to let go), or -1 with ERROR_CONFLICT (names the holder), or ERROR_IO
 *  where that cannot be known */
int engine_claim_take(const char *endpoint, struct error *err);

#endif
