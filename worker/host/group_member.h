#ifndef WORKER_HOST_GROUP_MEMBER_H
#define WORKER_HOST_GROUP_MEMBER_H

/** Private to grouping: a container as a member of its task. */

#include "worker/host/grouping.h"

#define COMPOSE_PREFIX     "com.docker.compose."
#define COMPOSE_PROJECT    "com.docker.compose.project"
#define COMPOSE_SERVICE    "com.docker.compose.service"
#define COMPOSE_ONEOFF     "com.docker.compose.oneoff"
#define COMPOSE_NUMBER     "com.docker.compose.container-number"
#define COMPOSE_DEPENDS_ON "com.docker.compose.depends_on"
#define COMPOSE_HASH       "com.docker.compose.config-hash"

/** Fills member->described and ->service from container and labels; the name is not final yet. */
void group_member_describe(struct group_member *member);
/** A member's name within the task, "SERVICE-N" for one of several of a Compose service (numbered). NULL = memory is out. */
const char *group_member_name(const struct group_member *member, bool numbered,
                              struct arena *arena);
/** Gives each member its name within the task. @return 0 or -1 with ERROR_NO_MEMORY */
int group_members_name(struct task_group *group, struct arena *arena, struct error *err);
/** True if a dependency of this name means the member: its name in the task, its service, the runtime's name, its id. */
bool group_member_is_called(const struct group_member *member, struct span called);
/** Fills member->described.depends_on: the chosen members that it needs. @return 0 or -1 with ERROR_NO_MEMORY */
int group_member_need(const struct task_group *group, struct group_member *member,
                      struct arena *arena, struct error *err);
/** Appends a warning for each name of a depends-on label that no member has, and for a circle.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int group_check(struct task_group *group, struct arena *arena, struct label_warnings *warnings,
                struct error *err);

#endif
