#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "producer/http_check.h"
#include "producer/http_listen.h"
#include "producer/http_route.h"
#include "producer/stop_timeout.h"

static void paths_lead_somewhere_or_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum http_route route;
        int64_t stop_timeout_ms; /* -1 = none */
    } good[] = {
        {NULL, HTTP_ROUTE_OPERATION, -1},
        {"", HTTP_ROUTE_OPERATION, -1},
        {"/", HTTP_ROUTE_OPERATION, -1},
        {"/stop-timeout/0", HTTP_ROUTE_OPERATION, 0},
        {"/stop-timeout/30", HTTP_ROUTE_OPERATION, 30000},
        {"/stop-timeout/30/", HTTP_ROUTE_OPERATION, 30000},
        {"/stop-timeout/604800", HTTP_ROUTE_OPERATION, 604800000},
        {"/healthz", HTTP_ROUTE_HEALTH, -1},
        {"/readyz", HTTP_ROUTE_READY, -1},
    };
    static const char *const bad[] = {
        "/x", "//", "/stop-timeout", "/healthz/", "/stop-timeouts/1", "/wait/stopped", "/Healthz"};
    static const char *const bad_seconds[] = {"/stop-timeout/",
                                              "/stop-timeout//",
                                              "/stop-timeout/-1",
                                              "/stop-timeout/1.5",
                                              "/stop-timeout/30s",
                                              "/stop-timeout/+1",
                                              "/stop-timeout/604801",
                                              "/stop-timeout/1//",
                                              "/stop-timeout/1/2",
                                              "/stop-timeout/ 1",
                                              "/stop-timeout/99999999999999999999"};
    struct ecs_error error;
    enum http_route route;
    struct optional_integer timeout;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(http_route_read(good[i].path, &route, &timeout, &error), 0);
        assert_int_equal(route, good[i].route);
        assert_int_equal(timeout.known, good[i].stop_timeout_ms >= 0);
        assert_int_equal(timeout.known ? timeout.value : -1, good[i].stop_timeout_ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(http_route_read(bad[i], &route, &timeout, &error), -1);
        assert_int_equal(error.code, ECS_ERROR_NO_SUCH_PATH);
    }
    for (size_t i = 0; i < sizeof bad_seconds / sizeof bad_seconds[0]; i++) {
        assert_int_equal(http_route_read(bad_seconds[i], &route, &timeout, &error), -1);
        assert_int_equal(error.code, ECS_ERROR_STOP_TIMEOUT_RANGE);
        assert_false(timeout.known);
    }
}

#define SIGNED_BY(list)                                                                            \
    "AWS4-HMAC-SHA256 Credential=AKID/20261128/us-east-1/ecs/aws4_request, SignedHeaders=" list    \
    ", Signature=0123"

static void stop_timeout_header_is_taken_only_if_it_is_signed(void **state)
{
    (void)state;
    static const char by_it[] = SIGNED_BY("host;x-amz-date;x-stopfleet-stop-timeout");
    static const struct {
        const char *value, *authorization;
        int64_t path_ms, expected_ms; /* -1 = none */
        int code;                     /* of the refusal; 0 = taken */
    } cases[] = {
        {NULL, NULL, -1, -1, 0},
        {NULL, by_it, 5000, 5000, 0},
        {"0", by_it, -1, 0, 0},
        {"90", by_it, -1, 90000, 0},
        {"90", by_it, 90000, 90000, 0},
        {"7", SIGNED_BY("x-stopfleet-stop-timeout"), -1, 7000, 0},
        {"7", "AWS4-HMAC-SHA256 SignedHeaders=x-stopfleet-stop-timeout,Signature=0", -1, 7000, 0},
        {"90", by_it, 91000, -1, ECS_ERROR_STOP_TIMEOUT_TWICE},
        {"90", NULL, -1, -1, ECS_ERROR_STOP_TIMEOUT_UNSIGNED},
        {"90", "", -1, -1, ECS_ERROR_STOP_TIMEOUT_UNSIGNED},
        {"90", "Bearer SignedHeaders=x-stopfleet-stop-timeout", -1, -1,
         ECS_ERROR_STOP_TIMEOUT_UNSIGNED},
        {"90", "AWS4-HMAC-SHA256 Credential=a", -1, -1, ECS_ERROR_STOP_TIMEOUT_UNSIGNED},
        {"90", SIGNED_BY("host;x-amz-date"), -1, -1, ECS_ERROR_STOP_TIMEOUT_UNSIGNED},
        {"90", SIGNED_BY("host;x-stopfleet-stop-timeouts"), -1, -1,
         ECS_ERROR_STOP_TIMEOUT_UNSIGNED},
        {"90", SIGNED_BY("") ";x-stopfleet-stop-timeout", -1, -1, ECS_ERROR_STOP_TIMEOUT_UNSIGNED},
        {"", by_it, -1, -1, ECS_ERROR_STOP_TIMEOUT_RANGE},
        {"-1", by_it, -1, -1, ECS_ERROR_STOP_TIMEOUT_RANGE},
        {"30s", by_it, -1, -1, ECS_ERROR_STOP_TIMEOUT_RANGE},
        {"1/", by_it, -1, -1, ECS_ERROR_STOP_TIMEOUT_RANGE},
        {"604801", by_it, -1, -1, ECS_ERROR_STOP_TIMEOUT_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct optional_integer ms = {cases[i].path_ms >= 0, cases[i].path_ms};
        struct ecs_error error = {0};
        int result = stop_timeout_add_header(cases[i].value, cases[i].authorization, &ms, &error);
        assert_int_equal(result, cases[i].code == 0 ? 0 : -1);
        if (result == 0) {
            assert_int_equal(ms.known ? ms.value : -1, cases[i].expected_ms);
        } else {
            assert_int_equal(error.code, cases[i].code);
        }
    }
}

static void content_type_is_that_of_aws(void **state)
{
    (void)state;
    static const char *const good[] = {"application/x-amz-json-1.1", "Application/X-AMZ-JSON-1.1",
                                       "application/x-amz-json-1.1; charset=utf-8",
                                       "application/x-amz-json-1.1 ;x=y"};
    static const char *const bad[] = {NULL,
                                      "",
                                      "application/json",
                                      "application/x-amz-json-1.0",
                                      "application/x-amz-json-1.11",
                                      "application/x-amz-json-1.1x",
                                      " application/x-amz-json-1.1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(http_check_is_amz_json(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(http_check_is_amz_json(bad[i]));
    }
}

static void addresses_other_than_loopback_need_the_option(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool allow, good;
    } cases[] = {
        {"127.0.0.1:0", false, true},
        {"127.7.7.7:80", false, true},
        {"localhost:0", false, true},
        {"[::1]:0", false, true},
        {"0.0.0.0:0", false, false},
        {"0.0.0.0:0", true, true},
        {"[::]:0", false, false},
        {"10.0.0.1:80", false, false},
        {"[2001:db8::1]:80", false, false},
        {"10.0.0.1:80", true, true},
        {"127.0.0.1", false, false},
        {":80", false, false},
        {"127.0.0.1:", false, false},
        {"::1:80", false, false},
        {"127.0.0.1:x", false, false},
        {"127.0.0.1:99999", false, false},
        {"", false, false},
        {"[]:80", false, false},
        {"no.such.host.invalid:80", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_listen_address address;
        struct error err = {0};
        int result = http_listen_resolve(cases[i].text, cases[i].allow, &address, &err);
        if (result != (cases[i].good ? 0 : -1)) {
            fail_msg("\"%s\": %d %s", cases[i].text, result, err.message);
        }
        if (result != 0) {
            assert_int_equal(err.code, ERROR_INVALID);
            assert_non_null(strstr(err.message, "--listen"));
        }
    }
}

static void port_that_is_taken_is_named(void **state)
{
    (void)state;
    struct http_listen_address address;
    struct error err = {0};
    char bound[HTTP_LISTEN_TEXT_SIZE];
    assert_int_equal(http_listen_resolve("127.0.0.1:0", false, &address, &err), 0);
    int fd = http_listen_open(&address, "127.0.0.1:0", &err);
    assert_true(fd >= 0);
    assert_int_equal(http_listen_bound(fd, bound, &err), 0);
    assert_int_equal(strncmp(bound, "127.0.0.1:", 10), 0);
    assert_int_equal(http_listen_resolve(bound, false, &address, &err), 0);
    assert_int_equal(http_listen_open(&address, bound, &err), -1);
    assert_int_equal(err.code, ERROR_IO);
    assert_non_null(strstr(err.message, bound));
    assert_non_null(strstr(err.message, "another program has the port"));
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_somewhere_or_are_refused),
        cmocka_unit_test(stop_timeout_header_is_taken_only_if_it_is_signed),
        cmocka_unit_test(content_type_is_that_of_aws),
        cmocka_unit_test(addresses_other_than_loopback_need_the_option),
        cmocka_unit_test(port_that_is_taken_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
