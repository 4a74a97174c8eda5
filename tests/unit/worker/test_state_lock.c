/* One worker a state directory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/worker/journal_make.h"
#include "worker/host/state_lock.h"

static void state_lock_names_its_holder(void **state)
{
    (void)state;
    struct error err = {0};
    char deep[100];
    snprintf(deep, sizeof deep, "%s/new", directory);
    int fd = state_lock_take(deep, &err);
    assert_true(fd >= 0);
    assert_int_equal(state_lock_take(deep, &err), -1);
    assert_int_equal(err.code, ERROR_CONFLICT);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(err.message, pid));
    close(fd);
    fd = state_lock_take(deep, &err);
    assert_true(fd >= 0);
    close(fd);
    char path[128];
    snprintf(path, sizeof path, "%s/lock", deep);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(deep), 0);
}

static void state_lock_unusable_directory_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(state_lock_take("/proc/nowhere/state", &err), -1);
    assert_int_equal(err.code, ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(state_lock_names_its_holder),
        TEST(state_lock_unusable_directory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
