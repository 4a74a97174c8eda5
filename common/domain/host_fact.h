#ifndef COMMON_DOMAIN_HOST_FACT_H
#define COMMON_DOMAIN_HOST_FACT_H

/** The state of a host as the fold of its facts: WorkerStarted, HostDeregistered, HostStateChanged. Of each kind the one with
 *  the highest offset counts, so facts may be folded in any order and any number of times. Pure. */

#include <stdbool.h>
#include <stdint.h>

#include "common/domain/event.h"

enum host_fact_kind {
    HOST_FACT_NONE = 0, /**< the event is no fact of a host */
    HOST_FACT_STARTED,
    HOST_FACT_DEREGISTERED,
    HOST_FACT_STATUS,
    HOST_FACT_COUNT
};

/** The name of a kind in the view: "started", "deregistered", "status". */
const char *host_fact_name(enum host_fact_kind kind);
/** What an event says of its host. */
enum host_fact_kind host_fact_kind(const struct event *event);
/** What the view keeps beside the offset: of STATUS "ACTIVE" or "DRAINING", of DEREGISTERED its time as decimal unix ms, which
 *  ret_text holds; else "". A status that is neither is "ACTIVE". */
const char *host_fact_value(const struct event *event, char ret_text[24]);

/** The facts of one host so far. */
struct host_state {
    int64_t offsets[HOST_FACT_COUNT]; /**< of the fact that counts; -1 = none */
    bool draining;                    /**< what the STATUS says */
};
#define HOST_STATE_INITIAL                                                                         \
    {                                                                                              \
        .offsets = { -1, -1, -1, -1 }                                                              \
    }

/** Folds one event; what is no fact of a host changes nothing. */
void host_state_fold(struct host_state *state, const struct event *event, int64_t offset);
/** "INACTIVE": deregistered, and no worker has started since. Else what an operator said after the last deregistration,
 *  "ACTIVE" if nothing (ECS API, type ContainerInstance, status). */
const char *host_state_status(const struct host_state *state);

/** Grows with each fact that counts: 2 + the position of the newest, 1 if there is none (redis_prelude.lua, host_version). */
int64_t host_state_version(const struct host_state *state);
/** The position of the newest fact behind a version, -1 if there is none. */
int64_t host_version_position(int64_t version);

#endif
