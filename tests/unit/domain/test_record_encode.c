#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fail_allocations.h"
#include "tests/unit/domain/sample_record.h"

static void assert_encodes(const struct sample_record *record, const char *bytes, size_t length,
                           bool truncated)
{
    struct buffer buf;
    bool ret_truncated = !truncated;
    buffer_init(&buf, 4096);
    assert_int_equal(record_encode(&sample_spec, record, &buf, &ret_truncated, NULL), 0);
    assert_int_equal(buf.length, length);
    assert_memory_equal(buf.data, bytes, length);
    assert_true(ret_truncated == truncated);
    buffer_release(&buf);
}

#define ASSERT_ENCODES(record, bytes, truncated)                                                   \
    assert_encodes(record, bytes, sizeof(bytes) - 1, truncated)

static void record_encode_leaves_absent_fields_out(void **state)
{
    (void)state;
    struct sample_record record = {.id = "i"};
    ASSERT_ENCODES(&record, "\x82\xa2id\xa1i\xa6number\x00", false);
    record.note = "";
    record.code.known = true;
    ASSERT_ENCODES(&record,
                   "\x84\xa2id\xa1i\xa6number\x00\xa4note\xa0\xa4"
                   "code\x00",
                   false);
}

static void record_encode_cuts_at_a_character(void **state)
{
    (void)state;
    struct sample_record record = {.id = "i", .note = "1234567\xc3\xa4"};
    ASSERT_ENCODES(&record,
                   "\x83\xa2id\xa1i\xa6number\x00\xa4note\xa7"
                   "1234567",
                   true);
}

static void record_encode_replaces_what_is_not_utf8(void **state)
{
    (void)state;
    struct sample_record record = {.id = "a\xff"
                                         "b\xc3"};
    ASSERT_ENCODES(&record,
                   "\x82\xa2id\xa8"
                   "a\xef\xbf\xbd"
                   "b\xef\xbf\xbd\xa6number\x00",
                   false);
}

static void record_encode_cuts_lists_that_may_be_cut(void **state)
{
    (void)state;
    const char *words[] = {"a", "b", "c", "d"};
    struct sample_record record = {.id = "i", .extras = {words, 4}};
    ASSERT_ENCODES(&record,
                   "\x83\xa2id\xa1i\xa6number\x00\xa6"
                   "extras\x93\xa1"
                   "a\xa1"
                   "b\xa1"
                   "c",
                   true);
}

static void record_encode_drops_a_droppable_text_that_is_too_long(void **state)
{
    (void)state;
    struct sample_record record = {.id = "i", .command = "rm -r /tmp/x"};
    ASSERT_ENCODES(&record, "\x82\xa2id\xa1i\xa6number\x00", true);
}

static void assert_not_encoded(const struct sample_record *record, enum error_code code,
                               const char *message)
{
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 4096);
    assert_int_equal(buffer_append_text(&buf, "before", NULL), 0);
    assert_int_equal(record_encode(&sample_spec, record, &buf, NULL, &err), -1);
    assert_int_equal(err.code, code);
    assert_string_equal(err.message, message);
    assert_string_equal(buf.data, "before");
    buffer_release(&buf);
}

static void record_encode_refuses_what_it_must_not_cut(void **state)
{
    (void)state;
    struct sample_record record = sample_full;
    record.exact = "123456789";
    assert_not_encoded(&record, ERROR_FULL, "exact: too long");
    record = sample_full;
    const char *words[] = {"a", "b", "c", "d"};
    record.words = (struct text_list){words, 4};
    assert_not_encoded(&record, ERROR_FULL, "words: too many elements");
}

static void record_encode_refuses_a_record_without_what_is_required(void **state)
{
    (void)state;
    struct sample_record record = sample_full;
    record.id = NULL;
    assert_not_encoded(&record, ERROR_BUG, "id: required but not set");
    struct sample_part parts[] = {{"p", 1}, {NULL, 2}};
    record = sample_full;
    record.parts.items = parts;
    record.parts.count = 2;
    assert_not_encoded(&record, ERROR_BUG, "parts[1].name: required but not set");
}

static void record_encode_within_cuts_until_it_fits(void **state)
{
    (void)state;
    struct sample_part surplus[100];
    for (size_t i = 0; i < 100; i++) {
        surplus[i] = (struct sample_part){"0123456789", 1000};
    }
    struct sample_record record = sample_full;
    record.surplus.items = surplus;
    record.surplus.count = 100;
    struct buffer whole;
    buffer_init(&whole, 1 << 20);
    bool truncated = true;
    assert_int_equal(record_encode_within(&sample_spec, &record, 1 << 20, &whole, &truncated, NULL),
                     0);
    assert_false(truncated);
    size_t smallest = whole.length;
    for (size_t max = whole.length; max > 0; max--) {
        struct buffer buf;
        struct error err = {0};
        buffer_init(&buf, 1 << 20);
        if (record_encode_within(&sample_spec, &record, max, &buf, &truncated, &err) < 0) {
            assert_int_equal(err.code, ERROR_FULL);
            assert_int_equal(buf.length, 0);
        } else {
            struct sample_record read;
            struct arena arena = {0};
            assert_true(buf.length <= max && buf.max_bytes == 1 << 20);
            assert_true(truncated == (max < whole.length));
            assert_int_equal(record_decode(&sample_spec, buffer_span(&buf), &arena, &read, NULL),
                             0);
            assert_string_equal(read.exact, "exact");
            assert_int_equal(read.parts.count, 3);
            arena_release(&arena);
            smallest = buf.length;
        }
        buffer_release(&buf);
    }
    assert_true(smallest < 150);
    buffer_release(&whole);
}

static void record_encode_without_memory_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct sample_record record = sample_full;
    record.id = "\xff needs cleaning";
    struct buffer buf;
    struct error err;
    int rc = 0;
    FAIL_EACH_ALLOCATION(err = (struct error){0};
                         buffer_init(&buf, 4096),
                         rc = record_encode(&sample_spec, &record, &buf, NULL, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         assert_true(rc == 0 || buf.length == 0); buffer_release(&buf));
    assert_int_equal(rc, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_encode_leaves_absent_fields_out),
        cmocka_unit_test(record_encode_cuts_at_a_character),
        cmocka_unit_test(record_encode_replaces_what_is_not_utf8),
        cmocka_unit_test(record_encode_cuts_lists_that_may_be_cut),
        cmocka_unit_test(record_encode_drops_a_droppable_text_that_is_too_long),
        cmocka_unit_test(record_encode_refuses_what_it_must_not_cut),
        cmocka_unit_test(record_encode_refuses_a_record_without_what_is_required),
        cmocka_unit_test(record_encode_within_cuts_until_it_fits),
        cmocka_unit_test(record_encode_without_memory_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
