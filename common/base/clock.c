#include "common/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* cannot fail for clocks that Linux always has */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How far the wall clock is off: tests step it by a file, in ms, that they change as they like. */
static int64_t stepped_ms(void)
{
    int64_t by_ms = 0;
#ifdef STOPFLEET_TEST
    const char *path = getenv("STOPFLEET_TEST_WALL_CLOCK");
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file != NULL) {
        by_ms = fscanf(file, "%" SCNd64, &by_ms) == 1 ? by_ms : 0;
        (void)fclose(file);
    }
#endif
    return by_ms;
}

static int64_t system_wall_ms(void *context)
{
    (void)context;
    return read_clock_ms(CLOCK_REALTIME) + stepped_ms();
}

static int64_t system_boot_ms(void *context)
{
    (void)context;
    return read_clock_ms(CLOCK_BOOTTIME);
}

const struct clock *clock_system(void)
{
    static const struct clock system_clock = {.wall_ms = system_wall_ms, .boot_ms = system_boot_ms};
    return &system_clock;
}

int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->context);
}

int64_t clock_boot_ms(const struct clock *clock)
{
    return clock->boot_ms(clock->context);
}

int clock_boot_id(char ret_id[BOOT_ID_SIZE], struct error *err)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
#ifdef STOPFLEET_TEST
    const char *given = getenv("STOPFLEET_TEST_BOOT_ID");
    if (given != NULL && strlen(given) == BOOT_ID_SIZE - 1) {
        memcpy(ret_id, given, BOOT_ID_SIZE);
        return 0;
    }
#endif
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "could not open %s", path);
    }
    char id[BOOT_ID_SIZE];
    ssize_t got = read(fd, id, sizeof id - 1);
    int read_errno = errno;
    (void)close(fd);
    if (got < 0) {
        return error_set_errno(err, read_errno, "could not read %s", path);
    }
    if (got != BOOT_ID_SIZE - 1) {
        return error_set(err, ERROR_IO, "%s has %zd bytes, not %d", path, got, BOOT_ID_SIZE - 1);
    }
    id[got] = '\0';
    memcpy(ret_id, id, sizeof id);
    return 0;
}

void clock_format_unix_ms(int64_t unix_ms, char ret_text[32])
{
    int64_t ms = unix_ms % 1000;
    time_t seconds = (time_t)(unix_ms / 1000);
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL || utc.tm_year < -1900 || utc.tm_year > 9999 - 1900) {
        memcpy(ret_text, "invalid-time", sizeof "invalid-time");
        return;
    }
    char date_time[sizeof "-12-31T23:59:59"];
    (void)strftime(date_time, sizeof date_time, "-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(ret_text, 32, "%04u%s.%03uZ", (unsigned)(utc.tm_year + 1900) % 10000U, date_time,
                   (unsigned)ms % 1000U);
}
