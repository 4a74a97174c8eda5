#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "producer/request_json.h"

enum kind { TEXT, INTEGER, TEXTS };

/** Reads the member "m" of {"m":VALUE}. @return 0 or -1 with error */
static int read_member(enum kind kind, const char *value, struct optional_integer *ret_integer,
                       struct ecs_error *error)
{
    char body[256];
    json_t *object;
    const char *text;
    const json_t *list;
    (void)snprintf(body, sizeof body, "{\"m\":%s}", value);
    assert_int_equal(request_json_parse(span_of(body), &object, error), 0);
    int result = kind == TEXT      ? request_json_text(object, "m", &text, error)
                 : kind == INTEGER ? request_json_integer(object, "m", ret_integer, error)
                                   : request_json_texts(object, "m", &list, error);
    json_decref(object);
    return result;
}

static void types_are_refused_as_the_front_end_does(void **state)
{
    (void)state;
    static const struct {
        enum kind kind;
        const char *value, *message; /* NULL = accepted */
    } cases[] = {
        {TEXT, "\"x\"", NULL},
        {TEXT, "null", NULL},
        {TEXT, "1", "NUMBER_VALUE can not be converted to a String"},
        {TEXT, "1.5", "NUMBER_VALUE can not be converted to a String"},
        {TEXT, "true", "TRUE_VALUE can not be converted to a String"},
        {TEXT, "false", "FALSE_VALUE can not be converted to a String"},
        {TEXT, "[]", "Start of list found where not expected"},
        {TEXT, "{}", "Start of structure or map found where not expected."},
        {INTEGER, "1", NULL},
        {INTEGER, "null", NULL},
        {INTEGER, "1.5", NULL},
        {INTEGER, "\"1\"", "STRING_VALUE can not be converted to an Integer"},
        {INTEGER, "true", "TRUE_VALUE can not be converted to an Integer"},
        {INTEGER, "false", "FALSE_VALUE can not be converted to an Integer"},
        {INTEGER, "[]", "Start of list found where not expected"},
        {INTEGER, "{}", "Start of structure or map found where not expected."},
        {TEXTS, "[]", NULL},
        {TEXTS, "[\"a\",null]", NULL},
        {TEXTS, "null", NULL},
        {TEXTS, "\"x\"", "Expected list or null"},
        {TEXTS, "1", "Expected list or null"},
        {TEXTS, "{}", "Start of structure or map found where not expected."},
        {TEXTS, "[\"a\",1]", "NUMBER_VALUE can not be converted to a String"},
        {TEXTS, "[[]]", "Start of list found where not expected"},
        {TEXTS, "[{}]", "Start of structure or map found where not expected."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ecs_error error = {0};
        struct optional_integer integer;
        int result = read_member(cases[i].kind, cases[i].value, &integer, &error);
        if (result != (cases[i].message == NULL ? 0 : -1)) {
            fail_msg("%s as kind %d gave %d", cases[i].value, (int)cases[i].kind, result);
        }
        if (result != 0) {
            assert_string_equal(error.message, cases[i].message);
            assert_string_equal(ecs_error_exception(error.code), "SerializationException");
        }
    }
}

static void numbers_are_cut_to_whole_ones(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        struct optional_integer wanted;
    } cases[] = {
        {"null", {false, 0}},
        {"0", {true, 0}},
        {"1.5", {true, 1}},
        {"-1.5", {true, -1}},
        {"1e2", {true, 100}},
        {"1e300", {true, INT64_MAX}},
        {"-1e300", {true, INT64_MIN}},
        {"9223372036854775807", {true, INT64_MAX}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ecs_error error;
        struct optional_integer integer;
        assert_int_equal(read_member(INTEGER, cases[i].value, &integer, &error), 0);
        assert_int_equal(integer.known, cases[i].wanted.known);
        assert_true(integer.value == cases[i].wanted.value);
    }
}

static void absent_members_are_absent_and_unknown_ones_ignored(void **state)
{
    (void)state;
    json_t *object;
    const char *text = "untouched";
    const json_t *list;
    struct optional_integer integer;
    struct ecs_error error;
    assert_int_equal(request_json_parse(span_of("{\"other\":[{\"x\":1}]}"), &object, &error), 0);
    assert_int_equal(request_json_text(object, "m", &text, &error), 0);
    assert_null(text);
    assert_int_equal(request_json_integer(object, "m", &integer, &error), 0);
    assert_false(integer.known);
    assert_int_equal(request_json_texts(object, "m", &list, &error), 0);
    assert_null(list);
    assert_int_equal(json_array_size(list), 0);
    json_decref(object);
}

static void elements_of_lists_are_texts_or_null(void **state)
{
    (void)state;
    json_t *object;
    const json_t *list;
    struct ecs_error error;
    assert_int_equal(request_json_parse(span_of("{\"m\":[\"a\",null]}"), &object, &error), 0);
    assert_int_equal(request_json_texts(object, "m", &list, &error), 0);
    assert_string_equal(request_json_text_at(list, 0), "a");
    assert_null(request_json_text_at(list, 1));
    assert_null(request_json_text_at(list, 2));
    json_decref(object);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *body = malloc(DEPTH);
    json_t *object;
    struct ecs_error error;
    assert_non_null(body);
    memset(body, '[', DEPTH);
    assert_int_equal(request_json_parse((struct span){body, DEPTH}, &object, &error), -1);
    assert_int_equal(error.code, ECS_ERROR_SERIALIZATION);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_refused_as_the_front_end_does),
        cmocka_unit_test(numbers_are_cut_to_whole_ones),
        cmocka_unit_test(absent_members_are_absent_and_unknown_ones_ignored),
        cmocka_unit_test(elements_of_lists_are_texts_or_null),
        cmocka_unit_test(deep_nesting_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
