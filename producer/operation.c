#include "producer/operation.h"

#include <string.h>

#include "producer/request_json.h"

static const struct operation OPERATIONS[] = {
#define OPERATION(operation_name, function) {#operation_name, function},
#define ABSENT_OPERATION(operation_name)
#include "producer/operation.def"
#undef OPERATION
#undef ABSENT_OPERATION
};

static const char *const ABSENT[] = {
#define OPERATION(operation_name, function)
#define ABSENT_OPERATION(operation_name) #operation_name,
#include "producer/operation.def"
#undef OPERATION
#undef ABSENT_OPERATION
};

static const char NAMES[] =
#define OPERATION(operation_name, function) ", " #operation_name
#define ABSENT_OPERATION(operation_name)
#include "producer/operation.def"
#undef OPERATION
#undef ABSENT_OPERATION
    ;

enum {
    OPERATION_COUNT = sizeof OPERATIONS / sizeof OPERATIONS[0],
    ABSENT_COUNT = sizeof ABSENT / sizeof ABSENT[0]
};

static int refuse(const char *name, struct ecs_error *error)
{
    for (size_t i = 0; name != NULL && i < ABSENT_COUNT; i++) {
        if (strcmp(name, ABSENT[i]) == 0) {
            return ecs_error_set(error, ECS_ERROR_OPERATION_NOT_HERE, name, NAMES + 2);
        }
    }
    return ecs_error_set(error, ECS_ERROR_UNKNOWN_OPERATION, NULL, NULL);
}

/** What follows the prefix in X-Amz-Target; NULL if it does not begin so. */
static const char *operation_name(const char *target)
{
    size_t length = strlen(OPERATION_TARGET_PREFIX);
    if (target == NULL || strncmp(target, OPERATION_TARGET_PREFIX, length) != 0) {
        return NULL;
    }
    return target + length;
}

const struct operation *operation_find(const char *target, struct ecs_error *error)
{
    const char *name = operation_name(target);
    for (size_t i = 0; name != NULL && i < OPERATION_COUNT; i++) {
        if (strcmp(name, OPERATIONS[i].name) == 0) {
            return &OPERATIONS[i];
        }
    }
    (void)refuse(name, error);
    return NULL;
}

void operation_run(const char *target, struct call *call)
{
    struct ecs_error error;
    const struct operation *operation = operation_find(target, &error);
    if (operation == NULL || request_json_parse(call->body, &call->json, &error) != 0) {
        call_refuse(call, &error);
        return;
    }
    call->operation = operation->name;
    operation->start(call);
}
