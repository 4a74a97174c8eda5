#ifndef COMMON_DOMAIN_ECS_STATUS_H
#define COMMON_DOMAIN_ECS_STATUS_H

/** ECS's enumerations, each written once as a list: names to values and back. Pure.
 *  Source: ECS API, the members of the same names. */

/** desiredStatus of ListTasks. */
#define ECS_DESIRED_STATUS(VALUE) VALUE(RUNNING) VALUE(PENDING) VALUE(STOPPED)
/** launchType; a host that is not Amazon's is EXTERNAL. */
#define ECS_LAUNCH_TYPE(VALUE) VALUE(EC2) VALUE(FARGATE) VALUE(EXTERNAL) VALUE(MANAGED_INSTANCES)
/** healthStatus of a container and of a task. */
#define ECS_HEALTH_STATUS(VALUE) VALUE(HEALTHY) VALUE(UNHEALTHY) VALUE(UNKNOWN)
/** include of DescribeTasks. */
#define ECS_TASK_FIELD(VALUE) VALUE(TAGS)
/** status of ListContainerInstances. */
#define ECS_INSTANCE_STATUS(VALUE)                                                                 \
    VALUE(ACTIVE) VALUE(DRAINING) VALUE(REGISTERING) VALUE(DEREGISTERING) VALUE(REGISTRATION_FAILED)
/** status of UpdateContainerInstancesState. */
#define ECS_INSTANCE_CHANGE(VALUE) VALUE(ACTIVE) VALUE(DRAINING)
/** include of DescribeContainerInstances. */
#define ECS_INSTANCE_FIELD(VALUE) VALUE(TAGS) VALUE(CONTAINER_INSTANCE_HEALTH)
/** include of DescribeClusters. */
#define ECS_CLUSTER_FIELD(VALUE)                                                                   \
    VALUE(ATTACHMENTS) VALUE(CONFIGURATIONS) VALUE(SETTINGS) VALUE(STATISTICS) VALUE(TAGS)

enum ecs_desired_status {
    ECS_DESIRED_STATUS_NONE = 0,
#define VALUE(name) ECS_DESIRED_STATUS_##name,
    ECS_DESIRED_STATUS(VALUE)
#undef VALUE
};

enum ecs_launch_type {
    ECS_LAUNCH_TYPE_NONE = 0,
#define VALUE(name) ECS_LAUNCH_TYPE_##name,
    ECS_LAUNCH_TYPE(VALUE)
#undef VALUE
};

enum ecs_health_status {
    ECS_HEALTH_STATUS_NONE = 0,
#define VALUE(name) ECS_HEALTH_STATUS_##name,
    ECS_HEALTH_STATUS(VALUE)
#undef VALUE
};

enum ecs_task_field {
    ECS_TASK_FIELD_NONE = 0,
#define VALUE(name) ECS_TASK_FIELD_##name,
    ECS_TASK_FIELD(VALUE)
#undef VALUE
};

enum ecs_cluster_field {
    ECS_CLUSTER_FIELD_NONE = 0,
#define VALUE(name) ECS_CLUSTER_FIELD_##name,
    ECS_CLUSTER_FIELD(VALUE)
#undef VALUE
        ECS_CLUSTER_FIELD_COUNT
};

enum ecs_instance_status {
    ECS_INSTANCE_STATUS_NONE = 0,
#define VALUE(name) ECS_INSTANCE_STATUS_##name,
    ECS_INSTANCE_STATUS(VALUE)
#undef VALUE
};

enum ecs_instance_change {
    ECS_INSTANCE_CHANGE_NONE = 0,
#define VALUE(name) ECS_INSTANCE_CHANGE_##name,
    ECS_INSTANCE_CHANGE(VALUE)
#undef VALUE
};

enum ecs_instance_field {
    ECS_INSTANCE_FIELD_NONE = 0,
#define VALUE(name) ECS_INSTANCE_FIELD_##name,
    ECS_INSTANCE_FIELD(VALUE)
#undef VALUE
};

/** For each enumeration: _from_name gives 0 for a text that is none of its values (NULL too; case
 *  counts), _name gives NULL outside the enumeration, _names all of them as "A,B,C" for error texts. */
#define ECS_STATUS_FUNCTIONS(enumeration)                                                          \
    enum enumeration enumeration##_from_name(const char *name);                                    \
    const char *enumeration##_name(enum enumeration value);                                        \
    const char *enumeration##_names(void);

ECS_STATUS_FUNCTIONS(ecs_desired_status)
ECS_STATUS_FUNCTIONS(ecs_launch_type)
ECS_STATUS_FUNCTIONS(ecs_health_status)
ECS_STATUS_FUNCTIONS(ecs_task_field)
ECS_STATUS_FUNCTIONS(ecs_cluster_field)
ECS_STATUS_FUNCTIONS(ecs_instance_status)
ECS_STATUS_FUNCTIONS(ecs_instance_change)
ECS_STATUS_FUNCTIONS(ecs_instance_field)

#endif
