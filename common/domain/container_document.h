#ifndef COMMON_DOMAIN_CONTAINER_DOCUMENT_H
#define COMMON_DOMAIN_CONTAINER_DOCUMENT_H

/** The containers of a Task document (ECS API, type Container). Pure. */

#include "common/domain/arn.h"
#include "common/domain/ecs_status.h"
#include "common/domain/json_build.h"
#include "common/domain/task_document.h"

/** What the members of one document share while it is built. */
struct task_document {
    struct json_build build;
    const struct task *task;
    const struct task_live *live; /**< NULL = unknown */
    char task_arn[ARN_MAX_BYTES];
};

/** The run that a description's container speaks of. */
struct run container_document_run(const struct described_container *container);
/** Health as last seen; UNKNOWN where nothing is known (live may be NULL). */
enum ecs_health_status container_document_health(const struct task_live *live,
                                                 const struct described_container *container);
/** One element of `containers`: a new reference; failures are kept in document->build. */
json_t *container_document(struct task_document *document,
                           const struct described_container *container);

#endif
