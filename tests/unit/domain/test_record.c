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

/* A record of which only the required fields are there: {"id":"i","number":0}. */
#define SMALLEST "\xa2id\xa1i\xa6number\x00"

static int decode(struct span bytes, struct sample_record *ret_record, struct error *err)
{
    static struct arena arena;
    arena_release(&arena);
    return record_decode(&sample_spec, bytes, &arena, ret_record, err);
}

static void assert_refused(struct span bytes, const char *message)
{
    struct sample_record record;
    struct error err = {0};
    assert_int_equal(decode(bytes, &record, &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_string_equal(err.message, message);
}

static void record_round_trip_keeps_every_field(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 4096);
    bool truncated = true;
    assert_int_equal(record_encode(&sample_spec, &sample_full, &buf, &truncated, NULL), 0);
    assert_false(truncated);
    struct sample_record record;
    assert_int_equal(decode(buffer_span(&buf), &record, NULL), 0);
    assert_true(record_equal(&sample_spec, &sample_full, &record));
    assert_true(record.code.known && record.code.value == 0);
    struct buffer again;
    buffer_init(&again, 4096);
    assert_int_equal(record_encode(&sample_spec, &record, &again, NULL, NULL), 0);
    assert_true(span_equal(buffer_span(&buf), buffer_span(&again)));
    buffer_release(&buf);
    buffer_release(&again);
}

static void record_equal_sees_every_field(void **state)
{
    (void)state;
    struct sample_part other_parts[] = {{"p", 1}, {"q", -2}, {"r", 3}};
    const char *other_words[] = {"one", "two", "three"};
    for (size_t i = 0; i < sample_spec.field_count; i++) {
        struct sample_record other = sample_full;
        switch (i) {
        case 0:
            other.id = "j";
            break;
        case 1:
            other.number = 7;
            break;
        case 2:
            other.note = NULL;
            break;
        case 3:
            other.exact = "";
            break;
        case 4:
            other.command = "/bin/y";
            break;
        case 5:
            other.code.known = false;
            break;
        case 6:
            other.flag = false;
            break;
        case 7:
            other.words.items = other_words;
            break;
        case 8:
            other.extras.count = 1;
            break;
        case 9:
            other.part.size = 6;
            break;
        case 10:
            other.parts.items = other_parts;
            break;
        default:
            other.surplus.count = 2;
            break;
        }
        assert_false(record_equal(&sample_spec, &sample_full, &other));
        assert_false(record_equal(&sample_spec, &other, &sample_full));
    }
    struct sample_record copy = sample_full;
    assert_true(record_equal(&sample_spec, &sample_full, &copy));
}

static void record_decode_takes_keys_in_any_order_and_skips_unknown_ones(void **state)
{
    (void)state;
    struct sample_record record;
    struct span bytes = BYTES("\x86\xa4"
                              "flag\xc3\xa6number\x05\xa3new\x82\xa1"
                              "a\x93\x01\xc0\xc3\xa1"
                              "b\xc4\x01x\xa4"
                              "code\xff\xa2id\xa0\xa5later\xc7\x01\x05y");
    assert_int_equal(decode(bytes, &record, NULL), 0);
    assert_string_equal(record.id, "");
    assert_true(record.number == 5 && record.flag);
    assert_true(record.code.known && record.code.value == -1);
    assert_null(record.note);
}

static void record_decode_refuses_foreign_bytes_and_says_where(void **state)
{
    (void)state;
    assert_refused(BYTES(""), "the bytes end too early or are not msgpack");
    assert_refused(BYTES("\xc1"), "the bytes end too early or are not msgpack");
    assert_refused(BYTES("\x90"), "not a map");
    assert_refused(BYTES("\x80"), "id: missing");
    assert_refused(BYTES("\x81\xa2id\xa1i"), "number: missing");
    assert_refused(BYTES("\x82" SMALLEST "\x00"), "bytes behind the end of the record");
    assert_refused(BYTES("\x83" SMALLEST "\xa2id\xa1i"), "id: there twice");
    assert_refused(BYTES("\x83" SMALLEST "\x01\x02"), "a key that is not a text");
    assert_refused(BYTES("\x81\xa2id\x01"), "id: not a text");
    assert_refused(BYTES("\x81\xa2id\xa2\xc3\x28"), "id: not UTF-8");
    assert_refused(BYTES("\x81\xa2id\xa3x\x00y"), "id: holds U+0000");
    assert_refused(BYTES("\x81\xa6number\xa1i"), "number: not an integer");
    assert_refused(BYTES("\x81\xa6number\xca\x3f\x80\x00\x00"), "number: not an integer");
    assert_refused(BYTES("\x81\xa6number\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
                   "number: not an integer");
    assert_refused(BYTES("\x83" SMALLEST "\xa4"
                         "code\xc0"),
                   "code: not an integer");
    assert_refused(BYTES("\x83" SMALLEST "\xa4"
                         "flag\x01"),
                   "flag: not a boolean");
    assert_refused(BYTES("\x83" SMALLEST "\xa5words\xa1x"), "words: not a list");
    assert_refused(BYTES("\x83" SMALLEST "\xa5words\x92\xa1x\x01"), "words[1]: not a text");
    assert_refused(BYTES("\x83" SMALLEST "\xa5words\x94\xa0\xa0\xa0\xa0"),
                   "words: too many elements");
    assert_refused(BYTES("\x83" SMALLEST "\xa5"
                         "exact\xa9"
                         "123456789"),
                   "exact: too long");
    assert_refused(BYTES("\x83" SMALLEST "\xa4part\xc3"), "part: not a map");
    assert_refused(BYTES("\x83" SMALLEST "\xa4part\x81\xa4size\x01"), "part.name: missing");
    assert_refused(BYTES("\x83" SMALLEST "\xa5parts\x92\x81\xa4name\xa1n\x82\xa4name\xa1n"
                         "\xa4size\xa1x"),
                   "parts[1].size: not an integer");
    assert_refused(BYTES("\x83" SMALLEST "\xa5parts\xdd\xff\xff\xff\xff"),
                   "parts: the bytes end too early or are not msgpack");
    assert_refused(BYTES("\x83" SMALLEST "\xa3new\xc1"),
                   "the value of an unknown key is broken or nested too deep");
    /* A key with a zero byte is not the key before the zero byte. */
    assert_refused(BYTES("\x81\xa4id\x00\x00\xa1i"), "id: missing");
}

static void record_decode_bounds_nesting_of_what_it_skips(void **state)
{
    (void)state;
    char bytes[] = "\x83" SMALLEST "\xa3new"
                   "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0\xc0";
    struct sample_record record;
    size_t length = sizeof bytes - 1;
    struct span fifteen = {.data = bytes, .length = length - 1};
    assert_int_equal(decode(fifteen, &record, NULL), 0); /* 16 with the record itself */
    bytes[length - 2] = '\x91';
    assert_refused((struct span){.data = bytes, .length = length},
                   "the value of an unknown key is broken or nested too deep");
}

static void record_decode_cuts_what_may_be_cut(void **state)
{
    (void)state;
    struct sample_record record;
    struct span bytes = BYTES("\x84" SMALLEST "\xa4note\xaa"
                              "1234567\xc3\xa4x\xa6"
                              "extras\x95\xa1"
                              "a\xa1"
                              "b\xa1"
                              "c\x92\x01\x02\xa1"
                              "e");
    assert_int_equal(decode(bytes, &record, NULL), 0);
    assert_string_equal(record.note, "1234567");
    assert_int_equal(record.extras.count, 3);
    assert_string_equal(record.extras.items[2], "c");
}

static void record_decode_of_any_prefix_or_damage_neither_crashes_nor_lies(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 4096);
    assert_int_equal(record_encode(&sample_spec, &sample_full, &buf, NULL, NULL), 0);
    for (size_t length = 0; length < buf.length; length++) {
        char *bytes = memcpy(test_malloc(length + 1), buf.data, length);
        struct sample_record record;
        struct error err = {0};
        assert_int_equal(decode((struct span){.data = bytes, .length = length}, &record, &err), -1);
        assert_int_equal(err.code, ERROR_CORRUPT);
        test_free(bytes);
    }
    for (size_t at = 0; at < buf.length; at++) {
        char kept = buf.data[at];
        for (unsigned value = 0; value < 256; value++) {
            struct sample_record record;
            struct error err = {0};
            buf.data[at] = (char)value;
            if (decode(buffer_span(&buf), &record, &err) < 0) {
                assert_int_equal(err.code, ERROR_CORRUPT);
            }
        }
        buf.data[at] = kept;
    }
    buffer_release(&buf);
}

static void record_decode_memory_follows_bytes_not_claims(void **state)
{
    (void)state;
    /* 100 elements claimed with 10 bytes behind the claim, of which the first is no map. */
    struct sample_record record;
    struct arena arena = {0};
    struct span bytes =
        BYTES("\x83" SMALLEST "\xa7surplus\x9a\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a");
    assert_int_equal(record_decode(&sample_spec, bytes, &arena, &record, NULL), -1);
    assert_true(arena.used_bytes < 128);
    arena_release(&arena);
}

static void record_copy_is_deep(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 4096);
    assert_int_equal(record_encode(&sample_spec, &sample_full, &buf, NULL, NULL), 0);
    struct arena first = {0};
    struct arena second = {0};
    struct sample_record record;
    struct sample_record copy;
    assert_int_equal(record_decode(&sample_spec, buffer_span(&buf), &first, &record, NULL), 0);
    assert_int_equal(record_copy(&sample_spec, &record, &second, &copy, NULL), 0);
    arena_release(&first);
    assert_true(record_equal(&sample_spec, &sample_full, &copy));
    arena_release(&second);
    buffer_release(&buf);
}

static void record_lists_have_the_room_that_arena_grow_expects(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sample_record copy;
    assert_int_equal(record_copy(&sample_spec, &sample_full, &arena, &copy, NULL), 0);
    for (size_t count = copy.parts.count; count < 9; count++) {
        copy.parts.items = arena_grow(&arena, copy.parts.items, count, sizeof *copy.parts.items);
        assert_non_null(copy.parts.items);
        copy.parts.items[count] = (struct sample_part){.name = "more"};
    }
    assert_string_equal(copy.parts.items[1].name, "q");
    arena_release(&arena);
}

static void record_without_memory_says_so(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 4096);
    assert_int_equal(record_encode(&sample_spec, &sample_full, &buf, NULL, NULL), 0);
    struct arena arena = {0};
    struct sample_record record;
    struct error err;
    int rc = 0;
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         rc = record_decode(&sample_spec, buffer_span(&buf), &arena, &record, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         arena_release(&arena));
    assert_int_equal(rc, -1);
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         rc = record_copy(&sample_spec, &sample_full, &arena, &record, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         arena_release(&arena));
    assert_int_equal(rc, -1);
    buffer_release(&buf);
}

static void record_peek_reads_one_key(void **state)
{
    (void)state;
    struct span bytes = BYTES("\x83\xa1x\x92\x01\x02\xa1t\xa2hi\xa1n\x07");
    int64_t number = 0;
    assert_true(span_equal_text(record_peek_text(bytes, "t"), "hi"));
    assert_true(record_peek_integer(bytes, "n", &number) && number == 7);
    assert_null(record_peek_text(bytes, "n").data);
    assert_false(record_peek_integer(bytes, "t", &number));
    assert_null(record_peek_text(bytes, "none").data);
    assert_null(record_peek_text(BYTES("\xc1"), "t").data);
    assert_null(record_peek_text(BYTES("\x83\xa1x\xdd\xff\xff\xff\xff\xa1t"), "t").data);
    assert_null(record_peek_text((struct span){0}, "t").data);
}

static void record_markdown_describes_each_type_once(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    struct record_document document = {0};
    record_write_markdown(&sample_spec, 2, &document, out);
    record_write_markdown_rest(&document, out);
    assert_int_equal(fclose(out), 0);
    assert_null(strstr(text, "`number`"));
    assert_non_null(strstr(text, "| `note` | text | 8 bytes, cut | note |\n"));
    assert_non_null(strstr(text, "| `parts` | list of maps (SamplePart) | 3 elements | parts |\n"));
    char *section = strstr(text, "\n### SamplePart\n\nA part.\n");
    assert_non_null(section);
    assert_null(strstr(section + 5, "### SamplePart"));
    assert_non_null(strstr(section, "| `name` * | text | 1024 bytes | its name |\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_round_trip_keeps_every_field),
        cmocka_unit_test(record_equal_sees_every_field),
        cmocka_unit_test(record_decode_takes_keys_in_any_order_and_skips_unknown_ones),
        cmocka_unit_test(record_decode_refuses_foreign_bytes_and_says_where),
        cmocka_unit_test(record_decode_bounds_nesting_of_what_it_skips),
        cmocka_unit_test(record_decode_cuts_what_may_be_cut),
        cmocka_unit_test(record_decode_of_any_prefix_or_damage_neither_crashes_nor_lies),
        cmocka_unit_test(record_decode_memory_follows_bytes_not_claims),
        cmocka_unit_test(record_copy_is_deep),
        cmocka_unit_test(record_lists_have_the_room_that_arena_grow_expects),
        cmocka_unit_test(record_without_memory_says_so),
        cmocka_unit_test(record_peek_reads_one_key),
        cmocka_unit_test(record_markdown_describes_each_type_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
