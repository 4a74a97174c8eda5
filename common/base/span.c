#include <string.h>

#include "common/base/buffer.h"

struct span span_of(const char *text)
{
    return (struct span){.data = text, .length = text == NULL ? 0 : strlen(text)};
}

bool span_equal(struct span a, struct span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool span_equal_text(struct span a, const char *text)
{
    return span_equal(a, span_of(text));
}

/* RFC 3629 section 4: how many bytes a character has whose first byte this is (0: none has), and
 * the range of its second byte, which is what keeps overlong forms and surrogates out. */
static size_t utf8_lead(unsigned char lead, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *ret_high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

size_t span_utf8_length(struct span s)
{
    if (s.length == 0) {
        return 0;
    }
    unsigned char low;
    unsigned char high;
    size_t length = utf8_lead((unsigned char)s.data[0], &low, &high);
    if (length > s.length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)s.data[i];
        if (byte < low || byte > high) {
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

bool span_is_utf8(struct span s)
{
    while (s.length > 0) {
        size_t length = span_utf8_length(s);
        if (length == 0) {
            return false;
        }
        s.data += length;
        s.length -= length;
    }
    return true;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

struct span span_cut_utf8(struct span s, size_t max_bytes)
{
    if (s.length <= max_bytes) {
        return s;
    }
    size_t length = max_bytes;
    /* A character has at most three continuation bytes; more than that is not UTF-8, and then any
     * place is as good. */
    for (size_t back = 0; back < 3 && length > 0 && is_continuation(s.data[length]); back++) {
        length--;
    }
    if (is_continuation(s.data[length])) {
        length = max_bytes;
    }
    return (struct span){.data = s.data, .length = length};
}

bool span_to_int64(struct span s, int64_t min, int64_t max, int64_t *ret_value)
{
    bool negative = s.length > 0 && s.data[0] == '-';
    size_t i = negative ? 1 : 0;
    if (i == s.length) {
        return false;
    }
    /* Counted downwards: INT64_MIN has no positive counterpart. */
    int64_t value = 0;
    for (; i < s.length; i++) {
        int digit = s.data[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value)) {
            return false;
        }
    }
    if (!negative && __builtin_sub_overflow(0, value, &value)) {
        return false;
    }
    if (value < min || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}
