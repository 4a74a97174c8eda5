#ifndef PRODUCER_CONTAINER_INSTANCES_H
#define PRODUCER_CONTAINER_INSTANCES_H

/** What the operations on container instances share: which are named, whether the view can tell of them, and their documents. */

#include <jansson.h>

#include "common/domain/ecs_error.h"
#include "common/domain/json_build.h"
#include "producer/service.h"

enum { CONTAINER_INSTANCES_MAX = 100 };

/** The container instances of one request. */
struct container_instances {
    struct service *service;
    char cluster[ARN_NAME_SIZE];
    struct ecs_error
        refusal; /**< what is wrong with an identifier; told once the cluster is known */
    size_t count;
    char ids[CONTAINER_INSTANCES_MAX][ARN_NAME_SIZE]; /**< as asked for, without repeats */
    bool with_health;                                 /**< documents have healthStatus */
};

/** Reads cluster and the list of at most max identifiers. @return 0, or -1 with error */
int container_instances_read(struct container_instances *instances, const char *cluster,
                             const json_t *list, size_t max, struct ecs_error *error);
/** Asks the view for all of them. */
void container_instances_ask(const struct container_instances *instances, redis_hosts_fn *fn,
                             void *context);
/** @return 0 if the view can answer, else -1 with error */
int container_instances_check(const struct container_instances *instances,
                              const struct error *failure, const struct redis_hosts *hosts,
                              struct ecs_error *error);
/** Adds one to the list: its document. A host that the view does not have, or cannot be read, is added to failures. */
void container_instances_add(const struct container_instances *instances,
                             const struct redis_host *host, struct json_build *build, json_t *list,
                             json_t *failures);
/** Adds a failure for one of them (ECS API, type Failure); detail may be NULL. */
void container_instances_fail(const struct container_instances *instances,
                              const struct redis_host *host, const char *reason, const char *detail,
                              struct json_build *build, json_t *failures);

#endif
