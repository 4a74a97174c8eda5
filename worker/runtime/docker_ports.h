#ifndef WORKER_RUNTIME_DOCKER_PORTS_H
#define WORKER_RUNTIME_DOCKER_PORTS_H

/** Published ports of a container as ECS NetworkBindings. Pure. */

#include <jansson.h>

#include "common/domain/description.h"

/** From NetworkSettings.Ports ({"80/tcp": [{"HostIp": …, "HostPort": …}], …}); exposed ports that are
 *  not published are left out. Three or more neighbours (protocol, address, container and host port
 *  each one higher) become a range; two stay single, since the engine does not tell a published range
 *  from single ports. Sorted by protocol, address, container port. Appends to `described`, all in the
 *  arena. @return 0 or -1 with ERROR_NO_MEMORY */
int docker_ports_read(json_t *ports, struct arena *arena, struct described_container *described,
                      struct error *err);

#endif
