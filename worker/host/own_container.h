#ifndef WORKER_HOST_OWN_CONTAINER_H
#define WORKER_HOST_OWN_CONTAINER_H

/** The container that this process runs in, by what the kernel says of its mounts and cgroups. */

#include <stdbool.h>
#include <stdio.h>

enum { OWN_CONTAINER_SIZE = 65 /**< 64 hex digits and NUL */ };

/** Finds the id of Docker's or Podman's container: a cgroup is named after it; else, in a cgroup namespace of its own, the
 *  engine mounts /etc/hostname from its directory (mountinfo). With `--network container:OTHER` that file is OTHER's, so
 *  the id is then of a container that shares this one's network namespace. Other containers' mounts, which a host shows
 *  too, do not count.
 *  @return false if the process runs in none (or nothing could be read) */
bool own_container_find(const char *mountinfo_path, const char *cgroup_path,
                        char ret_id[OWN_CONTAINER_SIZE]);

#endif
