#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/domain/host_record.h"

static struct host_attribute attributes[] = {{"rack", "r7"}, {"disk", "ssd"}};
static const struct host_record sample = {
    .version = 1,
    .host = "5f0c6e1b8f9a4c7d9e2b3a4c5d6e7f80",
    .name = "node-7",
    .account = "111122223333",
    .region = "eu-central-1",
    .cluster = "prod",
    .partition = 0,
    .registered_at = 1700000000000,
    .runtime = "docker",
    .engine_version = "28.0.1",
    .api_version = "1.48",
    .os = "linux",
    .architecture = "x86_64",
    .worker_version = "0.1.0",
    .cpu_units = 4096,
    .memory_mib = 16384,
    .availability_zone = "hall-2",
    .attributes = {attributes, 2},
};

static void host_record_round_trip_keeps_every_field(void **state)
{
    (void)state;
    struct buffer buf;
    struct arena arena = {0};
    struct host_record read;
    buffer_init(&buf, 4096);
    assert_int_equal(record_encode(&HOST_RECORD_SPEC, &sample, &buf, NULL, NULL), 0);
    assert_int_equal(record_decode(&HOST_RECORD_SPEC, buffer_span(&buf), &arena, &read, NULL), 0);
    assert_true(record_equal(&HOST_RECORD_SPEC, &sample, &read));
    json_t *json = record_to_json(&HOST_RECORD_SPEC, &sample, NULL);
    assert_int_equal(json_object_size(json), HOST_RECORD_SPEC.field_count);
    json_decref(json);
    arena_release(&arena);
    buffer_release(&buf);
}

/* Partition 0 is one: a registration without the key has none. */
static void host_record_says_partition_0_and_needs_one(void **state)
{
    (void)state;
    struct buffer buf;
    struct arena arena = {0};
    struct host_record read;
    int64_t partition = -1;
    struct error err = {0};
    buffer_init(&buf, 4096);
    assert_int_equal(record_encode(&HOST_RECORD_SPEC, &sample, &buf, NULL, NULL), 0);
    assert_true(record_peek_integer(buffer_span(&buf), "partition", &partition));
    assert_int_equal(partition, 0);
    static const char bytes[] = "\x85\xa1v\x01\xa4host\xa1h\xa7"
                                "account\xa1"
                                "a\xa6region\xa1r\xa7"
                                "cluster\xa1"
                                "c";
    struct span none = {.data = bytes, .length = sizeof bytes - 1};
    assert_int_equal(record_decode(&HOST_RECORD_SPEC, none, &arena, &read, &err), -1);
    assert_string_equal(err.message, "partition: missing");
    arena_release(&arena);
    buffer_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_record_round_trip_keeps_every_field),
        cmocka_unit_test(host_record_says_partition_0_and_needs_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
