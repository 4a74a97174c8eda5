#include "common/domain/ecs_status.h"

#include <stddef.h>
#include <string.h>

static size_t find(const char *const *names, const char *name)
{
    for (size_t i = 1; name != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return 0;
}

static const char *name_at(const char *const *names, size_t count, size_t value)
{
    return value < count ? names[value] : NULL;
}

#define NAME(name)   #name,
#define JOINED(name) "," #name

/** The tables of one enumeration ([0] is NONE, the last one NULL) and its three functions. */
#define DEFINE(enumeration, LIST)                                                                  \
    static const char *const LIST##_TABLE[] = {NULL, LIST(NAME) NULL};                             \
    enum enumeration enumeration##_from_name(const char *name)                                     \
    {                                                                                              \
        return (enum enumeration)find(LIST##_TABLE, name);                                         \
    }                                                                                              \
    const char *enumeration##_name(enum enumeration value)                                         \
    {                                                                                              \
        return name_at(LIST##_TABLE, sizeof LIST##_TABLE / sizeof LIST##_TABLE[0], (size_t)value); \
    }                                                                                              \
    const char *enumeration##_names(void)                                                          \
    {                                                                                              \
        static const char joined[] = LIST(JOINED);                                                 \
        return joined + 1;                                                                         \
    }

DEFINE(ecs_desired_status, ECS_DESIRED_STATUS)
DEFINE(ecs_launch_type, ECS_LAUNCH_TYPE)
DEFINE(ecs_health_status, ECS_HEALTH_STATUS)
DEFINE(ecs_task_field, ECS_TASK_FIELD)
DEFINE(ecs_cluster_field, ECS_CLUSTER_FIELD)
DEFINE(ecs_instance_status, ECS_INSTANCE_STATUS)
DEFINE(ecs_instance_change, ECS_INSTANCE_CHANGE)
DEFINE(ecs_instance_field, ECS_INSTANCE_FIELD)
