#ifndef WORKER_HOST_END_LIMIT_H
#define WORKER_HOST_END_LIMIT_H

/** How long the end of a worker may take. librdkafka's destructor waits for requests that nobody answers, and cannot be told not to:
 *  what the process owes is in its journal by then, so that ending without it loses nothing. */

#include <stdint.h>

/** The process ends with `status` after limit_ms, if it has not ended by itself. To be called once.
 *  @param why what the end is for, kept (not copied); said with the warning. NULL = SIGTERM */
void end_limit_start(int64_t limit_ms, int status, const char *why);

#endif
