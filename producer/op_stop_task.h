#ifndef PRODUCER_OP_STOP_TASK_H
#define PRODUCER_OP_STOP_TASK_H

/** StopTask's request. The operation itself is in operation.def. */

#include <jansson.h>

#include "common/domain/ecs_error.h"

enum { STOP_TASK_REASON_MAX = 1024 /**< characters of `reason` */ };

/** As parsed: texts are borrowed from the body, NULL where absent. */
struct stop_task_request {
    const char *cluster, *task, *reason;
};

/** Reads the members by type; what they mean is checked later. @return 0, or -1 with error */
int stop_task_parse(const json_t *object, struct stop_task_request *ret_request,
                    struct ecs_error *error);

#endif
