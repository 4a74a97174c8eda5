#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/io/redis_greeting.h"

static void test_a_primary_that_serves(void **state)
{
    static const char *const GOOD[] = {
        "# Server\r\nredis_version:7.0.15\r\nrun_id:0123abc\r\nloading:0\r\nrole:master\r\n",
        "run_id:0123abc",
        "x_run_id:no\nrun_id:0123abc\nrun_id_x:no\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        char run_id[REDIS_RUN_ID_SIZE] = "";

        assert_null(redis_greeting_check(span_of(GOOD[i]), run_id));
        assert_string_equal(run_id, "0123abc");
    }
}

static void test_one_that_cannot_serve(void **state)
{
    static const struct {
        const char *info, *says;
    } BAD[] = {
        {"run_id:a\r\nloading:1\r\n", "loads"},
        {"run_id:a\r\nrole:slave\r\n", "replica"},
        {"", "run_id"},
        {"run_id:\r\n", "run_id"},
        {"run_id", "run_id"},
        {"run_id:0123456789012345678901234567890123456789012345678901234567890123\n", "run_id"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        char run_id[REDIS_RUN_ID_SIZE] = "before";
        const char *problem = redis_greeting_check(span_of(BAD[i].info), run_id);

        assert_non_null(problem);
        assert_non_null(strstr(problem, BAD[i].says));
        assert_string_equal(run_id, "before");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_primary_that_serves),
        cmocka_unit_test(test_one_that_cannot_serve),
    };

    return cmocka_run_group_tests_name("redis_greeting", tests, NULL, NULL);
}
