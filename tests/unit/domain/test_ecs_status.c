#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/ecs_status.h"

static void names_and_values_agree(void **state)
{
    (void)state;
    assert_int_equal(ecs_desired_status_from_name("STOPPED"), ECS_DESIRED_STATUS_STOPPED);
    assert_int_equal(ecs_launch_type_from_name("EXTERNAL"), ECS_LAUNCH_TYPE_EXTERNAL);
    assert_int_equal(ecs_health_status_from_name("UNHEALTHY"), ECS_HEALTH_STATUS_UNHEALTHY);
    assert_int_equal(ecs_task_field_from_name("TAGS"), ECS_TASK_FIELD_TAGS);
    assert_int_equal(ecs_cluster_field_from_name("SETTINGS"), ECS_CLUSTER_FIELD_SETTINGS);
#define VALUE(name) assert_string_equal(ecs_launch_type_name(ECS_LAUNCH_TYPE_##name), #name);
    ECS_LAUNCH_TYPE(VALUE)
#undef VALUE
}

static void other_names_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {"", "running", "RUNNING ", "RUNNIN", "RUNNING,PENDING"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(ecs_desired_status_from_name(names[i]), ECS_DESIRED_STATUS_NONE);
    }
    assert_int_equal(ecs_desired_status_from_name(NULL), ECS_DESIRED_STATUS_NONE);
}

static void values_outside_have_no_name(void **state)
{
    (void)state;
    assert_null(ecs_desired_status_name(ECS_DESIRED_STATUS_NONE));
    assert_null(ecs_desired_status_name((enum ecs_desired_status)4));
    assert_null(ecs_desired_status_name((enum ecs_desired_status)99));
}

static void names_are_listed_for_texts(void **state)
{
    (void)state;
    assert_string_equal(ecs_desired_status_names(), "RUNNING,PENDING,STOPPED");
    assert_string_equal(ecs_launch_type_names(), "EC2,FARGATE,EXTERNAL,MANAGED_INSTANCES");
    assert_string_equal(ecs_health_status_names(), "HEALTHY,UNHEALTHY,UNKNOWN");
    assert_string_equal(ecs_task_field_names(), "TAGS");
    assert_string_equal(ecs_cluster_field_names(),
                        "ATTACHMENTS,CONFIGURATIONS,SETTINGS,STATISTICS,TAGS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_agree),
        cmocka_unit_test(other_names_are_none),
        cmocka_unit_test(values_outside_have_no_name),
        cmocka_unit_test(names_are_listed_for_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
