#ifndef WORKER_HOST_EXIT_WATCH_H
#define WORKER_HOST_EXIT_WATCH_H

/** Which run an exit belongs to that the runtime's events tell of. They name a container, not a run, and some get lost: an exit code
 *  counts only for a run that was seen alive while events came, and without a start of its container since it was seen last, unless that is its own. It is the only source of the exit
 *  code of a container that was removed, or started again, before anybody looked. */

#include "common/base/id_table.h"
#include "worker/runtime/runtime.h"

struct watched_container;

/** {0} is valid and empty. */
struct exit_watch {
    struct id_table table;
    struct watched_container *oldest, *newest;
    uint64_t gaps;   /**< how often events were missed */
    uint64_t events; /**< how many came */
};

void exit_watch_release(struct exit_watch *watch);
/** To be taken when the runtime is asked, for exit_watch_seen. */
uint64_t exit_watch_mark(const struct exit_watch *watch);
/** The runtime showed this run alive when it was asked at `mark`; what an event of the container has overtaken since does not count. Without memory
 *  its exit code will not be known. */
void exit_watch_seen(struct exit_watch *watch, struct run run, uint64_t mark);
void exit_watch_event(struct exit_watch *watch, const struct runtime_event *event);
/** Events may have been missed. */
void exit_watch_gap(struct exit_watch *watch);
struct optional_integer exit_watch_code(const struct exit_watch *watch, struct run run);

#endif
