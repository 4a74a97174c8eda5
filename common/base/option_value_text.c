#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "common/base/option_state.h"

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {"d", 86400000},
};

/* Durations are written with the units before this one. */
enum { DURATION_UNITS_WRITTEN = 4 };

static const struct unit byte_units[] = {
    {"TiB", INT64_C(1) << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool span_equal_ignoring_case(struct span a, const char *text)
{
    return a.length == strlen(text) && strncasecmp(a.data, text, a.length) == 0;
}

static bool find_unit(const struct unit *units, size_t count, struct span name, int64_t *ret_factor)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal_ignoring_case(name, units[i].name)) {
            *ret_factor = units[i].factor;
            return true;
        }
    }
    return false;
}

struct span option_trim(struct span s)
{
    static const char blanks[] = " \t\r";
    while (s.length > 0 && memchr(blanks, s.data[0], sizeof blanks - 1) != NULL) {
        s.data++;
        s.length--;
    }
    while (s.length > 0 && memchr(blanks, s.data[s.length - 1], sizeof blanks - 1) != NULL) {
        s.length--;
    }
    return s;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* The part of `text` from its begin whose bytes are digits (or are not); cut off from text. */
static struct span take_while(struct span *text, bool digits)
{
    struct span taken = {.data = text->data, .length = 0};
    while (taken.length < text->length && is_digit(text->data[taken.length]) == digits) {
        taken.length++;
    }
    if (taken.length > 0) {
        text->data += taken.length;
        text->length -= taken.length;
    }
    return taken;
}

bool option_text_to_boolean(struct span text, bool *ret_value)
{
    static const char *const words[][2] = {
        {"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};
    for (size_t i = 0; i < COUNT(words); i++) {
        for (int value = 0; value < 2; value++) {
            if (span_equal_ignoring_case(text, words[i][value])) {
                *ret_value = value == 1;
                return true;
            }
        }
    }
    return false;
}

bool option_text_to_duration_ms(struct span text, int64_t *ret_ms)
{
    int64_t total = 0;
    bool first = true;
    do {
        struct span digits = take_while(&text, true);
        struct span name = take_while(&text, false);
        int64_t number;
        int64_t factor;
        if (first && name.length == 0) {
            name = span_of("s");
        }
        if (!span_to_int64(digits, 0, INT64_MAX, &number) ||
            !find_unit(duration_units, COUNT(duration_units), name, &factor) ||
            __builtin_mul_overflow(number, factor, &number) ||
            __builtin_add_overflow(total, number, &total)) {
            return false;
        }
        first = false;
    } while (text.length > 0);
    *ret_ms = total;
    return true;
}

bool option_text_to_bytes(struct span text, int64_t *ret_bytes)
{
    struct span digits = take_while(&text, true);
    int64_t number;
    int64_t factor = 1;
    if (!span_to_int64(digits, 0, INT64_MAX, &number) ||
        (text.length > 0 && !find_unit(byte_units, COUNT(byte_units), text, &factor)) ||
        __builtin_mul_overflow(number, factor, &number)) {
        return false;
    }
    *ret_bytes = number;
    return true;
}

static int append_duration(struct buffer *buf, int64_t ms, struct error *err)
{
    if (ms == 0) {
        return buffer_append_text(buf, "0s", err);
    }
    for (size_t i = 0; i < DURATION_UNITS_WRITTEN; i++) {
        const struct unit *unit = &duration_units[i];
        int64_t number = ms / unit->factor;
        ms %= unit->factor;
        if (number > 0 && buffer_append_format(buf, err, "%" PRId64 "%s", number, unit->name) < 0) {
            return -1;
        }
    }
    return 0;
}

static int append_bytes(struct buffer *buf, int64_t bytes, struct error *err)
{
    const struct unit *unit = byte_units;
    while (unit->factor > 1 && (bytes == 0 || bytes % unit->factor != 0)) {
        unit++;
    }
    return buffer_append_format(buf, err, "%" PRId64 "%s", bytes / unit->factor,
                                unit->factor == 1 ? "" : unit->name);
}

int option_append_number(struct buffer *buf, enum option_type type, int64_t number,
                         struct error *err)
{
    if (type == OPTION_DURATION_MS) {
        return append_duration(buf, number, err);
    }
    if (type == OPTION_BYTES) {
        return append_bytes(buf, number, err);
    }
    return buffer_append_format(buf, err, "%" PRId64, number);
}
