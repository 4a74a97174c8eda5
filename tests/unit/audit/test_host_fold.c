/** The fold of stopfleet.hosts. Partition 0 puts a NUL byte into each registration. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/domain/host_record.h"
#include "worker/audit/host_fold.h"

static int add(struct host_fold *fold, const char *key, struct host_record record,
               enum error_code *ret_code)
{
    struct buffer bytes;
    struct error err = {0};
    buffer_init(&bytes, 65536);
    record.account = "000000000000";
    record.region = "us-east-1";
    assert_int_equal(record_encode(&HOST_RECORD_SPEC, &record, &bytes, NULL, &err), 0);
    int status = host_fold_add(fold, span_of(key), buffer_span(&bytes), &err);
    buffer_release(&bytes);
    *ret_code = err.code;
    return status;
}

static void add_good(struct host_fold *fold, const char *host, const char *cluster)
{
    enum error_code code = ERROR_NONE;
    struct host_record record = {.version = 1, .host = host, .cluster = cluster};
    assert_int_equal(add(fold, host, record, &code), 0);
}

static void host_fold_keeps_the_newest_of_each_host(void **state)
{
    (void)state;
    struct host_fold fold = {0};
    struct host_record read = {0};
    struct arena arena = {0};
    struct error err = {0};
    add_good(&fold, "h1", "prod");
    add_good(&fold, "h2", "prod");
    add_good(&fold, "h1", "test");
    assert_string_equal(fold.first->host, "h1");
    assert_string_equal(fold.first->cluster, "test");
    assert_string_equal(fold.first->next->host, "h2");
    assert_string_equal(fold.first->next->cluster, "prod");
    assert_null(fold.first->next->next);
    assert_int_equal(record_decode(&HOST_RECORD_SPEC, fold.first->record, &arena, &read, &err), 0);
    assert_string_equal(read.cluster, "test");
    arena_release(&arena);
    host_fold_release(&fold);
}

static void host_fold_removes_a_host_whose_value_is_empty(void **state)
{
    (void)state;
    struct host_fold fold = {0};
    struct error err = {0};
    add_good(&fold, "h1", "prod");
    assert_int_equal(host_fold_add(&fold, span_of("h1"), (struct span){0}, &err), 0);
    assert_null(fold.first->cluster);
    add_good(&fold, "h1", "prod");
    assert_string_equal(fold.first->cluster, "prod");
    host_fold_release(&fold);
}

static void host_fold_tells_garbage_from_a_newer_version(void **state)
{
    (void)state;
    struct host_fold fold = {0};
    struct error err = {0};
    enum error_code code = ERROR_NONE;
    struct host_record record = {.version = 1, .host = "h1", .cluster = "prod"};
    assert_int_equal(host_fold_add(&fold, span_of("h1"), span_of("garbage"), &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_int_equal(host_fold_add(&fold, (struct span){0}, (struct span){0}, &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_int_equal(add(&fold, "h2", record, &code), -1);
    assert_int_equal(code, ERROR_CORRUPT);
    record.version = 2;
    assert_int_equal(add(&fold, "h1", record, &code), -1);
    assert_int_equal(code, ERROR_UNSUPPORTED);
    assert_null(fold.first);
    host_fold_release(&fold);
}

static void host_fold_says_when_memory_is_out(void **state)
{
    (void)state;
    int failures = 0;
    for (uint64_t n = 1; n < 10; n++) {
        struct host_fold fold = {0};
        struct buffer bytes;
        struct error err = {0};
        struct host_record record = {
            .version = 1, .host = "h1", .account = "a", .region = "r", .cluster = "prod"};
        buffer_init(&bytes, 65536);
        assert_int_equal(record_encode(&HOST_RECORD_SPEC, &record, &bytes, NULL, &err), 0);
        memory_fail_nth(n, false);
        if (host_fold_add(&fold, span_of("h1"), buffer_span(&bytes), &err) != 0) {
            assert_int_equal(err.code, ERROR_NO_MEMORY);
            failures++;
        }
        memory_fail_nth(0, false);
        buffer_release(&bytes);
        host_fold_release(&fold);
    }
    assert_true(failures > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_fold_keeps_the_newest_of_each_host),
        cmocka_unit_test(host_fold_removes_a_host_whose_value_is_empty),
        cmocka_unit_test(host_fold_tells_garbage_from_a_newer_version),
        cmocka_unit_test(host_fold_says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
