#include "worker/host/end_limit.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/log.h"

/** Of the one end that a process has. */
static struct {
    int64_t limit_ms;
    int status;
    const char *why;
} end;

static void *wait_and_end(void *context)
{
    const struct timespec limit = {.tv_sec = end.limit_ms / 1000,
                                   .tv_nsec = end.limit_ms % 1000 * 1000000};
    (void)context;
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &limit, NULL);
    log_warn("worker.end_limit",
             "the Kafka library still waits for an answer: this process ends without it. What "
             "Kafka has not acknowledged is in the journal, and the next start sends it",
             LOG_INT("limit_ms", end.limit_ms), LOG_STR("because", end.why));
    _exit(end.status);
}

void end_limit_start(int64_t limit_ms, int status, const char *why)
{
    pthread_t thread;
    end.limit_ms = limit_ms;
    end.status = status;
    end.why = why == NULL ? "SIGTERM" : why;
    int result = pthread_create(&thread, NULL, wait_and_end, NULL);
    if (result != 0) {
        struct error err = {0};
        error_set_errno(&err, result, "could not start a thread");
        log_warn("worker.end_limit", "this end has no limit", LOG_STR("error", err.message));
        return;
    }
    (void)pthread_detach(thread);
}
