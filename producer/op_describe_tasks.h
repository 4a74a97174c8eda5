#ifndef PRODUCER_OP_DESCRIBE_TASKS_H
#define PRODUCER_OP_DESCRIBE_TASKS_H

/** DescribeTasks' request. The operation itself is in operation.def. */

#include <jansson.h>

#include "common/domain/ecs_error.h"

enum { DESCRIBE_TASKS_MAX = 100 };

/** As parsed: borrowed from the body, NULL where absent. */
struct describe_tasks_request {
    const char *cluster;
    const json_t *tasks, *include; /**< lists of strings */
};

/** Reads the members by type; what they mean is checked later. @return 0, or -1 with error */
int describe_tasks_parse(const json_t *object, struct describe_tasks_request *ret_request,
                         struct ecs_error *error);

#endif
