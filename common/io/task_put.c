#include "common/io/task_put.h"

#include <string.h>

#include "common/domain/reduce.h"

/* Of the tasks of an ECS service the group is "service:NAME" (ECS API, Task.group). */
static const char *service_of(const char *group)
{
    static const char prefix[] = "service:";
    bool is_service = group != NULL && strncmp(group, prefix, sizeof prefix - 1) == 0;
    return is_service ? group + sizeof prefix - 1 : NULL;
}

void task_put_fill(const struct task *task, int64_t pos, int64_t retention_ms,
                   char reserved[TASK_RESERVATION_SIZE], struct redis_put *ret_put)
{
    bool terminal = task_is_terminal(task);
    task_reservation_write(task, reserved);
    *ret_put = (struct redis_put){
        .cluster = task->cluster,
        .task = task->id,
        .pos = pos,
        .reducer = REDUCER_NUMBER,
        .stopped = strcmp(task_desired_status(task), "STOPPED") == 0,
        .terminal = terminal,
        .pending = strcmp(task_last_status(task), "PENDING") == 0,
        .reserved = reserved,
        .family = task->description.family,
        .started_by = task->description.started_by,
        .service = service_of(task->description.group),
        /* If that is past, the put takes it out of the view. */
        .expire_unix_ms = terminal ? task->terminal_at + retention_ms : 0,
    };
}
