#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "worker/host/end_limit.h"

enum { SAID_MAX_BYTES = 4096, STATUS = 3 };

/* What a process said that waits for ever with this limit on its end; its status is in ret_status. */
static void wait_for_ever(int64_t limit_ms, const char *why, char said[SAID_MAX_BYTES],
                          int *ret_status)
{
    int pipe_fds[2];
    size_t length = 0;
    ssize_t got;
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(pipe_fds[1], STDERR_FILENO);
        (void)close(pipe_fds[0]);
        (void)close(pipe_fds[1]);
        end_limit_start(limit_ms, STATUS, why);
        for (;;) {
            (void)pause();
        }
    }
    (void)close(pipe_fds[1]);
    while ((got = read(pipe_fds[0], said + length, SAID_MAX_BYTES - 1 - length)) > 0) {
        length += (size_t)got;
    }
    said[length] = '\0';
    (void)close(pipe_fds[0]);
    assert_int_equal(waitpid(pid, ret_status, 0), pid);
}

static void test_ends_what_waits_for_ever(void **state)
{
    (void)state;
    char said[SAID_MAX_BYTES];
    int status = 0;
    wait_for_ever(50, NULL, said, &status);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), STATUS);
    assert_non_null(strstr(said, "worker.end_limit"));
    assert_non_null(strstr(said, "limit_ms=50"));
    assert_non_null(strstr(said, "because=SIGTERM"));
}

static void test_says_why_the_worker_ends(void **state)
{
    (void)state;
    char said[SAID_MAX_BYTES];
    int status = 0;
    wait_for_ever(0, "a later worker acts", said, &status);
    assert_int_equal(WEXITSTATUS(status), STATUS);
    assert_non_null(strstr(said, "because=\"a later worker acts\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_what_waits_for_ever),
        cmocka_unit_test(test_says_why_the_worker_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
