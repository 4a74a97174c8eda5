/** Who a host is, and which partition it gets. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/host/host_census.h"
#include "worker/host/host_id.h"
#include "worker/host/registration_file.h"

static char directory[64];

static int begin(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/stopfleet-test-XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static void path_to(const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", directory, name);
}

static int end(void **state)
{
    (void)state;
    char path[128];
    for (int i = 0; i < 3; i++) {
        path_to((const char *[]){"registration", "machine-id", "file"}[i], path);
        (void)unlink(path);
    }
    return rmdir(directory);
}

static void write_file(const char *name, const char *text)
{
    char path[128];
    path_to(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* ---- host id ---- */

static void test_a_configured_id(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "a b", "a/b", "a:b", "\xc3\xa4"};
    char id[HOST_ID_SIZE], longest[300];
    struct error err = {0};
    assert_int_equal(host_id_find("web-1.example_x", "/none", id, &err), 0);
    assert_string_equal(id, "web-1.example_x");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        err = (struct error){0};
        assert_int_equal(host_id_find(wrong[i], "/none", id, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_non_null(strstr(err.message, "--host-id"));
    }
    memset(longest, 'a', sizeof longest);
    longest[256] = '\0';
    assert_int_equal(host_id_find(longest, "/none", id, &err), -1);
    longest[255] = '\0';
    assert_int_equal(host_id_find(longest, "/none", id, &err), 0);
}

static void test_an_id_of_the_machine(void **state)
{
    (void)state;
    char id[HOST_ID_SIZE], path[128];
    struct error err = {0};
    path_to("machine-id", path);
    assert_int_equal(host_id_find(NULL, path, id, &err), -1);
    assert_non_null(strstr(err.message, "--host-id"));
    write_file("machine-id", "0123456789abcdef0123456789abcdef\n");
    assert_int_equal(host_id_find(NULL, path, id, &err), 0);
    /* printf 0123456789abcdef0123456789abcdefstopfleet | sha256sum */
    assert_string_equal(id, "baf9eff640786c8e107617966f36002d");
    write_file("machine-id", "short\n");
    assert_int_equal(host_id_find(NULL, path, id, &err), -1);
}

/* ---- partitions ---- */

static void add(struct host_census *census, const char *host, int64_t partition)
{
    struct host_record record = {.version = 1,
                                 .host = host,
                                 .account = "000000000000",
                                 .region = "us-east-1",
                                 .cluster = "prod",
                                 .partition = partition};
    struct buffer bytes;
    struct error err = {0};
    buffer_init(&bytes, 4096);
    assert_int_equal(record_encode(&HOST_RECORD_SPEC, &record, &bytes, NULL, &err), 0);
    assert_int_equal(host_census_add(census, span_of(host), buffer_span(&bytes), &err), 0);
    buffer_release(&bytes);
}

/* The choice of a host that begins to look at partition 0. */
static int32_t fewest(const struct host_census *census, int32_t partitions)
{
    struct host_census none = {0};
    struct error err = {0};
    int32_t partition = -1;
    char host[16];
    for (int i = 0; partition != 0; i++) {
        (void)snprintf(host, sizeof host, "host-%d", i);
        assert_int_equal(host_census_fewest(&none, host, partitions, &partition, &err), 0);
    }
    assert_int_equal(host_census_fewest(census, host, partitions, &partition, &err), 0);
    return partition;
}

/* Hosts that do not see each other yet do not all take the same partition. */
static void test_hosts_that_register_at_once(void **state)
{
    (void)state;
    struct host_census none = {0};
    struct error err = {0};
    int taken[4] = {0};
    for (int i = 0; i < 100; i++) {
        int32_t partition = -1;
        char host[16];
        (void)snprintf(host, sizeof host, "host-%d", i);
        assert_int_equal(host_census_fewest(&none, host, 4, &partition, &err), 0);
        assert_in_range(partition, 0, 3);
        taken[partition]++;
    }
    for (int i = 0; i < 4; i++) {
        assert_in_range(taken[i], 10, 40);
    }
}

static void test_the_partition_with_the_fewest_hosts(void **state)
{
    (void)state;
    struct host_census census = {0};
    struct error err = {0};
    assert_int_equal(fewest(&census, 4), 0);
    add(&census, "a", 0);
    assert_int_equal(fewest(&census, 4), 1);
    add(&census, "b", 1);
    add(&census, "c", 2);
    add(&census, "d", 3);
    assert_int_equal(fewest(&census, 4), 0);
    add(&census, "e", 0);
    assert_int_equal(fewest(&census, 4), 1);
    /* The same host again counts once, with its last word. */
    add(&census, "a", 0);
    add(&census, "b", 1);
    add(&census, "e", 1);
    assert_int_equal(fewest(&census, 4), 0);
    add(&census, "e", 0);
    /* A host that was given up makes room. */
    assert_int_equal(host_census_add(&census, span_of("c"), (struct span){0}, &err), 0);
    assert_int_equal(fewest(&census, 4), 2);
    /* New partitions are taken first; hosts beyond fewer partitions do not matter. */
    assert_int_equal(fewest(&census, 5), 2);
    add(&census, "c", 2);
    assert_int_equal(fewest(&census, 5), 4);
    assert_int_equal(fewest(&census, 2), 1);
    int32_t partition = 0;
    assert_int_equal(host_census_fewest(&census, "h", 0, &partition, &err), -1);
    host_census_release(&census);
}

static void test_a_host_that_cannot_be_read(void **state)
{
    (void)state;
    struct host_census census = {0};
    struct error err = {0};
    assert_int_equal(host_census_add(&census, span_of("x"), span_of("garbage"), &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_int_equal(fewest(&census, 3), 0);
    host_census_release(&census);
}

/* ---- the state directory's copy ---- */

static void test_the_copy(void **state)
{
    (void)state;
    struct host_record record = {.version = 1,
                                 .host = "a",
                                 .account = "000000000000",
                                 .region = "us-east-1",
                                 .cluster = "prod",
                                 .partition = 7,
                                 .registered_at = 42};
    struct host_record copy = {0};
    struct buffer bytes;
    struct arena arena = {0};
    struct error err = {0};
    bool found = true;
    assert_int_equal(registration_file_load(directory, &arena, &copy, &found, &err), 0);
    assert_false(found);
    for (int round = 0; round < 2; round++) {
        record.partition = 7 + round;
        buffer_init(&bytes, 4096);
        assert_int_equal(record_encode(&HOST_RECORD_SPEC, &record, &bytes, NULL, &err), 0);
        assert_int_equal(registration_file_save(directory, buffer_span(&bytes), &err), 0);
        buffer_release(&bytes);
        assert_int_equal(registration_file_load(directory, &arena, &copy, &found, &err), 0);
        assert_true(found);
        assert_true(record_equal(&HOST_RECORD_SPEC, &record, &copy));
    }
    write_file("registration", "garbage");
    assert_int_equal(registration_file_load(directory, &arena, &copy, &found, &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_non_null(strstr(err.message, directory));
    arena_release(&arena);
}

static void test_the_directory(void **state)
{
    (void)state;
    char path[128];
    struct error err = {0};
    assert_int_equal(registration_file_check(directory, &err), 0);
    path_to("new", path);
    assert_int_equal(registration_file_check(path, &err), 0);
    assert_int_equal(rmdir(path), 0);
    write_file("file", "x");
    path_to("file", path);
    assert_int_equal(registration_file_check(path, &err), -1);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.message, "--state-directory"));
    err = (struct error){0};
    path_to("no/such/parent", path);
    assert_int_equal(registration_file_check(path, &err), -1);
    assert_non_null(strstr(err.message, path));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_configured_id),
        TEST(test_an_id_of_the_machine),
        TEST(test_the_partition_with_the_fewest_hosts),
        TEST(test_hosts_that_register_at_once),
        TEST(test_a_host_that_cannot_be_read),
        TEST(test_the_copy),
        TEST(test_the_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
