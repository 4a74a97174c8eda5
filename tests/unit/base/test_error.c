#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/error.h"

static void fills_code_and_message(void **state)
{
    (void)state;
    struct error err = {.sys_errno = 7};
    assert_int_equal(error_set(&err, ERROR_CONFLICT, "task \"%s\" has %d", "a", 3), -1);
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_int_equal(err.sys_errno, 0);
    assert_string_equal(err.message, "task \"a\" has 3");
}

static void a_null_error_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, ERROR_BUG, "x"), -1);
    assert_int_equal(error_set_errno(NULL, EIO, "x"), -1);
    assert_int_equal(error_wrap(NULL, "x"), -1);
    assert_int_equal(error_no_memory(NULL, "x"), -1);
}

static void a_long_message_is_cut_between_characters(void **state)
{
    (void)state;
    char text[1001];
    for (size_t before = 0; before < 4; before++) {
        memset(text, 'x', before);
        for (size_t i = before; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xF0\x9F\x98\x80", 4);
        }
        text[sizeof text - 5] = '\0';
        struct error err = {0};
        error_set(&err, ERROR_INVALID, "%s", text);
        assert_true(span_is_utf8(span_of(err.message)));
        assert_in_range(strlen(err.message), sizeof err.message - 4, sizeof err.message - 1);
        assert_memory_equal(err.message, text, strlen(err.message));
    }
}

static void a_message_that_just_fits_is_whole(void **state)
{
    (void)state;
    struct error err = {0};
    char text[sizeof err.message];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&err, ERROR_INVALID, "%s", text);
    assert_string_equal(err.message, text);
}

static void errno_becomes_code_and_text(void **state)
{
    (void)state;
    static const struct {
        int sys_errno;
        enum error_code code;
    } cases[] = {
        {EIO, ERROR_IO},      {ENOENT, ERROR_IO},   {ENOMEM, ERROR_NO_MEMORY},
        {ENOSPC, ERROR_FULL}, {EDQUOT, ERROR_FULL}, {EFBIG, ERROR_FULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error err = {0};
        assert_int_equal(error_set_errno(&err, cases[i].sys_errno, "could not %s", "do"), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.sys_errno, cases[i].sys_errno);
        char expected[200] = "could not do: ";
        strcat(expected, strerror(cases[i].sys_errno));
        assert_string_equal(err.message, expected);
    }
}

static void the_text_of_errno_is_kept_where_the_message_is_cut(void **state)
{
    (void)state;
    struct error err = {0};
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set_errno(&err, ENOSPC, "%s", text);
    const char *tail = ": No space left on device";
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_string_equal(err.message + sizeof err.message - 1 - strlen(tail), tail);
}

static void wrap_puts_context_before(void **state)
{
    (void)state;
    struct error err = {0};
    error_set_errno(&err, EACCES, "could not open");
    assert_int_equal(error_wrap(&err, "line %d", 3), -1);
    assert_string_equal(err.message, "line 3: could not open: Permission denied");
    assert_int_equal(err.code, ERROR_IO);
    assert_int_equal(err.sys_errno, EACCES);
}

static void wrap_cuts_at_the_end(void **state)
{
    (void)state;
    struct error err = {0};
    char text[sizeof err.message];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    error_set(&err, ERROR_INVALID, "%s", text);
    error_wrap(&err, "ab");
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_memory_equal(err.message, "ab: xxx", 7);
    error_wrap(&err, "%s", text);
    assert_string_equal(err.message, text);
}

static void a_message_may_be_made_of_itself(void **state)
{
    (void)state;
    struct error err = {0};
    error_set(&err, ERROR_INVALID, "inner");
    error_set(&err, ERROR_CORRUPT, "outer %s", err.message);
    assert_string_equal(err.message, "outer inner");
}

static void no_memory_says_while_doing_what(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(error_no_memory(&err, "folding"), -1);
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_string_equal(err.message, "out of memory while folding");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_code_and_message),
        cmocka_unit_test(a_null_error_is_allowed),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(a_message_that_just_fits_is_whole),
        cmocka_unit_test(errno_becomes_code_and_text),
        cmocka_unit_test(the_text_of_errno_is_kept_where_the_message_is_cut),
        cmocka_unit_test(wrap_puts_context_before),
        cmocka_unit_test(wrap_cuts_at_the_end),
        cmocka_unit_test(a_message_may_be_made_of_itself),
        cmocka_unit_test(no_memory_says_while_doing_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
