/* Two workers on one engine. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

static void each_further_one_is_told_too(void **state)
{
    struct error err = {0};
    char engine[64], pid[32];
    (void)state;
    snprintf(engine, sizeof engine, "tcp://many-%ld:2376", (long)getpid());
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    int claim = engine_claim_take(engine, &err);
    assert_true(claim >= 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(engine_claim_take(engine, &err), -1);
        assert_int_equal(err.code, ERROR_CONFLICT);
        assert_non_null(strstr(err.message, pid));
    }
    close(claim);
}

/* An engine that is away has no socket yet; its directory has more than one path. */
static void a_socket_that_is_not_there_is_known_by_its_directory(void **state)
{
    struct error err = {0};
    char directory[64], link[96], by_path[128], by_link[128];
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/stopfleet-claim-%ld.d", (long)getpid());
    snprintf(link, sizeof link, "%s.link", directory);
    snprintf(by_path, sizeof by_path, "unix://%s/docker.sock", directory);
    snprintf(by_link, sizeof by_link, "unix://%s/docker.sock", link);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(symlink(directory, link), 0);
    int claim = engine_claim_take(by_path, &err);
    assert_true(claim >= 0);
    assert_int_equal(engine_claim_take(by_link, &err), -1);
    assert_int_equal(err.code, ERROR_CONFLICT);
    close(claim);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(rmdir(directory), 0);
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
        cmocka_unit_test(each_further_one_is_told_too),
        cmocka_unit_test(a_socket_that_is_not_there_is_known_by_its_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
