#include "producer/view_check.h"

#include "common/domain/record.h"

int view_check_answer(const struct error *failure, struct ecs_error *error)
{
    if (failure == NULL) {
        return 0;
    }
    return ecs_error_set(error, ECS_ERROR_VIEW_AWAY, failure->message, NULL);
}

int view_check_cluster(const struct service *service, const char *cluster, bool known,
                       bool complete, struct ecs_error *error)
{
    if (known || service_has_cluster(service, cluster)) {
        return 0;
    }
    return ecs_error_set(error, complete ? ECS_ERROR_CLUSTER_NOT_FOUND : ECS_ERROR_VIEW_INCOMPLETE,
                         NULL, NULL);
}

static bool says(struct span record, const char *key, const char *wanted)
{
    struct span said = record_peek_text(record, key);
    return said.data == NULL || span_equal_text(said, wanted);
}

bool view_check_is_ours(const struct service *service, const struct redis_task *task)
{
    return says(task->host_record, "account", service->account) &&
           says(task->host_record, "region", service->region);
}

int view_check_page(const struct error *failure, const struct redis_page *page,
                    struct ecs_error *error)
{
    if (view_check_answer(failure, error) != 0) {
        return -1;
    }
    return page->complete ? 0 : ecs_error_set(error, ECS_ERROR_VIEW_INCOMPLETE, NULL, NULL);
}
