#ifndef COMMON_DOMAIN_PLAN_H
#define COMMON_DOMAIN_PLAN_H

/** What a stop does to a task: which runs, in which order, with which signal and grace. Pure. */

#include "common/domain/task.h"

enum { PLAN_GRACE_LEAST_MS = 1000 /**< unless the call says 0 */ };

/** A described container as it is now. */
struct plan_present {
    const char *container_id;
    struct run run; /**< its present run, if running */
    bool running;
    bool claimed; /**< another open task describes that run: it is left alone */
    bool left;    /**< the container is somebody else's by now: no run of it is planned */
};

struct plan_request {
    const struct description *description;
    const struct plan_present *present; /**< one per container of the description, same order */
    struct optional_integer call_timeout_ms;
    int64_t default_grace_ms;
};

struct plan {
    RECORD_LIST_OF(struct planned_run) runs; /**< what is stopped first comes first */
    struct text_list warnings;               /**< sentences for the log */
    struct arena arena;
};

/** Every described run that has not ended, and the present run of a described container that was started again. A container ends before those that it depends on, sidecars end
 *  after all others; a dependency that would close a circle is left out with a warning that names both. Texts of the description are borrowed.
 *  Release in both cases. @return 0 or -1 with ERROR_NO_MEMORY */
int plan_make(const struct plan_request *request, struct plan *ret_plan, struct error *err);
void plan_release(struct plan *plan);

/** The call's, else the container's, else the default; at least PLAN_GRACE_LEAST_MS unless the call says 0. */
int64_t plan_grace_ms(struct optional_integer call_timeout_ms, struct optional_integer described_ms,
                      int64_t default_grace_ms);

/** A run of the plan that must end before this one and has no exit in `task`; NULL = there is none. */
const struct planned_run *plan_blocker(const struct task *task, const struct planned_run *planned);
/** Whether every run of the plan of every container that must end before this one has its exit in `task`. */
bool plan_released(const struct task *task, const struct planned_run *planned);

#endif
