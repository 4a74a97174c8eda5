#ifndef PRODUCER_OP_LIST_TASKS_H
#define PRODUCER_OP_LIST_TASKS_H

/** ListTasks' request. The operation itself is in operation.def. */

#include <jansson.h>

#include "common/domain/ecs_error.h"
#include "producer/list_request.h"

/** As parsed: texts are borrowed from the body, NULL where absent. */
struct list_tasks_request {
    const char *cluster, *container_instance, *family, *started_by, *service_name;
    const char *desired_status, *launch_type;
    struct list_members page;
};

/** Reads the members by type; what they mean is checked later. @return 0, or -1 with error */
int list_tasks_parse(const json_t *object, struct list_tasks_request *ret_request,
                     struct ecs_error *error);

#endif
