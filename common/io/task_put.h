#ifndef COMMON_IO_TASK_PUT_H
#define COMMON_IO_TASK_PUT_H

/** A folded task as the view takes it: what redis_view_put is told of it beside its bytes. */

#include "common/domain/task.h"
#include "common/domain/task_reservation.h"
#include "common/io/redis_view.h"

/** Fills all but bytes; texts are the task's and reserved's. Ended tasks are forgotten retention_ms after their end. Pure. */
void task_put_fill(const struct task *task, int64_t pos, int64_t retention_ms,
                   char reserved[TASK_RESERVATION_SIZE], struct redis_put *ret_put);

#endif
