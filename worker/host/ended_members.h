#ifndef WORKER_HOST_ENDED_MEMBERS_H
#define WORKER_HOST_ENDED_MEMBERS_H

/** Containers of a task that ended while others of it run on: they stay in its description, as ECS keeps them in its Task
 *  document, until another container takes their name, or too many have ended since. Pure. */

#include "worker/host/observation.h"
#include "worker/host/run_claims.h"

enum { ENDED_MEMBERS_MAX = 32 /**< of a task, the latest */ };

/** An open task that is described anew. */
struct ended_members {
    const struct observation_input *in;
    const struct run_claims *claims;
    const struct task *base;
    struct task_group *group; /**< of what lives of it */
    struct arena *arena;
};

/** Lets a replica keep its number in its name while another one of its service is listed that has ended; before
 *  group_describe. Of which service that was, its labels say; once it is removed, the names of the base. @return 0 or -1 with ERROR_NO_MEMORY */
int ended_members_name(const struct ended_members *members, struct error *err);
/** Adds to a description of what lives the containers of the base that do not, with what became of them: what a description
 *  says of an end, later ones repeat, until the container has run again. Left out: what never ran, or lives in no part of this task; one whose name a living
 *  container has; the earliest beyond ENDED_MEMBERS_MAX. The description's created_at stays that of the first container.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int ended_members_keep(const struct ended_members *members, struct description *want,
                       struct error *err);
/** Of a task of which nothing lives: the base's description with the latest runs of what had ended before, where they began
 *  while others of the task ran (group is not used). @return 1 if there is one, 0 if not, -1 with ERROR_NO_MEMORY */
int ended_members_again(const struct ended_members *members, struct description *ret_want,
                        struct error *err);
/** Drops the one that ended first; one whose end nobody saw counts as ended when it started. @return false if there is none */
bool ended_members_drop(struct description *description);

#endif
