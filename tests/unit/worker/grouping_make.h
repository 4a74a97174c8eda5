#ifndef TESTS_UNIT_WORKER_GROUPING_MAKE_H
#define TESTS_UNIT_WORKER_GROUPING_MAKE_H

/** A list of containers for tests, and how it is grouped: add() each, then group(). Include after cmocka.h. */

#include "tests/unit/worker/container_make.h"
#include "worker/host/grouping.h"

/** As on a container that Compose made. */
#define PROJECT(name) "com.docker.compose.project=" name, "com.docker.compose.config-hash=0a1b"
#define ARN           "arn:aws:ecs:us-east-1:1:task/prod/0123456789abcdef0123456789abcdef"

static struct made_container rooms[8];
static struct runtime_container containers[8];
static size_t count;
static struct arena arena;
static struct grouping grouping;
static struct grouping_options options;

static inline int begin(void **state)
{
    (void)state;
    count = 0;
    arena_release(&arena);
    memset(rooms, 0, sizeof rooms);
    options = (struct grouping_options){.account = "1",
                                        .region = "us-east-1",
                                        .cluster = "prod",
                                        .now_unix_ms = 100000,
                                        .created_settle_ms = 5000};
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static inline struct runtime_container *add(const char *id, const char *name, int64_t started_at,
                                            const char *const *labels)
{
    containers[count] = make_container(&rooms[count], id, name, started_at, labels);
    return &containers[count++];
}

static inline void group(void)
{
    struct error err = {0};
    assert_int_equal(grouping_make(containers, count, &options, &arena, &grouping, &err), 0);
}

/** Of a group, all of whose members are chosen. */
static inline struct description describe(size_t number)
{
    struct description description = {0};
    struct error err = {0};
    struct task_group *found = &grouping.groups.items[number];
    for (size_t i = 0; i < found->members.count; i++) {
        found->members.items[i].chosen = true;
    }
    assert_int_equal(group_describe(found, &options, "docker", &arena, &description, &err), 0);
    return description;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
