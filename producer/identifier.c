#include "producer/identifier.h"

#include <stddef.h>

/** What a kind of identifier is called in texts, and its own two texts. */
struct kind {
    const char *name;
    enum ecs_error_code bad_length, bad_name;
};

static const struct kind CLUSTER = {"Cluster", ECS_ERROR_CLUSTER_BAD_NAME,
                                    ECS_ERROR_CLUSTER_BAD_NAME};
/* No task has an id with other characters, so ECS's text for one that is not there is the true one. */
static const struct kind TASK = {"Task", ECS_ERROR_TASK_ID_LENGTH, ECS_ERROR_TASK_NOT_FOUND};
static const struct kind CONTAINER_INSTANCE = {"Container instance",
                                               ECS_ERROR_CONTAINER_INSTANCE_BAD_NAME,
                                               ECS_ERROR_CONTAINER_INSTANCE_BAD_NAME};

static int refuse(enum arn_problem problem, const struct kind *kind, const char *detail,
                  const struct arn_scope *scope, struct ecs_error *error)
{
    switch (problem) {
    case ARN_BLANK:
        return ecs_error_set(error, ECS_ERROR_IDENTIFIER_BLANK, kind->name, NULL);
    case ARN_BAD_LENGTH:
        return ecs_error_set(error, kind->bad_length, detail, NULL);
    case ARN_BAD_SEPARATORS:
        return ecs_error_set(error, ECS_ERROR_IDENTIFIER_SEPARATORS, NULL, NULL);
    case ARN_OTHER_CLUSTER:
        return ecs_error_set(error, ECS_ERROR_IDENTIFIER_OTHER_CLUSTER, detail, scope->cluster);
    case ARN_OTHER_REGION:
        return ecs_error_set(error, ECS_ERROR_IDENTIFIER_OTHER_REGION, NULL, NULL);
    case ARN_OTHER_ACCOUNT:
        return ecs_error_set(error, ECS_ERROR_IDENTIFIER_OTHER_ACCOUNT, detail, scope->account);
    case ARN_OTHER_TYPE:
        return ecs_error_set(error, ECS_ERROR_IDENTIFIER_OTHER_TYPE, kind->name, NULL);
    case ARN_BAD_NAME:
        return ecs_error_set(error, kind->bad_name, detail, NULL);
    case ARN_OK:
    default:
        return 0;
    }
}

int identifier_cluster(const char *text, const struct arn_scope *scope,
                       char ret_name[ARN_NAME_SIZE], struct ecs_error *error)
{
    char detail[ARN_DETAIL_SIZE];
    return refuse(arn_parse_cluster(text, scope, ret_name, detail), &CLUSTER, detail, scope, error);
}

int identifier_task(const char *text, const struct arn_scope *scope, char ret_id[ARN_TASK_ID_SIZE],
                    struct ecs_error *error)
{
    char detail[ARN_DETAIL_SIZE];
    return refuse(arn_parse_task(text, scope, ret_id, detail), &TASK, detail, scope, error);
}

int identifier_container_instance(const char *text, const struct arn_scope *scope,
                                  char ret_host[ARN_NAME_SIZE], struct ecs_error *error)
{
    char detail[ARN_DETAIL_SIZE];
    return refuse(arn_parse_container_instance(text, scope, ret_host, detail), &CONTAINER_INSTANCE,
                  detail, scope, error);
}
