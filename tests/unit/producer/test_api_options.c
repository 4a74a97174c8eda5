#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "producer/api_options.h"

static char *no_environment[] = {NULL};

static void assert_check(int count, char **flags, const char *problem)
{
    struct api_options options = {0};
    struct error err = {0};
    enum option_outcome outcome;
    char *arguments[16] = {NULL};
    char program[] = "stopfleet-api";
    arguments[0] = program;
    for (int i = 0; i < count; i++) {
        arguments[i + 1] = flags[i];
    }
    int result = option_parse(&API_OPTIONS_PROGRAM, &options, count + 1, arguments, no_environment,
                              NULL, stdout, &outcome, &err);
    if (result == 0) {
        result = api_options_check(&options, &err);
    }
    assert_int_equal(result, problem == NULL ? 0 : -1);
    if (problem != NULL && strstr(err.message, problem) == NULL) {
        fail_msg("\"%s\" does not tell of %s", err.message, problem);
    }
    option_release(&API_OPTIONS_PROGRAM, &options);
}

static void defaults_are_those_of_the_documentation(void **state)
{
    (void)state;
    struct api_options options = {0};
    struct error err = {0};
    enum option_outcome outcome;
    char program[] = "stopfleet-api", brokers[] = "--kafka-brokers=k:9092";
    char *arguments[] = {program, brokers, NULL};
    assert_int_equal(option_parse(&API_OPTIONS_PROGRAM, &options, 2, arguments, no_environment,
                                  NULL, stdout, &outcome, &err),
                     0);
    assert_int_equal(api_options_check(&options, &err), 0);
    assert_string_equal(options.listen, "127.0.0.1:7770");
    assert_string_equal(options.account, "000000000000");
    assert_string_equal(options.region, "us-east-1");
    assert_string_equal(options.redis, "127.0.0.1:6379");
    assert_int_equal(options.request_timeout_ms, 5000);
    assert_false(options.insecure_network);
    assert_false(options.unsafe_topics);
    assert_int_equal(options.clusters.count, 0);
    struct kafka_config kafka = api_options_kafka(&options);
    assert_string_equal(kafka.brokers, "k:9092");
    assert_string_equal(kafka.client_id, "stopfleet-api");
    struct redis_config redis = api_options_redis(&options);
    assert_string_equal(redis.prefix, "stopfleet");
    assert_null(redis.password);
    assert_int_equal(redis.command_timeout_ms, 5000);
    option_release(&API_OPTIONS_PROGRAM, &options);
}

static void wrong_values_are_named(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"--account=1234", "flag --account: bad value \"1234\" for account: give 12 digits"},
        {"--account=12345678901x", "--account"},
        {"--region=EU west", "flag --region: bad value \"EU west\""},
        {"--region=", "--region"},
        {"--listen=", "flag --listen: bad value \"\" for listen: give HOST:PORT"},
        {"--redis=", "flag --redis: bad value \"\" for redis: give HOST:PORT"},
        {"--cluster=a b", "flag --cluster: bad value \"a b\""},
        {"--replication=1", "--min-insync-replicas 2"},
        {"--cluster=prod,test", NULL},
        {"--account=123456789012", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char brokers[] = "--kafka-brokers=k:9092";
        char flag[64];
        (void)snprintf(flag, sizeof flag, "%s", cases[i][0]);
        char *flags[] = {brokers, flag};
        assert_check(2, flags, cases[i][1]);
    }
    assert_check(0, NULL, "--kafka-brokers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_documentation),
        cmocka_unit_test(wrong_values_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
