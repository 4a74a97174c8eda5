#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

/** The two clocks behind a seam, so that tests own time. Wall time is for people, boot time
 *  (CLOCK_BOOTTIME, counts suspend) for deadlines. */

#include <stdint.h>

#include "common/base/error.h"

enum {
    BOOT_ID_SIZE =
        37 /**< a boot id with its NUL: 36 characters of /proc/sys/kernel/random/boot_id */
};

/** A source of time. */
struct clock {
    int64_t (*wall_ms)(void *context); /**< milliseconds since 1970 UTC */
    int64_t (*boot_ms)(void *context); /**< milliseconds since boot; never steps back */
    void *context;
};

/** The machine's clocks. */
const struct clock *clock_system(void);
int64_t clock_wall_ms(const struct clock *clock);
int64_t clock_boot_ms(const struct clock *clock);

/** Reads the kernel's boot id (36 characters). STOPFLEET_TEST builds read the environment variable
 *  STOPFLEET_TEST_BOOT_ID first. @return 0 or -1 with ERROR_IO */
int clock_boot_id(char ret_id[BOOT_ID_SIZE], struct error *err);

/** ISO 8601 UTC with milliseconds, "2026-01-31T23:59:59.123Z" (25 bytes with NUL).
 *  Times outside years 0000-9999 give "invalid-time". */
void clock_format_unix_ms(int64_t unix_ms, char ret_text[32]);
/** Parses RFC 3339 as Docker writes it ("2024-11-13T21:21:58.645123456Z", offsets too); fractions
 *  beyond milliseconds are cut. Docker's zero time "0001-01-01T00:00:00Z" gives 0.
 *  @return 0 or -1 with ERROR_INVALID */
int clock_parse_rfc3339(const char *text, int64_t *ret_unix_ms, struct error *err);

#endif
