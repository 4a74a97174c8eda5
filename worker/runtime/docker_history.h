#ifndef WORKER_RUNTIME_DOCKER_HISTORY_H
#define WORKER_RUNTIME_DOCKER_HISTORY_H

/** Whether the engine's own events show a signal. Pure: lines in, answer out. The engine keeps its
 *  last 256 events in memory, all kinds together, and forgets them when it restarts: silence counts
 *  only if the kept events reach back beyond the time that is asked about. */

#include "worker/runtime/docker_event.h"
#include "worker/runtime/runtime.h"

struct docker_history {
    const char *container_id;
    int signal;
    int64_t since_unix_ms;
    /* what was seen so far */
    bool reaches_back;    /**< an event before `since` is still kept */
    bool died;            /**< the run has ended; a start after this is another run */
    bool over;            /**< another run has started */
    bool unnamed_signals; /**< the engine does not say which signal */
    int64_t times, last_unix_ms;
};

/** Takes the events of GET /events?since=0 without filters, in order. */
void docker_history_add(struct docker_history *history, const struct docker_event *event);
enum runtime_history_answer docker_history_answer(const struct docker_history *history);

enum { DOCKER_CLOCK_NOISE_MS = 1000 };
/** How far the engine's wall clock is ahead of ours: only an engine on another machine has another. It said
 *  engine_ms (0: nothing) at some time between our two; less than DOCKER_CLOCK_NOISE_MS is none. */
int64_t docker_clock_ahead(int64_t engine_ms, int64_t asked_ms, int64_t answered_ms);

#endif
