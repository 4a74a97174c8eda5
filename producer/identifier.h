#ifndef PRODUCER_IDENTIFIER_H
#define PRODUCER_IDENTIFIER_H

/** Identifiers in requests -> names and ids, or ECS's refusal. Each returns 0, or -1 with error. Pure. */

#include "common/domain/arn.h"
#include "common/domain/ecs_error.h"

/** A cluster's name or ARN; NULL = "default". scope->cluster is not looked at. */
int identifier_cluster(const char *text, const struct arn_scope *scope,
                       char ret_name[ARN_NAME_SIZE], struct ecs_error *error);
/** A task's id or ARN. NULL and "" are blank: nothing is ever stopped by them. */
int identifier_task(const char *text, const struct arn_scope *scope, char ret_id[ARN_TASK_ID_SIZE],
                    struct ecs_error *error);
/** A container instance's id (our host id) or ARN. */
int identifier_container_instance(const char *text, const struct arn_scope *scope,
                                  char ret_host[ARN_NAME_SIZE], struct ecs_error *error);

#endif
