#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/arn.h"

#define ID32     "0123456789abcdef0123456789abcdef"
#define ID36     "01234567-89ab-cdef-0123-456789abcdef"
#define TASK_ARN "arn:aws:ecs:us-east-1:123456789012:task/"

static const struct arn_scope SCOPE = {"us-east-1", "123456789012", "prod"};

static void partition_follows_the_region(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"us-east-1", "aws"},
        {"eu-central-1", "aws"},
        {"my-cellar-1", "aws"},
        {"cn-north-1", "aws-cn"},
        {"us-gov-west-1", "aws-us-gov"},
        {"us-iso-east-1", "aws-iso"},
        {"us-isob-east-1", "aws-iso-b"},
        {"eu-isoe-west-1", "aws-iso-e"},
        {"us-isof-south-1", "aws-iso-f"},
        {"eusc-de-east-1", "aws-eusc"},
        {"", "aws"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(arn_partition(cases[i][0]), cases[i][1]);
    }
}

static void arns_are_written_in_their_long_form(void **state)
{
    (void)state;
    char text[ARN_MAX_BYTES];
    arn_of_cluster("us-east-1", "123456789012", "prod", text);
    assert_string_equal(text, "arn:aws:ecs:us-east-1:123456789012:cluster/prod");
    arn_of_task("cn-north-1", "123456789012", "prod", ID32, text);
    assert_string_equal(text, "arn:aws-cn:ecs:cn-north-1:123456789012:task/prod/" ID32);
    arn_of_container_instance("us-east-1", "123456789012", "prod", "node-7", text);
    assert_string_equal(text, "arn:aws:ecs:us-east-1:123456789012:container-instance/prod/node-7");
    arn_of_task_definition("us-east-1", "123456789012", "web", "3", text);
    assert_string_equal(text, "arn:aws:ecs:us-east-1:123456789012:task-definition/web:3");
}

static void container_arn_ends_in_a_stable_uuid(void **state)
{
    (void)state;
    char text[ARN_MAX_BYTES], again[ARN_MAX_BYTES], other[ARN_MAX_BYTES];
    arn_of_container("us-east-1", "123456789012", "prod", ID32, "container-a", text);
    arn_of_container("us-east-1", "123456789012", "prod", ID32, "container-a", again);
    arn_of_container("us-east-1", "123456789012", "prod", ID32, "container-b", other);
    assert_string_equal(text, again);
    assert_string_not_equal(text, other);
    const char *prefix = "arn:aws:ecs:us-east-1:123456789012:container/prod/" ID32 "/";
    assert_int_equal(strncmp(text, prefix, strlen(prefix)), 0);
    const char *uuid = text + strlen(prefix);
    assert_int_equal(strlen(uuid), 36);
    assert_int_equal(uuid[8], '-');
    assert_int_equal(uuid[14], '8');
    assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
}

static void arn_longer_than_its_room_is_cut(void **state)
{
    (void)state;
    char name[2 * ARN_MAX_BYTES];
    char text[ARN_MAX_BYTES];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    arn_of_cluster("us-east-1", "123456789012", name, text);
    assert_int_equal(strlen(text), ARN_MAX_BYTES - 1);
}

static void task_identifiers_are_taken_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum arn_problem problem;
        const char *result; /* the id, or the detail of the problem */
    } cases[] = {
        {ID32, ARN_OK, ID32},
        {ID36, ARN_OK, ID36},
        {TASK_ARN "prod/" ID32, ARN_OK, ID32},
        {TASK_ARN "prod/" ID36, ARN_OK, ID36},
        {TASK_ARN ID36, ARN_OK, ID36},
        {TASK_ARN ID32, ARN_OK, ID32},
        {NULL, ARN_BLANK, ""},
        {"", ARN_BLANK, ""},
        {"0", ARN_BAD_LENGTH, ""},
        {ID32 "0", ARN_BAD_LENGTH, ""},
        {ID36 "0", ARN_BAD_LENGTH, ""},
        {" " ID32, ARN_BAD_LENGTH, ""},
        {TASK_ARN, ARN_BAD_LENGTH, ""},
        {TASK_ARN "prod/", ARN_BAD_LENGTH, ""},
        {TASK_ARN "prod/0123456789abcdef", ARN_BAD_LENGTH, ""},
        {"prod/" ID32, ARN_BAD_SEPARATORS, ""},
        {"task/prod/" ID32, ARN_BAD_SEPARATORS, ""},
        {"/", ARN_BAD_SEPARATORS, ""},
        {TASK_ARN "/" ID32, ARN_BAD_SEPARATORS, ""},
        {TASK_ARN "prod/" ID32 "/x", ARN_BAD_SEPARATORS, ""},
        {TASK_ARN "prod//" ID32, ARN_BAD_SEPARATORS, ""},
        {"arn:aws:ecs:us-east-1", ARN_BAD_SEPARATORS, ""},
        {"arn:", ARN_BAD_SEPARATORS, ""},
        {TASK_ARN "jan7/" ID32, ARN_OTHER_CLUSTER, "jan7"},
        {TASK_ARN "PROD/" ID32, ARN_OTHER_CLUSTER, "PROD"},
        {"arn:aws:ecs:eu-west-1:123456789012:task/prod/" ID32, ARN_OTHER_REGION, ""},
        {"arn:aws-cn:ecs:us-east-1:123456789012:task/prod/" ID32, ARN_OTHER_REGION, ""},
        {"arn:aws:ecs::123456789012:task/prod/" ID32, ARN_OTHER_REGION, ""},
        {"arn:aws:ecs:us-east-1:111111111111:task/prod/" ID32, ARN_OTHER_ACCOUNT, "111111111111"},
        {"arn:aws:ecs:us-east-1::task/prod/" ID32, ARN_OTHER_ACCOUNT, ""},
        {"arn:aws:ecs:us-east-1:123456789012:service/prod/" ID32, ARN_OTHER_TYPE, ""},
        {"arn:aws:ecs:us-east-1:123456789012:task-definition/web:1", ARN_OTHER_TYPE, ""},
        {"arn:aws:ecs:us-east-1:123456789012:task", ARN_OTHER_TYPE, ""},
        {"arn:aws:ec2:us-east-1:123456789012:task/prod/" ID32, ARN_OTHER_TYPE, ""},
        {"0123456789abcdef0123456789abcde*", ARN_BAD_NAME, "0123456789abcdef0123456789abcde*"},
        {"0123456789abcdef0123456789abcde ", ARN_BAD_NAME, "0123456789abcdef0123456789abcde "},
        {"0123456789abcdef0123456789abcd\xc3\xbc", ARN_BAD_NAME,
         "0123456789abcdef0123456789abcd\xc3\xbc"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char id[ARN_TASK_ID_SIZE] = "untouched", detail[ARN_DETAIL_SIZE] = "untouched";
        enum arn_problem problem = arn_parse_task(cases[i].text, &SCOPE, id, detail);
        if (problem != cases[i].problem) {
            fail_msg("\"%s\": problem %d, wanted %d", cases[i].text, (int)problem,
                     (int)cases[i].problem);
        }
        assert_string_equal(problem == ARN_OK ? id : detail, cases[i].result);
        if (problem != ARN_OK) {
            assert_string_equal(id, "untouched");
        }
    }
}

static void clusters_are_taken_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum arn_problem problem;
        const char *result;
    } cases[] = {
        {NULL, ARN_OK, "default"},
        {"prod", ARN_OK, "prod"},
        {"A-Z_9", ARN_OK, "A-Z_9"},
        {"arn:aws:ecs:us-east-1:123456789012:cluster/jan7", ARN_OK, "jan7"},
        {"", ARN_BLANK, ""},
        {"pr od", ARN_BAD_NAME, "pr od"},
        {"prod/x", ARN_BAD_NAME, "prod/x"},
        {"arn:aws:ecs:us-east-1:123456789012:cluster/", ARN_BAD_NAME, ""},
        {"arn:aws:ecs:us-east-1:123456789012:cluster/a/b", ARN_BAD_NAME, "a/b"},
        {"arn:aws:ecs:eu-west-1:123456789012:cluster/a", ARN_OTHER_REGION, ""},
        {"arn:aws:ecs:us-east-1:1:cluster/a", ARN_OTHER_ACCOUNT, "1"},
        {"arn:aws:ecs:us-east-1:123456789012:task/a", ARN_OTHER_TYPE, ""},
        {"arn:aws", ARN_BAD_SEPARATORS, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[ARN_NAME_SIZE] = "untouched", detail[ARN_DETAIL_SIZE] = "untouched";
        enum arn_problem problem = arn_parse_cluster(cases[i].text, &SCOPE, name, detail);
        if (problem != cases[i].problem) {
            fail_msg("\"%s\": problem %d, wanted %d", cases[i].text, (int)problem,
                     (int)cases[i].problem);
        }
        assert_string_equal(problem == ARN_OK ? name : detail, cases[i].result);
    }
}

static void names_have_255_characters_at_most(void **state)
{
    (void)state;
    char text[ARN_NAME_SIZE + 1], name[ARN_NAME_SIZE], detail[ARN_DETAIL_SIZE];
    memset(text, 'a', sizeof text);
    text[255] = '\0';
    assert_int_equal(arn_parse_cluster(text, &SCOPE, name, detail), ARN_OK);
    assert_int_equal(strlen(name), 255);
    assert_true(arn_is_cluster_name(text));
    text[255] = 'a';
    text[256] = '\0';
    assert_int_equal(arn_parse_cluster(text, &SCOPE, name, detail), ARN_BAD_NAME);
    assert_int_equal(strlen(detail), ARN_DETAIL_SIZE - 1);
    assert_false(arn_is_cluster_name(text));
    assert_false(arn_is_cluster_name(""));
}

static void accounts_and_regions_are_told(void **state)
{
    (void)state;
    char region[66] = {0};
    assert_true(arn_is_account("012345678901"));
    assert_false(arn_is_account(""));
    assert_false(arn_is_account("01234567890"));
    assert_false(arn_is_account("0123456789012"));
    assert_false(arn_is_account("01234567890x"));
    assert_true(arn_is_region("us-gov-west-1"));
    assert_false(arn_is_region(""));
    assert_false(arn_is_region("x y"));
    assert_false(arn_is_region("EU-west-1"));
    memset(region, 'a', 64);
    assert_true(arn_is_region(region));
    region[64] = 'a';
    assert_false(arn_is_region(region));
}

static void container_instances_are_taken_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum arn_problem problem;
        const char *result;
    } cases[] = {
        {"node-7.example", ARN_OK, "node-7.example"},
        {"arn:aws:ecs:us-east-1:123456789012:container-instance/prod/node-7", ARN_OK, "node-7"},
        {"arn:aws:ecs:us-east-1:123456789012:container-instance/node-7", ARN_OK, "node-7"},
        {"arn:aws:ecs:us-east-1:123456789012:container-instance/jan7/n", ARN_OTHER_CLUSTER, "jan7"},
        {TASK_ARN "prod/" ID32, ARN_OTHER_TYPE, ""},
        {"", ARN_BLANK, ""},
        {"a b", ARN_BAD_NAME, "a b"},
        {"a/b", ARN_BAD_SEPARATORS, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char host[ARN_NAME_SIZE] = "untouched", detail[ARN_DETAIL_SIZE] = "untouched";
        enum arn_problem problem =
            arn_parse_container_instance(cases[i].text, &SCOPE, host, detail);
        assert_int_equal(problem, cases[i].problem);
        assert_string_equal(problem == ARN_OK ? host : detail, cases[i].result);
    }
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    char text[ARN_MAX_BYTES], name[ARN_NAME_SIZE], id[ARN_TASK_ID_SIZE], detail[ARN_DETAIL_SIZE];
    arn_of_task(SCOPE.region, SCOPE.account, SCOPE.cluster, ID32, text);
    assert_int_equal(arn_parse_task(text, &SCOPE, id, detail), ARN_OK);
    assert_string_equal(id, ID32);
    arn_of_cluster(SCOPE.region, SCOPE.account, "x", text);
    assert_int_equal(arn_parse_cluster(text, &SCOPE, name, detail), ARN_OK);
    assert_string_equal(name, "x");
    arn_of_container_instance(SCOPE.region, SCOPE.account, SCOPE.cluster, "h", text);
    assert_int_equal(arn_parse_container_instance(text, &SCOPE, name, detail), ARN_OK);
    assert_string_equal(name, "h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partition_follows_the_region),
        cmocka_unit_test(arns_are_written_in_their_long_form),
        cmocka_unit_test(container_arn_ends_in_a_stable_uuid),
        cmocka_unit_test(arn_longer_than_its_room_is_cut),
        cmocka_unit_test(task_identifiers_are_taken_or_refused),
        cmocka_unit_test(clusters_are_taken_or_refused),
        cmocka_unit_test(names_have_255_characters_at_most),
        cmocka_unit_test(accounts_and_regions_are_told),
        cmocka_unit_test(container_instances_are_taken_or_refused),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
