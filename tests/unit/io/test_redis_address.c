#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/io/redis_address.h"

static void test_addresses(void **state)
{
    static const struct {
        const char *text, *host;
        int port;
    } GOOD[] = {
        {"127.0.0.1:6379", "127.0.0.1", 6379},
        {"redis:1", "redis", 1},
        {"redis.example.com:65535", "redis.example.com", 65535},
        {"[::1]:6379", "::1", 6379},
        {"unix:/run/redis.sock", "/run/redis.sock", 0},
        {"unix:6379", "unix", 6379},
    };

    (void)state;
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        struct redis_address address = {0};
        struct error error = {0};

        assert_int_equal(redis_address_parse(GOOD[i].text, &address, &error), 0);
        assert_string_equal(address.host, GOOD[i].host);
        assert_int_equal(address.port, GOOD[i].port);
        redis_address_release(&address);
    }
}

static void test_what_is_no_address(void **state)
{
    static const char *const BAD[] = {
        "",   "redis", "redis:", ":6379",         "redis:0",          "redis:65536",
        "r:", "r:a",   "r:1a",   "unix:relative", "redis://h:6379/0", "http://redis:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct redis_address address = {0};
        struct error error = {0};

        assert_int_equal(redis_address_parse(BAD[i], &address, &error), -1);
        assert_int_equal(error.code, ERROR_INVALID);
        assert_non_null(strstr(error.message, BAD[i]));
        assert_null(address.host);
    }
    assert_int_equal(redis_address_parse(NULL, NULL, NULL), -1);
}

static void test_tls_is_refused_by_name(void **state)
{
    struct redis_address address = {0};
    struct error error = {0};

    (void)state;
    assert_int_equal(redis_address_parse("rediss://h:6379", &address, &error), -1);
    assert_int_equal(error.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "TLS"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_tls_is_refused_by_name),
    };

    return cmocka_run_group_tests_name("redis_address", tests, NULL, NULL);
}
