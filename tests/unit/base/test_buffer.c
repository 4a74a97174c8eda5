#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/memory.h"

static int turn_failures_off(void **state)
{
    (void)state;
    memory_fail_nth(0, false);
    return 0;
}

static void an_empty_buffer_holds_no_memory(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 10);
    assert_null(buf.data);
    assert_int_equal(buffer_span(&buf).length, 0);
    assert_int_equal(buffer_append(&buf, NULL, 0, NULL), 0);
    assert_int_equal(buffer_append_text(&buf, "", NULL), 0);
    assert_int_equal(buffer_append_format(&buf, NULL, "%s", ""), 0);
    assert_null(buf.data);
    buffer_clear(&buf);
    buffer_consume(&buf, 5);
    assert_null(buffer_steal(&buf));
    buffer_release(&buf);
}

static void appends_end_with_a_nul(void **state)
{
    (void)state;
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 1000);
    assert_int_equal(buffer_append(&buf, "ab\0c", 4, &err), 0);
    assert_int_equal(buffer_append_text(&buf, "de", &err), 0);
    assert_int_equal(buffer_append_format(&buf, &err, "%d-%s", 12, "x"), 0);
    assert_int_equal(buf.length, 10);
    assert_memory_equal(buf.data, "ab\0cde12-x", 11);
    buffer_release(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.max_bytes, 1000);
}

static void a_buffer_may_be_filled_to_its_maximum_only(void **state)
{
    (void)state;
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 5);
    assert_int_equal(buffer_append_text(&buf, "abcd", &err), 0);
    assert_int_equal(buffer_append_text(&buf, "ef", &err), -1);
    assert_int_equal(err.code, ERROR_FULL);
    assert_string_equal(err.message, "4 bytes and 2 more are over the limit of 5 bytes");
    assert_int_equal(buffer_append_format(&buf, &err, "%d", 12), -1);
    assert_string_equal(buf.data, "abcd");
    assert_int_equal(buffer_append(&buf, "e", 1, &err), 0);
    assert_string_equal(buf.data, "abcde");
    assert_int_equal(buffer_append(&buf, "f", SIZE_MAX, &err), -1);
    buffer_release(&buf);
}

static void lack_of_memory_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 1000);
    memory_fail_nth(1, false);
    assert_int_equal(buffer_append_text(&buf, "abc", &err), -1);
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_null(buf.data);
    assert_int_equal(buffer_append_text(&buf, "abc", &err), 0);
    memory_fail_nth(1, false);
    assert_int_equal(buffer_append_format(&buf, &err, "%500d", 1), -1);
    assert_int_equal(buf.length, 3);
    assert_string_equal(buf.data, "abc");
    buffer_release(&buf);
}

static void growth_is_by_doubling(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 1 << 20);
    uint64_t before = memory_count();
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(buffer_append(&buf, "x", 1, NULL), 0);
    }
    assert_in_range(memory_count() - before, 1, 15);
    buffer_release(&buf);
}

static void consume_drops_from_the_front(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 100);
    assert_int_equal(buffer_append_text(&buf, "abcdef", NULL), 0);
    buffer_consume(&buf, 0);
    assert_string_equal(buf.data, "abcdef");
    buffer_consume(&buf, 2);
    assert_string_equal(buf.data, "cdef");
    assert_int_equal(buf.length, 4);
    buffer_consume(&buf, 100);
    assert_int_equal(buf.length, 0);
    assert_string_equal(buf.data, "");
    buffer_release(&buf);
}

static void steal_hands_the_bytes_over(void **state)
{
    (void)state;
    struct buffer buf;
    buffer_init(&buf, 100);
    assert_int_equal(buffer_append_text(&buf, "abc", NULL), 0);
    char *text = buffer_steal(&buf);
    assert_string_equal(text, "abc");
    assert_null(buf.data);
    assert_int_equal(buf.max_bytes, 100);
    assert_int_equal(buffer_append_text(&buf, "d", NULL), 0);
    assert_string_equal(text, "abc");
    buffer_clear(&buf);
    assert_null(buffer_steal(&buf));
    memory_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_holds_no_memory),
        cmocka_unit_test(appends_end_with_a_nul),
        cmocka_unit_test(a_buffer_may_be_filled_to_its_maximum_only),
        cmocka_unit_test_teardown(lack_of_memory_leaves_the_buffer_as_it_was, turn_failures_off),
        cmocka_unit_test(growth_is_by_doubling),
        cmocka_unit_test(consume_drops_from_the_front),
        cmocka_unit_test(steal_hands_the_bytes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
