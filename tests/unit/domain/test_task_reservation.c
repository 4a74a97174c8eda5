#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/task_reservation.h"

static struct network_binding BINDINGS[] = {
    {.protocol = "tcp", .host_port = 8080},
    {.protocol = "udp", .host_port_range = "53-55"},
    {.protocol = "sctp", .host_port = 9},
};
static struct described_container CONTAINERS[] = {
    {.name = "a", .cpu = 256, .memory_mib = 64, .network_bindings = {BINDINGS, 3}},
    {.name = "b", .cpu = 128, .memory_mib = 32},
};

static void test_there_and_back(void **state)
{
    (void)state;
    static struct task_reservations sum;
    char text[TASK_RESERVATION_SIZE];
    struct task task = {.description = {.containers = {CONTAINERS, 2}}};
    task_reservation_write(&task, text);
    assert_string_equal(text, "384 96 tcp:8080 udp:53-55 sctp:9");
    sum = (struct task_reservations){0};
    task_reservations_add(&sum, span_of(text));
    task_reservations_add(&sum, span_of("16 4 tcp:22"));
    assert_int_equal(sum.cpu, 400);
    assert_int_equal(sum.memory_mib, 100);
    assert_true(sum.tcp[8080] && sum.tcp[22] && !sum.tcp[53]);
    assert_true(sum.udp[53] && sum.udp[54] && sum.udp[55] && !sum.udp[56]);
    task.description.cpu = 1024;
    task.description.memory_mib = 512;
    task_reservation_write(&task, text);
    assert_memory_equal(text, "1024 512 ", 9);
    struct described_container one_ended[] = {CONTAINERS[0], CONTAINERS[1]};
    one_ended[0].ended = true;
    task.description = (struct description){.containers = {one_ended, 2}};
    task_reservation_write(&task, text);
    assert_string_equal(text, "128 32");
    task.terminal = "TaskStopped";
    task_reservation_write(&task, text);
    assert_string_equal(text, "");
}

/* Engines take any number for a container's CPU shares. */
static void test_sums_beyond_64_bits(void **state)
{
    (void)state;
    static struct described_container huge[] = {
        {.name = "a", .cpu = INT64_MAX, .memory_mib = INT64_MAX},
        {.name = "b", .cpu = 1, .memory_mib = INT64_MAX},
    };
    const struct description description = {.containers = {huge, 2}};
    int64_t cpu = 0;
    int64_t memory_mib = 0;
    task_reservation_limits(&description, &cpu, &memory_mib);
    assert_int_equal(cpu, INT64_MAX);
    assert_int_equal(memory_mib, INT64_MAX);
}

/* The text comes from Redis: whatever it holds, nothing breaks. */
static void test_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         "x",         "1",          "1 x",           "-1 2",
        "1 2 tcp:", "1 2 tcp:-", "1 2 tcp:5-", "1 2 tcp:70000", "1 2 udp:9-99999999999999999999",
        "1 2 t"};
    static struct task_reservations sum;
    char longest[2 * TASK_RESERVATION_SIZE];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        task_reservations_add(&sum, span_of(texts[i]));
    }
    assert_int_equal(sum.cpu, 6);
    assert_int_equal(sum.memory_mib, 12);
    memset(longest, '1', sizeof longest);
    task_reservations_add(&sum, (struct span){longest, sizeof longest});
    assert_int_equal(sum.cpu, 6);
}

static const char *group_in(const char *text)
{
    static char group[TASK_GROUP_SIZE];
    task_reservation_group(span_of(text), group);
    return group;
}

static void test_groups(void **state)
{
    (void)state;
    static struct network_binding port = {.protocol = "tcp", .host_port = 80};
    static struct task_reservations sum;
    struct described_container container = {.name = "a", .network_bindings = {&port, 1}};
    struct task task = {
        .description = {.containers = {&container, 1}, .family = "web", .group = "two words: 50%"}};
    char text[TASK_RESERVATION_SIZE];
    task_reservation_write(&task, text);
    assert_string_equal(text, "0 0 group:two%20words:%2050%25 tcp:80");
    assert_string_equal(group_in(text), "two words: 50%");
    task_reservations_add(&sum, span_of(text));
    assert_true(sum.tcp[80]);
    task.description.group = NULL;
    task_reservation_write(&task, text);
    assert_string_equal(group_in(text), "family:web");
    assert_string_equal(group_in(""), "");
    assert_string_equal(group_in("1 2 tcp:80"), "");
    assert_string_equal(group_in("1 2 group:"), "");
    assert_string_equal(group_in("1 2 group:a%"), "a");
    assert_string_equal(group_in("1 2 group:a%2"), "a2");
    assert_string_equal(group_in("1 2 group:a%zzb tcp:1"), "azzb");
    /* As long as can be, and longer: cut, and nothing else. */
    static char huge[3 * TASK_RESERVATION_SIZE];
    memset(huge, '!', sizeof huge - 1);
    task.description.group = huge;
    task_reservation_write(&task, text);
    assert_int_equal(strlen(group_in(text)), TASK_GROUP_SIZE - 1);
}

static void test_more_ports_than_room(void **state)
{
    (void)state;
    static struct network_binding many[2000];
    static struct task_reservations sum;
    char text[TASK_RESERVATION_SIZE];
    for (size_t i = 0; i < 2000; i++) {
        many[i] = (struct network_binding){.protocol = "tcp", .host_port = 10000 + (int64_t)i};
    }
    struct described_container container = {.name = "a", .network_bindings = {many, 2000}};
    struct task task = {.description = {.containers = {&container, 1}}};
    task_reservation_write(&task, text);
    assert_true(strlen(text) < sizeof text);
    task_reservations_add(&sum, span_of(text));
    assert_true(sum.tcp[10000] && !sum.tcp[11999]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_sums_beyond_64_bits),
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_groups),
        cmocka_unit_test(test_more_ports_than_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
