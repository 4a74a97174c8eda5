#ifndef WORKER_HOST_RUN_CLAIMS_H
#define WORKER_HOST_RUN_CLAIMS_H

/** Which task a container run belongs to: the open one whose plan names it, else the first observed that describes it
 * . Pure. */

#include "worker/host/observation.h"

struct run_claim;
struct run_claims {
    struct run_claim *items; /**< sorted by container id; the arena's */
    size_t count;
};

/** Collects what open tasks describe and plan, and what is in flight. @return 0 or -1 with ERROR_NO_MEMORY */
int run_claims_make(const struct observation_input *input, struct arena *arena,
                    struct run_claims *ret_claims, struct error *err);
/** True if the run is another task's than `by`. */
bool run_claims_other(const struct run_claims *claims, struct run run, const struct task *by);
/** True if some task describes it, or one that does is in flight. */
bool run_claims_described(const struct run_claims *claims, struct run run);

#endif
