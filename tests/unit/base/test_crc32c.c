#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/crc32c.h"

static void vectors_of_rfc_3720(void **state)
{
    (void)state;
    unsigned char bytes[32] = {0};
    assert_int_equal(crc32c(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xFF, 32);
    assert_int_equal(crc32c(0, bytes, 32), 0x62A8AB43);
    for (unsigned i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(crc32c(0, bytes, 32), 0x46DD794E);
    for (unsigned i = 0; i < 32; i++) {
        bytes[i] = (unsigned char)(31 - i);
    }
    assert_int_equal(crc32c(0, bytes, 32), 0x113FDB5C);
    assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(crc32c(0, NULL, 0), 0);
}

/* The definition, one bit at a time. */
static uint32_t crc32c_by_bits(const unsigned char *bytes, size_t length)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0);
        }
    }
    return ~crc;
}

static void every_byte_agrees_with_the_definition(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        unsigned char byte = (unsigned char)value;
        assert_int_equal(crc32c(0, &byte, 1), crc32c_by_bits(&byte, 1));
    }
}

static void it_goes_on_from_any_place(void **state)
{
    (void)state;
    const char *text = "stopfleet stops";
    size_t length = strlen(text);
    for (size_t cut = 0; cut <= length; cut++) {
        assert_int_equal(crc32c(crc32c(0, text, cut), text + cut, length - cut),
                         crc32c(0, text, length));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_3720),
        cmocka_unit_test(every_byte_agrees_with_the_definition),
        cmocka_unit_test(it_goes_on_from_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
