#ifndef COMMON_DOMAIN_CONTAINER_INSTANCE_DOCUMENT_H
#define COMMON_DOMAIN_CONTAINER_INSTANCE_DOCUMENT_H

/** A host as ECS's ContainerInstance (ECS API, type ContainerInstance). Pure. */

#include <jansson.h>

#include "common/domain/host_record.h"
#include "common/domain/json_build.h"
#include "common/domain/task_reservation.h"

/** What is known of a host beside its registration. */
struct container_instance_live {
    const char *status; /**< "ACTIVE", "DRAINING", "INACTIVE" */
    bool connected;
    int64_t version;
    int64_t running_tasks, pending_tasks;
    const struct task_reservations *reserved; /**< by its open tasks */
    bool with_health;                         /**< healthStatus is wanted */
    const char *runtime;                      /**< state of its runtime as last told; "" = never */
    int64_t runtime_since, runtime_at;        /**< unix ms: of the change to that; told last */
};

/** A new reference, NULL and build->failed without memory. Members that only EC2 has are absent. */
json_t *container_instance_document(struct json_build *build, const struct host_record *record,
                                    const struct container_instance_live *live);

#endif
