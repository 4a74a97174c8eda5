#ifndef PRODUCER_TASK_VIEW_H
#define PRODUCER_TASK_VIEW_H

/** A task as read from Redis -> the fold of base and pending, and its document. Pure. */

#include <jansson.h>

#include "common/base/memory.h"
#include "common/domain/task.h"
#include "common/io/redis_view.h"

/** Reads the base alone, without pending and live: enough to tell what a task is (host, family, who
 *  started it). Release with task_release in every case. @return 0, or -1 as task_decode */
int task_view_decode(const struct redis_task *read, struct task *ret_task, struct error *err);

/** The document of a task as read, with one more pending entry if `recorded` is not NULL (one that was
 *  read too folds once). ret_document is a new reference.
 *  @return 0, or -1 with ERROR_CORRUPT, ERROR_UNSUPPORTED (written by a newer version), ERROR_NO_MEMORY */
int task_view_document(const struct redis_task *read, const struct redis_pending *recorded,
                       bool include_tags, json_t **ret_document, struct error *err);

/** Deep copy into the arena. @return 0, or -1 with ERROR_NO_MEMORY */
int task_view_copy(const struct redis_task *read, struct arena *arena, struct redis_task *ret_copy,
                   struct error *err);

#endif
