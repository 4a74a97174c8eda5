#ifndef COMMON_DOMAIN_TASK_RESERVATION_H
#define COMMON_DOMAIN_TASK_RESERVATION_H

/** What an open task takes of its host (ECS API, ContainerInstance.remainingResources) and its group, as text beside its base in
 *  the view: "CPU MEMORY group:web tcp:80 udp:8000-8010 …", CPU units, MiB and host ports; in the group, what is no letter, digit
 *  or one of ".-_:/" stands as %HH. Pure. */

#include <stdbool.h>

#include "common/domain/task.h"

enum { TASK_RESERVATION_SIZE = 4096 };

/** CPU units and MiB of a task: what it says itself, else the sum of what its containers say (ECS API, Task.cpu). */
void task_reservation_limits(const struct description *description, int64_t *ret_cpu,
                             int64_t *ret_memory_mib);
/** Writes the text; empty for a task that is over. Ports beyond the room are left out. */
void task_reservation_write(const struct task *task, char ret_text[TASK_RESERVATION_SIZE]);

enum { HOST_PORTS = 65536 };

/** What several tasks take together. {0} is nothing. */
struct task_reservations {
    int64_t cpu, memory_mib;
    bool tcp[HOST_PORTS], udp[HOST_PORTS]; /**< host ports in use */
};
/** Adds one text; what is malformed in it is passed over. */
void task_reservations_add(struct task_reservations *sum, struct span text);

enum { TASK_GROUP_SIZE = 256 };
/** The task's group in one text, empty if it has none there. */
void task_reservation_group(struct span text, char ret_group[TASK_GROUP_SIZE]);

#endif
