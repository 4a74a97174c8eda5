#ifndef WORKER_HOST_LIVE_HEALTH_H
#define WORKER_HOST_LIVE_HEALTH_H

/** The health of containers in the view, outside the documents' bytes: put when it changes. */

#include "common/io/redis_view.h"
#include "worker/host/observation.h"

struct live_health;

/** @return NULL with ERROR_NO_MEMORY */
struct live_health *live_health_new(struct redis_view *view, struct error *err);
void live_health_free(struct live_health *health);
/** Puts the health of this open task's containers if it differs from what was put. containers: sorted by id. */
void live_health_of(struct live_health *health, const struct task *base,
                    const struct runtime_container *const *containers, size_t count);
/** All open tasks were given since the last turn: others are forgotten. */
void live_health_turn(struct live_health *health);
/** What was put is no longer believed. */
void live_health_doubt(struct live_health *health);

#endif
