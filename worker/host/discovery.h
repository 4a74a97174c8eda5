#ifndef WORKER_HOST_DISCOVERY_H
#define WORKER_HOST_DISCOVERY_H

/** Finds the tasks of this host: lists what the runtime has, groups it, compares with what the log says, and writes
 *  TaskObserved and TaskGone. */

#include "common/base/clock.h"
#include "common/io/loop.h"
#include "common/io/redis_view.h"
#include "worker/host/grouping.h"
#include "worker/host/identity.h"
#include "worker/host/projector.h"
#include "worker/host/stopper.h"

struct discovery;

struct discovery_environment {
    struct loop *loop;
    const struct clock *clock;
    struct runtime *runtime;
    const char *runtime_name; /**< "docker", "process" */
    struct projector *projector;
    struct stopper *stopper;
    struct redis_view *view;
    const struct identity *identity;
    struct grouping_options grouping; /**< now_unix_ms is filled in here */
    int64_t interval_ms;              /**< of the full list that makes up for lost events */
    /** True if the log was read and folded to its end: only then is anything compared. */
    bool (*settled)(void *context);
    void *context;
};

/** @return NULL with ERROR_NO_MEMORY. Freed after the writer, whose reports it gets. */
struct discovery *discovery_new(const struct discovery_environment *environment, struct error *err);
void discovery_free(struct discovery *discovery);
/** Begins; the runtime may still be away. */
void discovery_start(struct discovery *discovery);
/** No more events are written. */
void discovery_stop(struct discovery *discovery);
/** Something may have changed: lists soon, once for all that happens meanwhile. */
void discovery_poke(struct discovery *discovery);
void discovery_on_runtime_event(struct discovery *discovery, const struct runtime_event *event);
void discovery_on_base(struct discovery *discovery, const char *cluster, const char *task);
/** Redis is back: the health of the containers is put again. */
void discovery_on_view_back(struct discovery *discovery);
/** See stopper_environment.claimed. */
bool discovery_claimed(struct discovery *discovery, const char *task, struct run run);
/** See stopper_environment.left. */
const char *discovery_left(const struct discovery *discovery,
                           const struct runtime_container *container);

#endif
