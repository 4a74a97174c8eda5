#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/option_state.h"
#include "tests/unit/base/option_sample.h"

static void durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"0", 0},
        {"30", 30000},
        {"30s", 30000},
        {"1m30s", 90000},
        {"250ms", 250},
        {"2h", 7200000},
        {"1d", 86400000},
        {"1h1m1s1ms", 3661001},
        {"1s500ms", 1500},
        {"007s", 7000},
        {"2H", 7200000},
        {"0ms", 0},
        {"9223372036854775807ms", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ms = -1;
        if (!option_text_to_duration_ms(span_of(good[i].text), &ms)) {
            fail_msg("refused \"%s\"", good[i].text);
        }
        assert_true(ms == good[i].ms);
    }
    static const char *const bad[] = {
        "",
        "s",
        "-1s",
        "+1s",
        "1.5s",
        "1 s",
        "1s ",
        " 1s",
        "1s30",
        "1x",
        "1sm",
        "1min",
        "9223372036854775808ms",
        "9223372036854776s",
        "9223372036854775807ms1ms",
        "1d999999999999d",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = -1;
        if (option_text_to_duration_ms(span_of(bad[i]), &ms)) {
            fail_msg("accepted \"%s\"", bad[i]);
        }
        assert_int_equal(ms, -1);
    }
}

static void sizes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {
        {"0", 0},
        {"12", 12},
        {"12B", 12},
        {"64KiB", 65536},
        {"10mib", 10 << 20},
        {"1GiB", 1 << 30},
        {"2TiB", INT64_C(2) << 40},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t bytes = -1;
        assert_true(option_text_to_bytes(span_of(good[i].text), &bytes));
        assert_true(bytes == good[i].bytes);
    }
    static const char *const bad[] = {"",    "KiB",   "-1",    "1KB",      "1K",
                                      "1.5", "1 KiB", "1KiB1", "1KiB1KiB", "9999999999TiB"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t bytes = -1;
        if (option_text_to_bytes(span_of(bad[i]), &bytes)) {
            fail_msg("accepted \"%s\"", bad[i]);
        }
    }
}

static void booleans_are_read(void **state)
{
    (void)state;
    static const char *const words[] = {"false", "true", "no", "yes",   "off",
                                        "on",    "0",    "1",  "FALSE", "True"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        bool value = i % 2 == 0;
        assert_true(option_text_to_boolean(span_of(words[i]), &value));
        assert_int_equal(value, i % 2);
    }
    bool value;
    assert_false(option_text_to_boolean(span_of(""), &value));
    assert_false(option_text_to_boolean(span_of("t"), &value));
    assert_false(option_text_to_boolean(span_of("2"), &value));
}

static void expect_number(enum option_type type, int64_t number, const char *text)
{
    struct buffer buf;
    buffer_init(&buf, 100);
    assert_int_equal(option_append_number(&buf, type, number, NULL), 0);
    assert_string_equal(buf.data, text);
    buffer_release(&buf);
}

static void numbers_are_written_as_they_are_read(void **state)
{
    (void)state;
    expect_number(OPTION_INTEGER, -12, "-12");
    expect_number(OPTION_DURATION_MS, 0, "0s");
    expect_number(OPTION_DURATION_MS, 250, "250ms");
    expect_number(OPTION_DURATION_MS, 90000, "1m30s");
    expect_number(OPTION_DURATION_MS, 7200000, "2h");
    expect_number(OPTION_DURATION_MS, 86400000 + 3661001, "25h1m1s1ms");
    expect_number(OPTION_BYTES, 0, "0");
    expect_number(OPTION_BYTES, 1000, "1000");
    expect_number(OPTION_BYTES, 1536, "1536");
    expect_number(OPTION_BYTES, 65536, "64KiB");
    expect_number(OPTION_BYTES, INT64_C(3) << 40, "3TiB");
}

/* Sets the sample's option of this name to the text. */
static int set(const char *name, const char *text, struct sample *config, struct error *err)
{
    enum option_source set_by[16] = {0};
    struct option_state state = {.program = &sample_program, .config = config, .set_by = set_by};
    const struct option_spec *spec = option_find(&sample_program, span_of(name));
    assert_non_null(spec);
    return option_set(&state, spec, OPTION_SOURCE_FLAG, span_of(text), err);
}

static void refusals_say_what_is_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *value;
        const char *message;
    } cases[] = {
        {"depth", "-6", "bad value \"-6\" for depth: give a whole number, from -5 to 10"},
        {"depth", "11", "bad value \"11\" for depth: give a whole number, from -5 to 10"},
        {"grace", "999ms",
         "bad value \"999ms\" for grace: give a duration such as 30s, 1m30s, 250ms or 2h (a bare "
         "number is seconds), from 1s to 2h"},
        {"grace", "7201",
         "bad value \"7201\" for grace: give a duration such as 30s, 1m30s, 250ms or 2h (a bare "
         "number is seconds), from 1s to 2h"},
        {"cap", "1",
         "bad value \"1\" for cap: give a size such as 64KiB, 10MiB or 1GiB (a bare number is "
         "bytes), at least 1KiB"},
        {"verbose", "maybe",
         "bad value \"maybe\" for verbose: give true or false, yes or no, on or off, 1 or 0"},
        {"format", "TEXT", "bad value \"TEXT\" for format: give one of text, json"},
        {"format", "", "bad value \"\" for format: give one of text, json"},
        {"kafka-brokers", "a,,b",
         "bad value \"a,,b\" for kafka-brokers: give texts with a comma between each two and none "
         "of them empty"},
        {"kafka-brokers", "a,",
         "bad value \"a,\" for kafka-brokers: give texts with a comma between each two and none "
         "of them empty"},
        {"format", "\xFF", "bad value for format: give one of text, json"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample config = {.depth = 4, .grace_ms = 4, .cap_bytes = 4, .format = 1};
        struct error err = {0};
        assert_int_equal(set(cases[i].name, cases[i].value, &config, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_string_equal(err.message, cases[i].message);
        assert_true(config.depth == 4 && config.grace_ms == 4 && config.cap_bytes == 4);
        assert_int_equal(config.format, 1);
        option_release(&sample_program, &config);
    }
}

static void limits_themselves_are_accepted(void **state)
{
    (void)state;
    struct sample config = {0};
    assert_int_equal(set("depth", "-5", &config, NULL), 0);
    assert_int_equal(set("depth", "10", &config, NULL), 0);
    assert_int_equal(set("grace", "1", &config, NULL), 0);
    assert_int_equal(set("grace", "2h", &config, NULL), 0);
    assert_int_equal(set("cap", "1024", &config, NULL), 0);
    assert_int_equal(set("cap", "7999999TiB", &config, NULL), 0);
    assert_int_equal(config.depth, 10);
    assert_int_equal(config.grace_ms, 7200000);
}

static void long_values_are_shown_in_part(void **state)
{
    (void)state;
    char value[201];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    struct sample config = {0};
    struct error err = {0};
    assert_int_equal(set("format", value, &config, &err), -1);
    value[80] = '\0';
    assert_non_null(strstr(err.message, value));
    assert_non_null(strstr(err.message, "xx...\" for format"));
}

static void a_secret_is_not_shown(void **state)
{
    (void)state;
    struct option_spec spec = {.name = "pin", .type = OPTION_INTEGER, .flags = OPTION_SECRET};
    struct option_program program = {.name = "p", .specs = &spec, .spec_count = 1};
    int64_t config = 0;
    enum option_source set_by = OPTION_SOURCE_NONE;
    struct option_state options = {.program = &program, .config = &config, .set_by = &set_by};
    struct error err = {0};
    assert_int_equal(option_set(&options, &spec, OPTION_SOURCE_ENV, span_of("12x4"), &err), -1);
    assert_string_equal(err.message, "bad value for pin: give a whole number, at least 0");
}

static bool is_short(const char *text)
{
    return strlen(text) <= 3;
}

static const struct option_text_rule SHORT = {is_short, "up to three bytes"};
static const struct option_text_rule ANY = {.wanted = "HOST:PORT"};

static void assert_text_refused(const struct option_spec *spec, const char *text,
                                const char *message)
{
    struct option_program program = {.name = "p", .specs = spec, .spec_count = 1};
    union {
        char *text;
        struct option_list list;
    } config = {0};
    enum option_source set_by = OPTION_SOURCE_NONE;
    struct option_state options = {.program = &program, .config = &config, .set_by = &set_by};
    struct error err = {0};
    int result = option_set(&options, spec, OPTION_SOURCE_FLAG, span_of(text), &err);
    option_release(&program, &config);
    assert_int_equal(result, message == NULL ? 0 : -1);
    if (message != NULL) {
        assert_int_equal(err.code, ERROR_INVALID);
        assert_string_equal(err.message, message);
    }
}

static void a_text_with_a_default_is_never_empty(void **state)
{
    (void)state;
    struct option_spec spec = {.name = "x", .type = OPTION_TEXT, .default_text = "a"};
    assert_text_refused(&spec, "", "bad value \"\" for x: give a text that is not empty");
    assert_text_refused(&spec, "b", NULL);
    spec.text_rule = &ANY;
    assert_text_refused(&spec, "", "bad value \"\" for x: give HOST:PORT");
    assert_text_refused(&spec, "any", NULL);
    spec.default_text = NULL;
    assert_text_refused(&spec, "", NULL);
}

static void a_text_is_what_its_rule_wants(void **state)
{
    (void)state;
    struct option_spec spec = {.name = "x", .type = OPTION_TEXT, .text_rule = &SHORT};
    assert_text_refused(&spec, "abc", NULL);
    assert_text_refused(&spec, "", NULL);
    assert_text_refused(&spec, "abcd", "bad value \"abcd\" for x: give up to three bytes");
    spec.type = OPTION_TEXT_LIST;
    assert_text_refused(&spec, "abc,d", NULL);
    assert_text_refused(&spec, "abc,abcd",
                        "bad value \"abc,abcd\" for x: give texts with a comma between each two "
                        "and none of them empty, each up to three bytes");
}

static void distance_counts_edits(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},         {"", "abc", 3},     {"abc", "abc", 0}, {"abc", "abd", 1},
        {"abc", "ab", 1},    {"abc", "xabc", 1}, {"abc", "acb", 1}, {"kitten", "sitting", 3},
        {"abcd", "badc", 2}, {"ca", "abc", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span a = span_of(cases[i].a);
        struct span b = span_of(cases[i].b);
        assert_int_equal(option_distance(a, b), cases[i].distance);
        assert_int_equal(option_distance(b, a), cases[i].distance);
    }
    char name[65];
    memset(name, 'x', 64);
    name[64] = '\0';
    assert_true(option_distance(span_of(name), span_of("x")) == SIZE_MAX);
    assert_true(option_distance(span_of("x"), span_of(name)) == SIZE_MAX);
    name[63] = '\0';
    assert_int_equal(option_distance(span_of(name), span_of(name + 1)), 1);
}

static void variables_are_named_after_options(void **state)
{
    (void)state;
    char variable[OPTION_VARIABLE_SIZE];
    option_variable_name("kafka-brokers2", variable);
    assert_string_equal(variable, "STOPFLEET_KAFKA_BROKERS2");
    char name[200];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    option_variable_name(name, variable);
    assert_int_equal(strlen(variable), OPTION_VARIABLE_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(booleans_are_read),
        cmocka_unit_test(numbers_are_written_as_they_are_read),
        cmocka_unit_test(refusals_say_what_is_accepted),
        cmocka_unit_test(limits_themselves_are_accepted),
        cmocka_unit_test(long_values_are_shown_in_part),
        cmocka_unit_test(a_secret_is_not_shown),
        cmocka_unit_test(a_text_with_a_default_is_never_empty),
        cmocka_unit_test(a_text_is_what_its_rule_wants),
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(variables_are_named_after_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
