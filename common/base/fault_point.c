#include "common/base/fault_point.h"

#ifdef STOPFLEET_FAULT_POINTS

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const NAMES[] = {
#define FAULT_POINT_ROW(identifier, name, what) name,
#include "common/base/fault_point.def"
#undef FAULT_POINT_ROW
};

/* What the environment asks for, read once. */
static struct {
    bool read;
    enum fault_point point; /* FAULT_POINT_COUNT = none */
    unsigned long left;     /* passings until the end */
    int log_fd;             /* -1 = none */
} armed;

static void refuse(const char *what)
{
    (void)fprintf(stderr,
                  "STOPFLEET_FAULT_POINT=%s: NAME:N with a name of common/base/fault_point.def\n",
                  what);
    _exit(2);
}

static void arm(const char *what)
{
    const char *colon = strchr(what, ':');
    char *end = NULL;
    if (colon == NULL) {
        refuse(what);
        return;
    }
    for (int i = 0; i < FAULT_POINT_COUNT; i++) {
        if (strlen(NAMES[i]) == (size_t)(colon - what) &&
            strncmp(NAMES[i], what, strlen(NAMES[i])) == 0) {
            armed.point = (enum fault_point)i;
        }
    }
    armed.left = strtoul(colon + 1, &end, 10);
    if (armed.point == FAULT_POINT_COUNT || armed.left == 0 || *end != '\0') {
        refuse(what);
    }
}

static void read_environment(void)
{
    const char *what = getenv("STOPFLEET_FAULT_POINT");
    const char *log = getenv("STOPFLEET_FAULT_POINT_LOG");
    armed.read = true;
    armed.point = FAULT_POINT_COUNT;
    armed.log_fd = log == NULL ? -1 : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (what != NULL) {
        arm(what);
    }
}

void fault_point_pass(enum fault_point point)
{
    if (!armed.read) {
        read_environment();
    }
    if (armed.log_fd >= 0) {
        char line[64];
        int length = snprintf(line, sizeof line, "%s\n", NAMES[point]);
        if (write(armed.log_fd, line, (size_t)length) < 0) {
            _exit(2);
        }
    }
    if (point == armed.point && --armed.left == 0) {
        (void)kill(getpid(), SIGKILL);
        (void)pause();
    }
}

#endif
