#ifndef PRODUCER_VIEW_CHECK_H
#define PRODUCER_VIEW_CHECK_H

/** What may be said from the view: "not found", lists and counts only from a complete one. Each returns 0,
 *  or -1 with the refusal. */

#include <stdbool.h>

#include "common/domain/ecs_error.h"
#include "producer/service.h"

/** That the view answered. */
int view_check_answer(const struct error *failure, struct ecs_error *error);
/** That a cluster exists: by configuration, or because a host registered in it. */
int view_check_cluster(const struct service *service, const char *cluster, bool known,
                       bool complete, struct ecs_error *error);
/** That a task is of the account and region of this API, by its host's registration (without one: it is). Programs of two
 *  accounts may share a view by mistake. */
bool view_check_is_ours(const struct service *service, const struct redis_task *task);
/** That a page came, of a complete view. */
int view_check_page(const struct error *failure, const struct redis_page *page,
                    struct ecs_error *error);

#endif
