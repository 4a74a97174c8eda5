#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/clock.h"

static int64_t context_ms(void *context)
{
    return *(int64_t *)context;
}

static int64_t context_ms_twice(void *context)
{
    return 2 * *(int64_t *)context;
}

static void a_clock_may_be_anybodys(void **state)
{
    (void)state;
    int64_t now = 21;
    const struct clock clock = {
        .wall_ms = context_ms, .boot_ms = context_ms_twice, .context = &now};
    assert_int_equal(clock_wall_ms(&clock), 21);
    assert_int_equal(clock_boot_ms(&clock), 42);
}

static int64_t libc_ms(clockid_t id)
{
    struct timespec now;
    assert_int_equal(clock_gettime(id, &now), 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void the_system_clock_lies_between_two_readings(void **state)
{
    (void)state;
    const struct clock *clock = clock_system();
    int64_t before = libc_ms(CLOCK_BOOTTIME);
    int64_t boot = clock_boot_ms(clock);
    assert_in_range(boot, before, libc_ms(CLOCK_BOOTTIME));
    before = libc_ms(CLOCK_REALTIME);
    int64_t wall = clock_wall_ms(clock);
    assert_in_range(wall, before, libc_ms(CLOCK_REALTIME));
}

static int clear_boot_id(void **state)
{
    (void)state;
    return unsetenv("STOPFLEET_TEST_BOOT_ID");
}

static void the_boot_id_is_the_kernels(void **state)
{
    (void)state;
    char a[BOOT_ID_SIZE] = "";
    char b[BOOT_ID_SIZE] = "";
    struct error err = {0};
    assert_int_equal(clock_boot_id(a, &err), 0);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
    assert_int_equal(clock_boot_id(b, &err), 0);
    assert_string_equal(a, b);
}

static void tests_may_set_the_boot_id(void **state)
{
    (void)state;
    static const char given[] = "00000000-1111-2222-3333-444444444444";
    char id[BOOT_ID_SIZE] = "";
    assert_int_equal(setenv("STOPFLEET_TEST_BOOT_ID", given, 1), 0);
    assert_int_equal(clock_boot_id(id, NULL), 0);
    assert_string_equal(id, given);
    assert_int_equal(setenv("STOPFLEET_TEST_BOOT_ID", "too short", 1), 0);
    assert_int_equal(clock_boot_id(id, NULL), 0);
    assert_string_not_equal(id, given);
}

static void times_are_written(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {1709210096007, "2024-02-29T12:34:56.007Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_C(253402300800000), "invalid-time"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_C(-62167219200001), "invalid-time"},
        {INT64_MAX, "invalid-time"},
        {INT64_MIN, "invalid-time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        clock_format_unix_ms(cases[i].unix_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2024-11-13T21:21:58.645123456Z", 1731532918645},
        {"2024-11-13T21:21:58.6Z", 1731532918600},
        {"2024-11-13T21:21:58.64999Z", 1731532918649},
        {"2024-11-13t21:21:58z", 1731532918000},
        {"2024-11-13 21:21:58Z", 1731532918000},
        {"2024-11-13T23:21:58.645+02:00", 1731532918645},
        {"2024-11-13T16:51:58.645-04:30", 1731532918645},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"2016-12-31T23:59:60Z", 1483228800000},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0001-01-01T00:00:00Z", 0},
        {"0001-01-01T00:00:01Z", INT64_C(-62135596799000)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_ms = 42;
        struct error err = {0};
        if (clock_parse_rfc3339(cases[i].text, &unix_ms, &err) < 0) {
            fail_msg("%s", err.message);
        }
        assert_true(unix_ms == cases[i].unix_ms);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "2024",
        "2024-11-13",
        "2024-11-13T21:21:58",
        "2024-11-13T21:21Z",
        "24-11-13T21:21:58Z",
        "2024-13-13T21:21:58Z",
        "2024-00-13T21:21:58Z",
        "2024-11-00T21:21:58Z",
        "2024-11-31T21:21:58Z",
        "2023-02-29T00:00:00Z",
        "2024-11-13T24:00:00Z",
        "2024-11-13T21:60:00Z",
        "2024-11-13T21:00:61Z",
        "2024-11-13T21:21:58.Z",
        "2024-11-13T21:21:58,5Z",
        "2024-11-13T21:21:58+0200",
        "2024-11-13T21:21:58+24:00",
        "2024-11-13T21:21:58+02:60",
        "2024-11-13T21:21:58+02",
        "2024-11-13T21:21:58Zx",
        "2024-11-13T21:21:58Z ",
        " 2024-11-13T21:21:58Z",
        "-024-11-13T21:21:58Z",
        "2024/11/13T21:21:58Z",
        "2024-11-13X21:21:58Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t unix_ms = 42;
        struct error err = {0};
        if (clock_parse_rfc3339(bad[i], &unix_ms, &err) == 0) {
            fail_msg("accepted \"%s\"", bad[i]);
        }
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.message, bad[i]));
        assert_int_equal(unix_ms, 42);
    }
    int64_t unix_ms = 42;
    assert_int_equal(clock_parse_rfc3339(NULL, &unix_ms, NULL), -1);
}

static void what_is_written_reads_the_same(void **state)
{
    (void)state;
    for (int64_t ms = INT64_C(-62167219200000); ms < INT64_C(253402300800000);
         ms += INT64_C(86400000) * 97 + 12345) {
        char text[32];
        int64_t back;
        clock_format_unix_ms(ms, text);
        assert_int_equal(clock_parse_rfc3339(text, &back, NULL), 0);
        assert_true(back == ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_may_be_anybodys),
        cmocka_unit_test(the_system_clock_lies_between_two_readings),
        cmocka_unit_test_setup(the_boot_id_is_the_kernels, clear_boot_id),
        cmocka_unit_test_teardown(tests_may_set_the_boot_id, clear_boot_id),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(what_is_written_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
