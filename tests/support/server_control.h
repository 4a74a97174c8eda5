#ifndef TESTS_SUPPORT_SERVER_CONTROL_H
#define TESTS_SUPPORT_SERVER_CONTROL_H

/** What a test that runs under tests/support/servers.py may do to its servers. For tests only: what
 *  goes wrong is a cmocka failure. Header alone; include it after cmocka.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** The environment variable that servers.py gave, e.g. "STOPFLEET_TEST_REDIS"; never NULL. */
static inline const char *server_control_address(const char *variable)
{
    const char *value = getenv(variable);

    if (value == NULL) {
        fail_msg("%s is not set: run this test by ctest, or by tests/support/servers.py run",
                 variable);
    }
    return value;
}

/** Does what the line says, "redis restart" (redis, kafka; start, restart, kill, freeze, thaw), and
 *  returns when it is done: after a start or restart the server answers. */
static inline void server_control(const char *line)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = server_control_address("STOPFLEET_TEST_CONTROL");
    char answer[512] = "";
    size_t length = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail_msg("could not reach servers.py at %s", path);
    }
    assert_true(dprintf(fd, "%s\n", line) > 0);
    while (length + 1 < sizeof answer && strchr(answer, '\n') == NULL) {
        ssize_t got = read(fd, answer + length, sizeof answer - 1 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
        answer[length] = '\0';
    }
    (void)close(fd);
    if (strncmp(answer, "ok", 2) != 0) {
        fail_msg("servers.py: %s: %s", line, answer);
    }
}

#endif
