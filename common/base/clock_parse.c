#include <stdbool.h>
#include <time.h>

#include "common/base/clock.h"

/* Docker writes Go's zero time for "never": 0001-01-01T00:00:00Z. */
static const int64_t go_zero_time_ms = INT64_C(-62135596800000);

/* Exactly `digits` decimal digits within [min, max]; moves *text behind them. */
static bool take_number(const char **text, int digits, int min, int max, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9') {
            return false;
        }
        value = value * 10 + (**text - '0');
    }
    *ret_value = value;
    return value >= min && value <= max;
}

static bool take_char(const char **text, const char *one_of)
{
    for (; *one_of != '\0'; one_of++) {
        if (**text == *one_of) {
            (*text)++;
            return true;
        }
    }
    return false;
}

static bool take_date_time(const char **text, struct tm *ret_tm)
{
    struct tm tm = {0};
    bool taken = take_number(text, 4, 0, 9999, &tm.tm_year) && take_char(text, "-") &&
                 take_number(text, 2, 1, 12, &tm.tm_mon) && take_char(text, "-") &&
                 take_number(text, 2, 1, 31, &tm.tm_mday) && take_char(text, "Tt ") &&
                 take_number(text, 2, 0, 23, &tm.tm_hour) && take_char(text, ":") &&
                 take_number(text, 2, 0, 59, &tm.tm_min) && take_char(text, ":") &&
                 take_number(text, 2, 0, 60, &tm.tm_sec);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ret_tm = tm;
    return taken;
}

/* An optional ".123456789", cut to milliseconds. */
static bool take_fraction(const char **text, int *ret_ms)
{
    *ret_ms = 0;
    if (!take_char(text, ".")) {
        return true;
    }
    int digits = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        if (digits < 3) {
            *ret_ms = *ret_ms * 10 + (**text - '0');
        }
    }
    for (int i = digits; i < 3; i++) {
        *ret_ms *= 10;
    }
    return digits > 0;
}

static bool take_offset(const char **text, int *ret_minutes)
{
    *ret_minutes = 0;
    if (take_char(text, "Zz")) {
        return true;
    }
    bool west = **text == '-';
    int hours;
    int minutes;
    if (!take_char(text, "+-") || !take_number(text, 2, 0, 23, &hours) || !take_char(text, ":") ||
        !take_number(text, 2, 0, 59, &minutes)) {
        return false;
    }
    *ret_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

/* False for a day that its month does not have, which timegm would carry over. */
static bool to_unix_seconds(struct tm tm, int64_t *ret_seconds)
{
    int day = tm.tm_mday;
    int second = tm.tm_sec;
    tm.tm_sec = 0; /* a leap second must not carry over into the day */
    *ret_seconds = (int64_t)timegm(&tm) + second;
    return tm.tm_mday == day;
}

int clock_parse_rfc3339(const char *text, int64_t *ret_unix_ms, struct error *err)
{
    const char *at = text;
    struct tm tm;
    int ms;
    int offset_minutes;
    int64_t seconds;
    if (text == NULL || !take_date_time(&at, &tm) || !take_fraction(&at, &ms) ||
        !take_offset(&at, &offset_minutes) || *at != '\0' || !to_unix_seconds(tm, &seconds)) {
        return error_set(err, ERROR_INVALID, "\"%s\" is not a time as RFC 3339 has it",
                         text == NULL ? "" : text);
    }
    int64_t unix_ms = (seconds - (int64_t)offset_minutes * 60) * 1000 + ms;
    *ret_unix_ms = unix_ms == go_zero_time_ms ? 0 : unix_ms;
    return 0;
}
