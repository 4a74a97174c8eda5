#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buffer.h"

static void equality_is_of_bytes(void **state)
{
    (void)state;
    struct span nul = {.data = "a\0b", .length = 3};
    assert_true(span_equal(span_of(NULL), span_of("")));
    assert_true(span_equal((struct span){.data = "a\0b", .length = 3}, nul));
    assert_false(span_equal((struct span){.data = "a\0c", .length = 3}, nul));
    assert_false(span_equal_text(nul, "a"));
    assert_true(span_equal_text(span_of("ab"), "ab"));
    assert_false(span_equal_text(span_of("ab"), "abc"));
    assert_true(span_equal_text(span_of(NULL), NULL));
}

/* RFC 3629 by the book: what its grammar allows, written the long way. */
static bool is_utf8_character(uint32_t bytes, size_t length)
{
    uint8_t a = (uint8_t)(bytes >> 24);
    uint8_t b = (uint8_t)(bytes >> 16);
    uint8_t c = (uint8_t)(bytes >> 8);
    uint8_t d = (uint8_t)bytes;
    switch (length) {
    case 1:
        return a < 0x80;
    case 2:
        return (a & 0xE0) == 0xC0 && (b & 0xC0) == 0x80 && ((a & 0x1Fu) << 6 | (b & 0x3Fu)) >= 0x80;
    case 3: {
        uint32_t point = (a & 0x0Fu) << 12 | (b & 0x3Fu) << 6 | (c & 0x3Fu);
        return (a & 0xF0) == 0xE0 && (b & 0xC0) == 0x80 && (c & 0xC0) == 0x80 && point >= 0x800 &&
               (point < 0xD800 || point > 0xDFFF);
    }
    default: {
        uint32_t point = (a & 0x07u) << 18 | (b & 0x3Fu) << 12 | (c & 0x3Fu) << 6 | (d & 0x3Fu);
        return (a & 0xF8) == 0xF0 && (b & 0xC0) == 0x80 && (c & 0xC0) == 0x80 &&
               (d & 0xC0) == 0x80 && point >= 0x10000 && point <= 0x10FFFF;
    }
    }
}

static void expect_utf8(uint32_t bytes, size_t length)
{
    char text[4] = {(char)(bytes >> 24), (char)(bytes >> 16), (char)(bytes >> 8), (char)bytes};
    struct span s = {.data = text, .length = length};
    if ((span_utf8_length(s) == length) != is_utf8_character(bytes, length)) {
        fail_msg("bytes %08" PRIx32 ", length %zu", bytes, length);
    }
}

static void utf8_is_what_rfc_3629_says(void **state)
{
    (void)state;
    for (uint32_t ab = 0; ab < 0x10000; ab++) {
        expect_utf8(ab << 16, 1);
        expect_utf8(ab << 16, 2);
        /* Of the later bytes only the edges of their range can matter. */
        static const uint8_t edges[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
        for (size_t i = 0; i < sizeof edges; i++) {
            uint32_t abc = ab << 16 | (uint32_t)edges[i] << 8;
            expect_utf8(abc, 3);
            for (size_t j = 0; j < sizeof edges; j++) {
                expect_utf8(abc | edges[j], 4);
            }
        }
    }
    assert_int_equal(span_utf8_length(span_of("")), 0);
}

static void whole_texts_are_checked(void **state)
{
    (void)state;
    assert_true(span_is_utf8(span_of(NULL)));
    assert_true(span_is_utf8(span_of("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z")));
    assert_true(span_is_utf8((struct span){.data = "a\0b", .length = 3}));
    assert_false(span_is_utf8(span_of("a\xC3")));
    assert_false(span_is_utf8(span_of("a\xE2\x82")));
    assert_false(span_is_utf8(span_of("ok\x80")));
}

static void cuts_do_not_split_characters(void **state)
{
    (void)state;
    const char *text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80";
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (size_t max = 0; max < sizeof expected / sizeof expected[0]; max++) {
        struct span cut = span_cut_utf8(span_of(text), max);
        assert_ptr_equal(cut.data, text);
        assert_int_equal(cut.length, expected[max]);
    }
    assert_int_equal(span_cut_utf8(span_of("\x80\x80\x80\x80\x80\x80"), 5).length, 5);
    assert_int_equal(span_cut_utf8(span_of(NULL), 5).length, 0);
}

static void numbers_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"007", 7},
        {"-12", -12},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t value = 99;
        assert_true(span_to_int64(span_of(good[i].text), INT64_MIN, INT64_MAX, &value));
        assert_true(value == good[i].value);
    }
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "0x1",
        "--1",
        "1-",
        "a",
        "/",
        ":",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = 99;
        assert_false(span_to_int64(span_of(bad[i]), INT64_MIN, INT64_MAX, &value));
        assert_int_equal(value, 99);
    }
}

static void numbers_keep_to_their_range(void **state)
{
    (void)state;
    int64_t value = 99;
    assert_true(span_to_int64(span_of("-1"), -1, 1, &value));
    assert_true(span_to_int64(span_of("1"), -1, 1, &value));
    assert_false(span_to_int64(span_of("-2"), -1, 1, &value));
    assert_false(span_to_int64(span_of("2"), -1, 1, &value));
    assert_int_equal(value, 1);
    assert_true(span_to_int64((struct span){.data = "123", .length = 2}, 0, 99, &value));
    assert_int_equal(value, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_is_of_bytes),    cmocka_unit_test(utf8_is_what_rfc_3629_says),
        cmocka_unit_test(whole_texts_are_checked), cmocka_unit_test(cuts_do_not_split_characters),
        cmocka_unit_test(numbers_are_read_whole),  cmocka_unit_test(numbers_keep_to_their_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
