#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/json_text.h"
#include "common/domain/task_document.h"

static void assert_as_jansson(const json_t *value)
{
    struct buffer buf;
    struct error err = {0};
    char *wanted = json_dumps(value, TASK_DOCUMENT_DUMP_FLAGS | JSON_ENCODE_ANY);
    buffer_init(&buf, 1 << 20);
    assert_non_null(wanted);
    assert_int_equal(json_text_write(value, &buf, &err), 0);
    assert_string_equal(buf.data, wanted);
    buffer_release(&buf);
    free(wanted);
}

static void values_are_written_as_jansson_writes_them(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "[{},[],[[]],{\"a\":{}}]",
        "{\"z\":1,\"a\":[true,false,null,-5,9223372036854775807,-9223372036854775808]}",
        "[1563421494.186,1563421497.5,1.0,-0.0,0.1,1e300,1e-300,-2.5e10,123456789012345678.0]",
        "[\"\",\"plain\",\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\",\"\u00fc\u20ac\"]",
        "{\"\":{\"with \\\"quotes\\\"\":\"x\"},\"\\n\":0}",
        "\"x\"",
        "7",
        "null",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *value = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        assert_as_jansson(value);
        json_decref(value);
    }
}

static void every_character_is_written_as_jansson_writes_it(void **state)
{
    (void)state;
    char text[3] = "xx";
    for (int c = 1; c < 0x80; c++) {
        text[1] = (char)c;
        json_t *value = json_string(text);
        assert_as_jansson(value);
        json_decref(value);
    }
}

static void every_millisecond_is_told(void **state)
{
    (void)state;
    for (int64_t ms = 1700000000000; ms < 1700000001000; ms++) {
        json_t *value = json_real((double)ms / 1000.0);
        struct buffer buf;
        struct error err = {0};
        buffer_init(&buf, 64);
        assert_as_jansson(value);
        assert_int_equal(json_text_write(value, &buf, &err), 0);
        assert_true((int64_t)(strtod(buf.data, NULL) * 1000.0 + 0.5) == ms);
        buffer_release(&buf);
        json_decref(value);
    }
}

static void too_large_too_deep_and_nothing_are_errors(void **state)
{
    (void)state;
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 8);
    json_t *value = json_string("more than eight");
    assert_int_equal(json_text_write(value, &buf, &err), -1);
    assert_int_equal(err.code, ERROR_FULL);
    json_decref(value);
    buffer_release(&buf);
    buffer_init(&buf, 1024);
    assert_int_equal(json_text_write(NULL, &buf, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    value = json_array();
    for (int i = 0; i < 100; i++) {
        value = json_pack("[o]", value);
    }
    assert_int_equal(json_text_write(value, &buf, &err), -1);
    json_decref(value);
    buffer_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_written_as_jansson_writes_them),
        cmocka_unit_test(every_character_is_written_as_jansson_writes_it),
        cmocka_unit_test(every_millisecond_is_told),
        cmocka_unit_test(too_large_too_deep_and_nothing_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
