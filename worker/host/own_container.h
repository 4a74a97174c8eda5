#ifndef WORKER_HOST_OWN_CONTAINER_H
#define WORKER_HOST_OWN_CONTAINER_H

/** The container that this process runs in, by what the kernel says of its mounts and cgroups. */

#include <stdbool.h>
#include <stdio.h>

enum { OWN_CONTAINER_SIZE = 65 /**< 64 hex digits and NUL */ };

/** Finds the id of Docker's or Podman's container: the engine mounts /etc/hostname from its directory (mountinfo); else a
 *  cgroup is named after it. Other containers' mounts, which a host shows too, do not count.
 *  @return false if the process runs in none (or nothing could be read) */
bool own_container_find(const char *mountinfo_path, const char *cgroup_path,
                        char ret_id[OWN_CONTAINER_SIZE]);

#endif
