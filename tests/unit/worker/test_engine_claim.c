/* Two workers on one engine. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/host/engine_claim.h"

static void the_second_is_told_of_the_first(void **state)
{
    struct error err = {0};
    char first[64], other[64], pid[32];
    (void)state;
    snprintf(first, sizeof first, "tcp://engine-%ld:2376", (long)getpid());
    snprintf(other, sizeof other, "tcp://other-%ld:2376", (long)getpid());
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    int claim = engine_claim_take(first, &err);
    assert_true(claim >= 0);
    assert_int_equal(engine_claim_take(first, &err), -1);
    assert_int_equal(err.code, ERROR_CONFLICT);
    assert_non_null(strstr(err.message, pid));
    int beside = engine_claim_take(other, &err);
    assert_true(beside >= 0);
    close(beside);
    close(claim);
    claim = engine_claim_take(first, &err);
    assert_true(claim >= 0);
    close(claim);
}

/* By another path to the same socket. */
static void a_link_is_the_same_engine(void **state)
{
    struct error err = {0};
    char path[64], link[96], by_path[96], by_link[128];
    (void)state;
    snprintf(path, sizeof path, "/tmp/stopfleet-claim-%ld", (long)getpid());
    snprintf(link, sizeof link, "%s.link", path);
    snprintf(by_path, sizeof by_path, "unix://%s", path);
    snprintf(by_link, sizeof by_link, "unix://%s", link);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(symlink(path, link), 0);
    int claim = engine_claim_take(by_path, &err);
    assert_true(claim >= 0);
    assert_int_equal(engine_claim_take(by_link, &err), -1);
    assert_int_equal(err.code, ERROR_CONFLICT);
    close(claim);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_is_told_of_the_first),
        cmocka_unit_test(a_link_is_the_same_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
