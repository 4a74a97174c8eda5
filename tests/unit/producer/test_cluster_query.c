#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "producer/cluster_query.h"

static const char INSTANCE[] = "{\"agentConnected\":true,\"versionInfo\":{\"agentVersion\":\"1.10."
                               "2\"},\"registeredAt\":1700000000.5,"
                               "\"runningTasksCount\":7,\"task:group\":[\"family:web\",\"batch\"],"
                               "\"attributes\":[{\"name\":\"rack\","
                               "\"value\":\"r7\"},{\"name\":\"ecs.availability-zone\","
                               "\"value\":\"us-east-1a\"},{\"name\":\"slots\",\"value\":\"12\"},{"
                               "\"name\":\"label\",\"value\":\"two words\"}]}";

static void test_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool passes;
    } table[] = {
        {"attribute:rack == r7", true},
        {"attribute:rack equals r8", false},
        {"attribute:rack != r8", true},
        {"attribute:other != r8", true},
        {"attribute:other == r8", false},
        {"attribute:rack exists", true},
        {"attribute:rack !exists", false},
        {"attribute:other not_exists", true},
        {"attribute:ecs.availability-zone in [us-east-1b, us-east-1a]", true},
        {"attribute:ecs.availability-zone !in [us-east-1b,us-east-1a]", false},
        {"attribute:ecs.availability-zone not_in ['us-east-1b']", true},
        {"attribute:ecs.availability-zone =~ us-east-.*", true},
        {"attribute:ecs.availability-zone =~ east", false},
        {"attribute:ecs.availability-zone !~ 'us-(west|east)-1[ab]'", false},
        {"(attribute:rack =~ (r|q)[0-9])", true},
        {"attribute:label == 'two words'", true},
        {"attribute:slots > 9", true},
        {"attribute:slots less_than_equal 11", false},
        {"agentConnected == true", true},
        {"agentConnected in [false]", false},
        {"agentVersion > 1.9.3", true},
        {"agentVersion >= 1.10.2", true},
        {"agentVersion < 1.10.2", false},
        {"agentVersion < 1.10.2.1", true},
        {"runningTasksCount == 7", true},
        {"runningTasksCount greater_than 10", false},
        {"registeredAt < 2023-11-15", true},
        {"registeredAt > 2023-11-14T22:13:20Z", true},
        {"registeredAt >= 2023-11-14T22:13:21", false},
        {"registeredAt > 2023-11-15T00:13:20+02:00", true},
        {"registeredAt > 2023-11-15T00:13:20+01:00", false},
        {"ec2InstanceId == i-abcd1234", false},
        {"task:group == family:web", true},
        {"task:group == batch", true},
        {"task:group == family:db", false},
        {"task:group != batch", false},
        {"task:group != family:db", true},
        {"task:group in [family:db, batch]", true},
        {"task:group !in [family:db, batch]", false},
        {"task:group =~ family:.*", true},
        {"task:group !~ service:.*", true},
        {"task:group !~ family:.*", false},
        {"task:group exists", true},
        {"task:group !exists", false},
        {"not(task:group == batch) or task:group == nobody", false},
        {"attribute:rack == r8 or runningTasksCount == 7 and agentConnected == false", false},
        {"attribute:rack == r7 || runningTasksCount == 8 && agentConnected == false", true},
        {"(attribute:rack == r7 || runningTasksCount == 8) && agentConnected == false", false},
        {"not(attribute:rack == r7)", false},
        {"!(attribute:rack == r7) or not not agentConnected == true", true},
    };
    json_t *instance = json_loads(INSTANCE, 0, NULL);
    assert_non_null(instance);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena arena = {0};
        char detail[CLUSTER_QUERY_DETAIL_SIZE];
        const struct cluster_query *query = cluster_query_parse(table[i].text, &arena, detail);
        if (query == NULL) {
            fail_msg("%s: %s", table[i].text, detail);
        } else if (cluster_query_passes(query, instance) != table[i].passes) {
            fail_msg("%s: wanted %d", table[i].text, table[i].passes);
        }
        arena_release(&arena);
    }
    json_decref(instance);
}

static void test_what_is_no_expression(void **state)
{
    (void)state;
    static const struct {
        const char *text, *detail;
    } table[] = {
        {" ", "a value is wanted at character 2"},
        {"rack == r7", "agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt, "
                       "runningTasksCount or task:group is wanted at character 1"},
        {"task:group > x",
         "one of the operators == != exists !exists in !in =~ !~ is wanted at character 12"},
        {"attribute:rack = r7",
         "an operator (== != > >= < <= exists !exists in !in =~ !~) is wanted at character 16"},
        {"attribute:rack ==", "a value is wanted at character 18"},
        {"attribute:rack in r7", "a list [value, value] is wanted at character 19"},
        {"attribute:rack in [r7", "\",\" or \"]\" is wanted at character 22"},
        {"attribute:rack == 'r7",
         "an end of the quotation that begins here is wanted at character 19"},
        {"(attribute:rack == r7", "\")\" is wanted at character 22"},
        {"attribute:rack == r7 r8", "\"and\", \"or\" or the end is wanted at character 22"},
        {"attribute:rack == r7 and", "a value is wanted at character 25"},
        {"agentConnected > true",
         "one of the operators == != in !in =~ !~ is wanted at character 16"},
        {"agentConnected == yes", "true or false is wanted at character 18"},
        {"runningTasksCount =~ 7",
         "one of the operators == != > >= < <= is wanted at character 19"},
        {"agentVersion >= abc", "a version such as 1.10.0 is wanted at character 16"},
        {"runningTasksCount > many", "a number is wanted at character 20"},
        {"registeredAt > yesterday",
         "a time such as 2018-06-18T22:28:28Z or 2018-06-18 is wanted at character 15"},
        {"attribute:rack =~ [", "a POSIX extended regular expression is wanted at character 18"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct arena arena = {0};
        char detail[CLUSTER_QUERY_DETAIL_SIZE];
        assert_null(cluster_query_parse(table[i].text, &arena, detail));
        assert_string_equal(detail, table[i].detail);
        arena_release(&arena);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    static char text[3000];
    struct arena arena = {0};
    char detail[CLUSTER_QUERY_DETAIL_SIZE];
    memset(text, '(', 1500);
    assert_null(cluster_query_parse(text, &arena, detail));
    assert_non_null(strstr(detail, "fewer levels"));
    memset(text, 'x', sizeof text - 1);
    assert_null(cluster_query_parse(text, &arena, detail));
    assert_non_null(strstr(detail, "at most 2000 bytes"));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_expressions),
                                       cmocka_unit_test(test_what_is_no_expression),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
