#ifndef WORKER_RUNTIME_PROCESS_CGROUP_H
#define WORKER_RUNTIME_PROCESS_CGROUP_H

/** The control group of a process, by which its children are found however they forked (cgroups(7), version 2, or the
 *  freezer of version 1).
 *
 *  A group is killed whole, so it must be nobody else's: the process itself is in it, this program is not, and no group
 *  below it is anybody's. That is looked at while the process lives, and kept in the group itself as an empty group
 *  "stopfleet-stop", which outlives this program: only a group that has it is ever killed. */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"

enum { PROCESS_CGROUP_PATH_MAX = 1024 };

/** How the names of groups begin that process_cgroup_make made. */
#define PROCESS_CGROUP_PREFIX "stopfleet-"

/** Makes a group for a process below this program's own, and moves the process there.
 *  @return false if that cannot be had here (no right to, no cgroups): ret_path is then "" */
bool process_cgroup_make(const char *name, int64_t pid, char ret_path[PROCESS_CGROUP_PATH_MAX]);

/** True for a path below /sys/fs/cgroup that could be one. */
bool process_cgroup_path_is_valid(const char *path);

/** Marks the group of a living process as one to be killed with it.
 *  @return 0, or -1: ERROR_INVALID (it is not the process' own, and the reason), ERROR_IO */
int process_cgroup_mark(const char *path, int64_t pid, struct error *err);
/** True if it was marked, by this program or an earlier one. */
bool process_cgroup_is_marked(const char *path);

/** SIGKILL to all that is in a marked group. @return true once nothing is left in it (also: it is gone) */
bool process_cgroup_kill(const char *path);
/** Takes the mark of an empty group away, and the group if process_cgroup_make made it. */
void process_cgroup_remove(const char *path);

#endif
