#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fail_allocations.h"
#include "tests/unit/domain/sample_record.h"

#define BYTES(text) ((struct span){.data = (text), .length = sizeof(text) - 1})

static void assert_json(json_t *json, const char *text)
{
    assert_non_null(json);
    char *dumped = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(dumped, text);
    memory_free(dumped);
    json_decref(json);
}

static const char full_text[] =
    "{\"id\":\"i\",\"number\":-7,\"note\":\"note\",\"exact\":\"exact\",\"command\":\"/bin/x\","
    "\"code\":0,\"flag\":true,\"words\":[\"one\",\"two\",\"drei\"],\"extras\":[\"one\",\"two\"],"
    "\"part\":{\"name\":\"part\",\"size\":5},\"parts\":[{\"name\":\"p\",\"size\":1},"
    "{\"name\":\"q\",\"size\":-2},{\"name\":\"r\"}],\"surplus\":[{\"name\":\"p\",\"size\":1}]}";

static void record_to_json_shows_every_field(void **state)
{
    (void)state;
    assert_json(record_to_json(&sample_spec, &sample_full, NULL), full_text);
    struct sample_record record = {.id = "\xff"};
    assert_json(record_to_json(&sample_spec, &record, NULL),
                "{\"id\":\"\xef\xbf\xbd\",\"number\":0}");
}

static void record_from_json_reads_every_field(void **state)
{
    (void)state;
    json_t *json = json_loads(full_text, 0, NULL);
    struct arena arena = {0};
    struct sample_record record;
    assert_int_equal(record_from_json(&sample_spec, json, &arena, &record, NULL), 0);
    assert_true(record_equal(&sample_spec, &sample_full, &record));
    json_decref(json);
    arena_release(&arena);
}

static void record_from_json_takes_null_for_absent(void **state)
{
    (void)state;
    json_t *json = json_loads("{\"id\":\"i\",\"number\":1,\"note\":null,\"code\":null}", 0, NULL);
    struct arena arena = {0};
    struct sample_record record;
    assert_int_equal(record_from_json(&sample_spec, json, &arena, &record, NULL), 0);
    assert_null(record.note);
    assert_false(record.code.known);
    json_decref(json);
    arena_release(&arena);
}

static void record_from_json_refuses_and_says_where(void **state)
{
    (void)state;
    const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "must be an object"},
        {"{\"number\":1}", "id: missing"},
        {"{\"id\":null,\"number\":1}", "id: missing"},
        {"{\"id\":1,\"number\":1}", "id: must be a string"},
        {"{\"id\":\"i\",\"number\":1,\"nunber\":1}", "nunber: no such member"},
        {"{\"id\":\"i\",\"number\":1.0}", "number: must be an integer"},
        {"{\"id\":\"i\",\"number\":1,\"code\":\"0\"}", "code: must be an integer"},
        {"{\"id\":\"i\",\"number\":1,\"flag\":1}", "flag: must be true or false"},
        {"{\"id\":\"i\",\"number\":1,\"note\":\"123456789\"}", "note: too long"},
        {"{\"id\":\"i\",\"number\":1,\"words\":{}}", "words: must be an array"},
        {"{\"id\":\"i\",\"number\":1,\"words\":[\"a\",2]}", "words[1]: must be a string"},
        {"{\"id\":\"i\",\"number\":1,\"extras\":[\"\",\"\",\"\",\"\"]}",
         "extras: too many elements"},
        {"{\"id\":\"i\",\"number\":1,\"part\":[]}", "part: must be an object"},
        {"{\"id\":\"i\",\"number\":1,\"parts\":[{\"name\":\"n\"},{\"name\":\"n\",\"size\":true}]}",
         "parts[1].size: must be an integer"},
        {"{\"id\":\"i\",\"number\":1,\"parts\":[{\"nam\":\"n\"}]}", "parts[0].nam: no such member"},
        {"{\"id\":\"a\\u0000b\",\"number\":1}", "id: must not hold U+0000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = json_loads(cases[i].text, JSON_ALLOW_NUL, NULL);
        struct arena arena = {0};
        struct sample_record record;
        struct error err = {0};
        assert_non_null(json);
        assert_int_equal(record_from_json(&sample_spec, json, &arena, &record, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_string_equal(err.message, cases[i].message);
        json_decref(json);
        arena_release(&arena);
    }
}

static void record_msgpack_to_json_shows_any_value(void **state)
{
    (void)state;
    const struct {
        struct span bytes;
        const char *text;
    } cases[] = {
        {BYTES("\xc0"), "null"},
        {BYTES("\xc3"), "true"},
        {BYTES("\xd0\x80"), "-128"},
        {BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "\"18446744073709551615\""},
        {BYTES("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"), "1.5"},
        {BYTES("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"), "\"inf\""},
        {BYTES("\xa3"
               "a\xff"
               "b"),
         "\"a\xef\xbf\xbd"
         "b\""},
        {BYTES("\xa0"), "\"\""},
        {BYTES("\xa2"
               "a\x00"),
         "\"a\\u0000\""},
        {BYTES("\xc4\x02\x01\xff"), "\"01ff\""},
        {BYTES("\xd4\xff\x07"), "{\"ext\":-1,\"data\":\"07\"}"},
        {BYTES("\x93\x01\x90\x80"), "[1,[],{}]"},
        {BYTES("\x83\xa1k\x01\x05\x02\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\x03"),
         "{\"k\":1,\"5\":2,\"1.5\":3}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_json(record_msgpack_to_json(cases[i].bytes, NULL), cases[i].text);
    }
}

static void record_msgpack_to_json_refuses_broken_bytes(void **state)
{
    (void)state;
    char deep[18];
    memset(deep, '\x91', sizeof deep);
    const struct span cases[] = {
        BYTES(""),
        BYTES("\xc1"),
        BYTES("\x01\x02"),
        BYTES("\x92\x01"),
        BYTES("\x81\x90\x01"),
        BYTES("\x82\xa1k\x01\xa1k\x02"),
        BYTES("\xdd\xff\xff\xff\xff"),
        {.data = deep, .length = sizeof deep},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = {0};
        assert_null(record_msgpack_to_json(cases[i], &err));
        assert_int_equal(err.code, ERROR_CORRUPT);
    }
}

static void record_json_without_memory_says_so(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 4096);
    assert_int_equal(record_encode(&sample_spec, &sample_full, &buf, NULL, NULL), 0);
    struct error err;
    json_t *json = NULL;
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         json = record_to_json(&sample_spec, &sample_full, &err),
                         assert_int_equal(err.code, json == NULL ? ERROR_NO_MEMORY : ERROR_NONE);
                         json_decref(json));
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         json = record_msgpack_to_json(buffer_span(&buf), &err),
                         assert_int_equal(err.code, json == NULL ? ERROR_NO_MEMORY : ERROR_NONE);
                         json_decref(json));
    assert_null(json);
    json = json_loads(full_text, 0, NULL);
    struct arena arena = {0};
    struct sample_record record;
    int rc = 0;
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         rc = record_from_json(&sample_spec, json, &arena, &record, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         arena_release(&arena));
    json_decref(json);
    buffer_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_to_json_shows_every_field),
        cmocka_unit_test(record_from_json_reads_every_field),
        cmocka_unit_test(record_from_json_takes_null_for_absent),
        cmocka_unit_test(record_from_json_refuses_and_says_where),
        cmocka_unit_test(record_msgpack_to_json_shows_any_value),
        cmocka_unit_test(record_msgpack_to_json_refuses_broken_bytes),
        cmocka_unit_test(record_json_without_memory_says_so),
    };
    json_set_alloc_funcs(memory_alloc, memory_free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
