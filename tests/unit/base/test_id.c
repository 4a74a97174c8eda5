#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/id.h"

static void expect_uuid(const char *text, char version)
{
    assert_int_equal(strlen(text), 36);
    for (size_t i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            assert_int_equal(text[i], '-');
        } else {
            assert_non_null(strchr("0123456789abcdef", text[i]));
        }
    }
    assert_int_equal(text[14], version);
    assert_non_null(strchr("89ab", text[19]));
}

static void version_4_is_random(void **state)
{
    (void)state;
    char ids[100][ID_UUID_SIZE];
    struct error err = {0};
    for (int i = 0; i < 100; i++) {
        assert_int_equal(id_uuid_v4(ids[i], &err), 0);
        expect_uuid(ids[i], '4');
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(ids[i], ids[j]);
        }
    }
}

static void version_7_begins_with_the_time(void **state)
{
    (void)state;
    char id[ID_UUID_SIZE];
    struct error err = {0};
    /* RFC 9562 appendix A.6. */
    assert_int_equal(id_uuid_v7(0x017F22E279B0, id, &err), 0);
    expect_uuid(id, '7');
    assert_memory_equal(id, "017f22e2-79b0-7", 15);
    assert_int_equal(id_uuid_v7(0, id, &err), 0);
    assert_memory_equal(id, "00000000-0000-7", 15);
}

static void version_7_sorts_by_time(void **state)
{
    (void)state;
    char before[ID_UUID_SIZE];
    char after[ID_UUID_SIZE];
    for (int64_t ms = 1; ms < INT64_C(1) << 47; ms *= 2) {
        assert_int_equal(id_uuid_v7(ms - 1, before, NULL), 0);
        assert_int_equal(id_uuid_v7(ms, after, NULL), 0);
        assert_true(strcmp(before, after) < 0);
        assert_string_not_equal(before + 19, after + 19);
    }
}

static void random_hex_is_32_digits(void **state)
{
    (void)state;
    char a[ID_HEX_SIZE];
    char b[ID_HEX_SIZE];
    assert_int_equal(id_random_hex(a, NULL), 0);
    assert_int_equal(id_random_hex(b, NULL), 0);
    assert_true(id_is_hex32(a));
    assert_string_not_equal(a, b);
}

static void hex_of_bytes(void **state)
{
    (void)state;
    char text[9];
    id_hex((const unsigned char *)"\x00\x9A\xFF\x10", 4, text);
    assert_string_equal(text, "009aff10");
    id_hex(NULL, 0, text);
    assert_string_equal(text, "");
}

static void hex32_is_exact(void **state)
{
    (void)state;
    assert_true(id_is_hex32("0123456789abcdef0123456789abcdef"));
    assert_false(id_is_hex32("0123456789abcdef0123456789abcde"));
    assert_false(id_is_hex32("0123456789abcdef0123456789abcdef0"));
    assert_false(id_is_hex32("0123456789ABCDEF0123456789ABCDEF"));
    assert_false(id_is_hex32("0123456789abcdeg0123456789abcdef"));
    assert_false(id_is_hex32(""));
    assert_false(id_is_hex32(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_4_is_random),
        cmocka_unit_test(version_7_begins_with_the_time),
        cmocka_unit_test(version_7_sorts_by_time),
        cmocka_unit_test(random_hex_is_32_digits),
        cmocka_unit_test(hex_of_bytes),
        cmocka_unit_test(hex32_is_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
