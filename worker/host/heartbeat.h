#ifndef WORKER_HOST_HEARTBEAT_H
#define WORKER_HOST_HEARTBEAT_H

/** The host's heartbeat key in Redis: gives the tasks' connectivity, and shows if another worker has this identity (design
 *  section 4). */

#include "common/base/clock.h"
#include "common/io/redis_view.h"
#include "worker/host/identity.h"

struct heartbeat;

struct heartbeat_environment {
    struct loop *loop;
    const struct clock *clock;
    struct redis_view *view;
    const struct identity *identity;
    /** State of the runtime, as struct redis_beat wants it. */
    const char *(*runtime)(void *context);
    void *context;
    int64_t interval_ms; /**< three beats missed: disconnected; three in a row: connected again */
};

/** The first beats: nobody else has this identity (or Redis does not say: then it means nothing). */
typedef void heartbeat_free_fn(void *context);
/** A living worker on another machine has this identity: do not act. */
typedef void heartbeat_taken_fn(void *context, const char *holder);

/** The holder's name is host name and boot id: a worker that is started again on its machine takes its own key over at once.
 *  @return NULL with ERROR_NO_MEMORY */
struct heartbeat *heartbeat_new(const struct heartbeat_environment *environment, struct error *err);
void heartbeat_free(struct heartbeat *heartbeat);
/** Beats from now on. Exactly one of the two is called, once: on_free at the first beat that was taken, after patience_ms without an
 *  answer of Redis, or if the other holder is this machine before its reboot; on_taken if a foreign holder's key was renewed
 *  beyond its life. Later conflicts are logged. */
void heartbeat_start(struct heartbeat *heartbeat, int64_t patience_ms, heartbeat_free_fn *on_free,
                     heartbeat_taken_fn *on_taken, void *context);
/** Redis is back, or the runtime's state has changed: beats at once. */
void heartbeat_hurry(struct heartbeat *heartbeat);

#endif
