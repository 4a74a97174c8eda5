#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/msgpack_cursor.h"

#define BYTES(text) ((struct span){.data = (text), .length = sizeof(text) - 1})

static struct msgpack_item next_of(struct span bytes)
{
    struct msgpack_cursor cursor = msgpack_cursor_of(bytes);
    struct msgpack_item item = {0};
    assert_int_equal(msgpack_cursor_next(&cursor, &item), 0);
    assert_ptr_equal(cursor.at, cursor.end);
    return item;
}

static void cursor_reads_integers_of_every_width(void **state)
{
    (void)state;
    const struct {
        struct span bytes;
        int64_t value;
    } cases[] = {
        {BYTES("\x00"), 0},
        {BYTES("\x7f"), 127},
        {BYTES("\xe0"), -32},
        {BYTES("\xff"), -1},
        {BYTES("\xcc\xff"), 255},
        {BYTES("\xcd\xff\xff"), 65535},
        {BYTES("\xce\xff\xff\xff\xff"), 4294967295},
        {BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX},
        {BYTES("\xd0\x80"), -128},
        {BYTES("\xd1\x80\x00"), -32768},
        {BYTES("\xd2\x80\x00\x00\x00"), INT32_MIN},
        {BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), INT64_MIN},
        {BYTES("\xd3\x00\x00\x00\x00\x00\x00\x00\x05"), 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msgpack_item item = next_of(cases[i].bytes);
        assert_int_equal(item.kind, MSGPACK_ITEM_INTEGER);
        assert_true(item.integer == cases[i].value);
    }
    struct msgpack_item large = next_of(BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"));
    assert_int_equal(large.kind, MSGPACK_ITEM_UNSIGNED);
    assert_true(large.unsigned_integer == UINT64_MAX);
}

static void cursor_reads_constants_and_reals(void **state)
{
    (void)state;
    assert_int_equal(next_of(BYTES("\xc0")).kind, MSGPACK_ITEM_NIL);
    assert_false(next_of(BYTES("\xc2")).boolean);
    assert_true(next_of(BYTES("\xc3")).boolean);
    assert_true(next_of(BYTES("\xca\x3f\xc0\x00\x00")).real == 1.5);
    assert_true(next_of(BYTES("\xcb\xbf\xf8\x00\x00\x00\x00\x00\x00")).real == -1.5);
}

static void cursor_reads_bytes_of_every_width(void **state)
{
    (void)state;
    const struct {
        struct span bytes;
        enum msgpack_item_kind kind;
    } cases[] = {
        {BYTES("\xa2hi"), MSGPACK_ITEM_TEXT},
        {BYTES("\xd9\x02hi"), MSGPACK_ITEM_TEXT},
        {BYTES("\xda\x00\x02hi"), MSGPACK_ITEM_TEXT},
        {BYTES("\xdb\x00\x00\x00\x02hi"), MSGPACK_ITEM_TEXT},
        {BYTES("\xc4\x02hi"), MSGPACK_ITEM_BINARY},
        {BYTES("\xc5\x00\x02hi"), MSGPACK_ITEM_BINARY},
        {BYTES("\xc6\x00\x00\x00\x02hi"), MSGPACK_ITEM_BINARY},
        {BYTES("\xd5\xfbhi"), MSGPACK_ITEM_EXTENSION},
        {BYTES("\xc7\x02\xfbhi"), MSGPACK_ITEM_EXTENSION},
        {BYTES("\xc8\x00\x02\xfbhi"), MSGPACK_ITEM_EXTENSION},
        {BYTES("\xc9\x00\x00\x00\x02\xfbhi"), MSGPACK_ITEM_EXTENSION},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msgpack_item item = next_of(cases[i].bytes);
        assert_int_equal(item.kind, cases[i].kind);
        assert_true(span_equal_text(item.bytes, "hi"));
        if (item.kind == MSGPACK_ITEM_EXTENSION) {
            assert_int_equal(item.extension, -5);
        }
    }
}

static void cursor_refuses_bytes_that_end_too_early(void **state)
{
    (void)state;
    const struct span whole[] = {
        BYTES("\xcd\x01\x02"),
        BYTES("\xd3\x01\x02\x03\x04\x05\x06\x07\x08"),
        BYTES("\xca\x01\x02\x03\x04"),
        BYTES("\xcb\x01\x02\x03\x04\x05\x06\x07\x08"),
        BYTES("\xa2hi"),
        BYTES("\xd9\x02hi"),
        BYTES("\xc6\x00\x00\x00\x01x"),
        BYTES("\xd8\x01"
              "0123456789abcdef"),
        BYTES("\xc9\x00\x00\x00\x01\x05x"),
        BYTES("\x92\x01\x02"),
        BYTES("\xdc\x00\x01\x02"),
        BYTES("\x81\x01\x02"),
        BYTES("\xdf\x00\x00\x00\x01\x01\x02"),
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        for (size_t length = 0; length < whole[i].length; length++) {
            /* A copy of exactly this length: a read behind its end is seen by the sanitizer. */
            char *bytes = memcpy(test_malloc(length + 1), whole[i].data, length);
            struct msgpack_cursor cursor =
                msgpack_cursor_of((struct span){.data = bytes, .length = length});
            assert_int_equal(msgpack_cursor_skip(&cursor, 16), -1);
            test_free(bytes);
        }
        struct msgpack_cursor cursor = msgpack_cursor_of(whole[i]);
        assert_int_equal(msgpack_cursor_skip(&cursor, 16), 0);
        assert_ptr_equal(cursor.at, cursor.end);
    }
}

static void cursor_refuses_heads_that_the_bytes_cannot_hold(void **state)
{
    (void)state;
    const struct span lies[] = {
        BYTES("\xdd\x10\x00\x00\x00"), BYTES("\xdd\xff\xff\xff\xff"),
        BYTES("\xdf\x7f\xff\xff\xff"), BYTES("\xdf\xff\xff\xff\xff"),
        BYTES("\xdb\xff\xff\xff\xff"), BYTES("\xc9\xff\xff\xff\xff\x01"),
        BYTES("\x82\x01\x02\x03"),     BYTES("\xc1"),
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct msgpack_cursor cursor = msgpack_cursor_of(lies[i]);
        struct msgpack_item item;
        assert_int_equal(msgpack_cursor_next(&cursor, &item), -1);
    }
}

static void cursor_skips_what_nests_as_deep_as_allowed(void **state)
{
    (void)state;
    char nested[40];
    memset(nested, '\x91', sizeof nested);
    for (unsigned depth = 0; depth <= 32; depth++) {
        nested[depth] = '\xc0';
        struct span bytes = {.data = nested, .length = depth + 1};
        struct msgpack_cursor cursor = msgpack_cursor_of(bytes);
        assert_int_equal(msgpack_cursor_skip(&cursor, depth), 0);
        assert_ptr_equal(cursor.at, cursor.end);
        if (depth > 0) {
            cursor = msgpack_cursor_of(bytes);
            assert_int_equal(msgpack_cursor_skip(&cursor, depth - 1), -1);
        }
        nested[depth] = '\x91';
    }
}

static void cursor_skips_one_item_and_no_more(void **state)
{
    (void)state;
    struct span bytes = BYTES("\x82\xa1"
                              "a\x92\x01\x02\xa1"
                              "b\x80\x07");
    struct msgpack_cursor cursor = msgpack_cursor_of(bytes);
    assert_int_equal(msgpack_cursor_skip(&cursor, 16), 0);
    struct msgpack_item item;
    assert_int_equal(msgpack_cursor_next(&cursor, &item), 0);
    assert_int_equal(item.integer, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursor_reads_integers_of_every_width),
        cmocka_unit_test(cursor_reads_constants_and_reals),
        cmocka_unit_test(cursor_reads_bytes_of_every_width),
        cmocka_unit_test(cursor_refuses_bytes_that_end_too_early),
        cmocka_unit_test(cursor_refuses_heads_that_the_bytes_cannot_hold),
        cmocka_unit_test(cursor_skips_what_nests_as_deep_as_allowed),
        cmocka_unit_test(cursor_skips_one_item_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
