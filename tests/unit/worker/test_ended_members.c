/** Containers that end while others of their task run: what becomes of them in its description. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fail_allocations.h"
#include "tests/unit/worker/discovery_make.h"
#include "worker/host/ended_members.h"

#define COMPOSE "com.docker.compose.project=p", "com.docker.compose.config-hash=1"

static struct runtime_container *run_replica(const char *id, const char *service,
                                             const char *number)
{
    char of_service[64], of_number[64];
    snprintf(of_service, sizeof of_service, "com.docker.compose.service=%s", service);
    snprintf(of_number, sizeof of_number, "com.docker.compose.container-number=%s", number);
    containers[count] =
        make_container(&rooms[count], id, id, 10, LABELS(COMPOSE, of_service, of_number));
    return &containers[count++];
}

static void exit_with(struct runtime_container *container, int64_t code, int64_t finished_at)
{
    container->status = RUNTIME_EXITED;
    container->exit_code = (struct optional_integer){.known = true, .value = code};
    container->finished_at = finished_at;
}

static void take_away(size_t number)
{
    memmove(&containers[number], &containers[number + 1],
            (count - number - 1) * sizeof containers[0]);
    count--;
}

/* The task is described anew, once, and then stays as it is. */
static const struct description *changed(void)
{
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    read_back(0, 0);
    look();
    assert_int_equal(seen.findings.count, 0);
    return &bases[0].description;
}

/* Where it stands in the description; the count if it does not. */
static size_t place_of(const char *id)
{
    const struct description *description = &bases[0].description;
    size_t i = 0;
    while (i < description->containers.count &&
           strcmp(description->containers.items[i].container_id, id) != 0) {
        i++;
    }
    return i;
}

static bool is_described(const char *id)
{
    return place_of(id) < bases[0].description.containers.count;
}

static const struct described_container *described(const char *id)
{
    assert_true(is_described(id));
    return &bases[0].description.containers.items[place_of(id)];
}

/* "db" and "web" of one task run. */
static void run_two(void)
{
    run("db", 10);
    run("web", 20)->described.created_at = 2000;
    changed();
}

/* ---- tests ---- */

static void test_what_ended_stays(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 3, 99);
    assert_int_equal(changed()->containers.count, 2);
    const struct described_container *db = described("db");
    assert_true(db->ended);
    assert_int_equal(db->started_at, 10);
    assert_true(db->exit_code.known);
    assert_int_equal(db->exit_code.value, 3);
    assert_int_equal(db->finished_at, 99);
    assert_null(db->end_reason);
    assert_false(described("web")->ended);
    /* ... and when it is removed: the code was said. */
    take_away(0);
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void test_what_needs_it_needs_it_still(void **state)
{
    (void)state;
    run("db", 10);
    containers[count] =
        make_container(&rooms[count], "web", "web", 20, LABELS(TASK, "io.stopfleet.depends-on=db"));
    count++;
    changed();
    exit_with(&containers[0], 0, 99);
    changed();
    assert_int_equal(described("web")->depends_on.count, 1);
    assert_string_equal(described("web")->depends_on.items[0], "db");
}

static void test_what_was_removed_unseen(void **state)
{
    (void)state;
    run_two();
    take_away(0);
    changed();
    assert_true(described("db")->ended);
    assert_false(described("db")->exit_code.known);
    assert_memory_equal(described("db")->end_reason, "ContainerVanishedError: ", 24);
    /* The event of its exit comes after all. */
    told_code = (struct optional_integer){.known = true, .value = 7};
    changed();
    assert_int_equal(described("db")->exit_code.value, 7);
    assert_null(described("db")->end_reason);
    /* Nobody knows it any more: what was said stays. */
    told_code.known = false;
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void test_started_again_it_runs(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 3, 99);
    changed();
    containers[0].status = RUNTIME_RUNNING;
    containers[0].described.started_at = 50;
    assert_int_equal(changed()->containers.count, 2);
    assert_false(described("db")->ended);
    assert_int_equal(described("db")->started_at, 50);
    assert_false(described("db")->exit_code.known);
}

/* Between two looks it was started again, and ended again. */
static void test_the_latest_run_is_shown(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 4, 99);
    containers[0].described.started_at = 50;
    changed();
    assert_int_equal(described("db")->started_at, 50);
    assert_int_equal(described("db")->exit_code.value, 4);
}

/* An end was recorded; while no worker looked, it was started again, and ended again. */
static void test_the_latest_run_is_shown_after_an_end(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 4, 99);
    changed();
    exit_with(&containers[0], 9, 199);
    containers[0].described.started_at = 150;
    changed();
    assert_true(described("db")->ended);
    assert_int_equal(described("db")->started_at, 150);
    assert_int_equal(described("db")->exit_code.value, 9);
    assert_int_equal(described("db")->finished_at, 199);
    /* What the engine does not know of a run is not taken from the run before. */
    containers[0].described.started_at = 250;
    containers[0].finished_at = 0;
    containers[0].exit_code.known = false;
    changed();
    assert_int_equal(described("db")->started_at, 250);
    assert_false(described("db")->exit_code.known);
}

/* That run is in flight for another task: of this one the recorded end stays. */
static void test_another_tasks_run_is_not_shown(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 4, 99);
    changed();
    exit_with(&containers[0], 9, 199);
    containers[0].described.started_at = 150;
    struct error err = {0};
    void *context = NULL;
    struct finding other = {.kind = FINDING_OBSERVED, .id = "other", .group = "g", .revision = 1};
    other.description.containers.items = &containers[0].described;
    other.description.containers.count = 1;
    assert_int_equal(flights_add(&flights, &other, "prod", &context, &err), 0);
    look();
    assert_int_equal(seen.findings.count, 0);
    flights_give_up(context);
    changed();
    assert_int_equal(described("db")->exit_code.value, 9);
}

static void test_all_have_ended(void **state)
{
    (void)state;
    run("db", 10)->described.restart_policy = "on-failure";
    run("web", 20);
    changed();
    exit_with(&containers[0], 3, 99);
    changed();
    exit_with(&containers[1], 0, 100);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_GONE);
    /* What had ended before does not carry the task on when somebody starts it: that is a new task. */
    containers[0].status = RUNTIME_RUNNING;
    containers[0].described.started_at = 500;
    look();
    assert_int_equal(seen.findings.count, 2);
    assert_int_equal(found(0)->kind, FINDING_GONE);
    assert_null(found(1)->base);
    assert_int_equal(found(1)->description.containers.count, 1);
}

/* The same, and when a worker looks again nothing runs: the latest run is recorded before the end of the task. */
static void test_the_latest_run_is_shown_of_all_that_ended(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 4, 99);
    changed();
    exit_with(&containers[0], 9, 199);
    containers[0].described.started_at = 150;
    exit_with(&containers[1], 0, 300);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    read_back(0, 0);
    assert_int_equal(bases[0].description.containers.count, 2);
    assert_true(described("db")->ended);
    assert_int_equal(described("db")->started_at, 150);
    assert_int_equal(described("db")->exit_code.value, 9);
    assert_false(described("web")->ended);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_GONE);
}

/* A run that began when all had ended is none of this task. */
static void test_a_run_after_the_end_of_all_is_not_shown(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 4, 99);
    changed();
    exit_with(&containers[0], 9, 500);
    containers[0].described.started_at = 300;
    exit_with(&containers[1], 0, 300);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_GONE);
}

static void test_a_container_that_never_ran_leaves(void **state)
{
    (void)state;
    run_two();
    run("never", 0);
    assert_int_equal(changed()->containers.count, 3);
    take_away(2);
    assert_int_equal(changed()->containers.count, 2);
}

static void test_a_container_that_was_made_again_replaces_it(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 3, 99);
    changed();
    struct runtime_container *again = run("db2", 200);
    again->described.name = "db";
    again->described.created_at = 3000;
    assert_int_equal(changed()->containers.count, 2);
    assert_false(is_described("db"));
    assert_false(described("db2")->ended);
    /* The task is as old as it was. */
    assert_int_equal(bases[0].description.created_at, 1000);
}

static void test_replicas_keep_their_numbers(void **state)
{
    (void)state;
    run_replica("a", "web", "1");
    run_replica("b", "web", "2");
    changed();
    exit_with(&containers[1], 1, 99);
    changed();
    assert_string_equal(described("a")->name, "web-1");
    assert_string_equal(described("b")->name, "web-2");
    assert_true(described("b")->ended);
    take_away(1);
    run_replica("c", "web", "2");
    changed();
    assert_false(is_described("b"));
    assert_string_equal(described("c")->name, "web-2");
}

/* Services `web` and `web-2`, whose name is no number of a replica: with or without its container. */
static void test_a_service_that_is_called_like_a_replica(void **state)
{
    (void)state;
    run_replica("a", "web", "1");
    run_replica("b", "web-2", "1");
    run_replica("c", "web-3", "1");
    changed();
    exit_with(&containers[1], 1, 99);
    changed();
    assert_true(described("b")->ended);
    assert_string_equal(described("a")->name, "web");
    exit_with(&containers[2], 1, 99);
    take_away(1);
    changed();
    assert_true(described("c")->ended);
    assert_string_equal(described("a")->name, "web");
}

static void test_a_new_container_beside_such_a_service(void **state)
{
    (void)state;
    run_replica("b", "web-2", "1");
    run_replica("db", "db", "1");
    changed();
    exit_with(&containers[0], 1, 99);
    changed();
    run_replica("a", "web", "1");
    changed();
    assert_true(described("b")->ended);
    assert_string_equal(described("a")->name, "web");
    take_away(0);
    look();
    assert_int_equal(seen.findings.count, 0);
}

/* The only one of a service ends and is removed; then two are made. */
static void test_replicas_replace_the_only_one(void **state)
{
    (void)state;
    run_replica("a", "web", "1");
    run_replica("db", "db", "1");
    changed();
    take_away(0);
    changed();
    assert_true(described("a")->ended);
    assert_string_equal(described("a")->name, "web");
    run_replica("b", "web", "1");
    run_replica("c", "web", "2");
    assert_int_equal(changed()->containers.count, 3);
    assert_false(is_described("a"));
}

static void test_the_earliest_leave(void **state)
{
    (void)state;
    static char ids[ENDED_MEMBERS_MAX + 3][16];
    run("lives", 10);
    for (int i = 0; i < ENDED_MEMBERS_MAX + 3; i++) {
        snprintf(ids[i], sizeof ids[i], "job-%02d", i);
        run(ids[i], 20);
    }
    changed();
    for (int i = 0; i < ENDED_MEMBERS_MAX + 3; i++) {
        exit_with(&containers[i + 1], 0, 1000 - i);
    }
    assert_int_equal(changed()->containers.count, ENDED_MEMBERS_MAX + 1);
    assert_true(is_described("lives"));
    assert_true(is_described("job-00"));
    assert_false(is_described(ids[ENDED_MEMBERS_MAX]));
}

/* Nobody saw when it ended: not before it started. */
static void test_what_vanished_is_not_the_earliest(void **state)
{
    (void)state;
    static char ids[ENDED_MEMBERS_MAX + 1][16];
    run("lives", 10);
    for (int i = 0; i < ENDED_MEMBERS_MAX; i++) {
        snprintf(ids[i], sizeof ids[i], "job-%02d", i);
        run(ids[i], 20);
    }
    run("vanishes", 1010);
    changed();
    for (int i = 0; i < ENDED_MEMBERS_MAX; i++) {
        exit_with(&containers[i + 1], 0, 1000 + i);
    }
    take_away(count - 1);
    assert_int_equal(changed()->containers.count, ENDED_MEMBERS_MAX + 1);
    assert_true(described("vanishes")->ended);
    assert_int_equal(described("vanishes")->finished_at, 0);
    assert_false(is_described("job-00"));
    assert_true(is_described("job-01"));
}

/* Descriptions have a limit: what has ended gives way, uncut, to what runs. */
static void test_what_ended_gives_way(void **state)
{
    (void)state;
    static char ids[ROOM][80], image[500];
    memset(image, 'x', sizeof image - 1);
    for (int i = 0; i < ROOM; i++) {
        snprintf(ids[i], sizeof ids[i], "%064d", i);
        run(ids[i], 20)->described.image = image;
    }
    size_t all = count;
    count = all / 2;
    changed();
    static struct network_binding ports[64];
    for (int i = 0; i < 64; i++) {
        ports[i] = (struct network_binding){
            .bind_ip = "127.0.0.1", .protocol = "tcp", .container_port = i + 1, .host_port = i + 1};
    }
    for (size_t i = 1; i < count; i++) {
        exit_with(&containers[i], 0, 1000 + (int64_t)i);
    }
    changed();
    assert_int_equal(bases[0].description.containers.count, all / 2);
    for (size_t i = all / 2; i < all; i++) {
        containers[i].described.network_bindings.items = ports;
        containers[i].described.network_bindings.count = 20;
    }
    count = all;
    look();
    assert_int_equal(seen.findings.count, 1);
    const struct finding *finding = found(0);
    assert_int_equal(finding->kind, FINDING_OBSERVED);
    assert_false(finding->truncated);
    assert_in_range(finding->description.containers.count, all / 2 + 2, all - 1);
    read_back(0, 0);
    assert_false(is_described(ids[1]));
    assert_true(is_described(ids[all / 2 - 1]));
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void look_with_little_memory(void)
{
    struct error err = {0};
    if (try_to_look(&err) == 0) {
        assert_int_equal(seen.findings.count, 1);
        assert_int_equal(found(0)->description.containers.count, 3);
    } else {
        assert_int_equal(err.code, ERROR_NO_MEMORY);
    }
}

static void test_lack_of_memory_is_an_error(void **state)
{
    (void)state;
    run_replica("a", "web", "1");
    run_replica("b", "web", "2");
    run_replica("c", "web", "3");
    changed();
    exit_with(&containers[1], 1, 99);
    take_away(2);
    FAIL_EACH_ALLOCATION((void)0, look_with_little_memory(), (void)0);
}

static void look_at_the_end_with_little_memory(void)
{
    struct error err = {0};
    if (try_to_look(&err) == 0) {
        assert_int_equal(seen.findings.count, 1);
        assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    } else {
        assert_int_equal(err.code, ERROR_NO_MEMORY);
    }
}

static void test_lack_of_memory_at_the_end_is_an_error(void **state)
{
    (void)state;
    run_two();
    exit_with(&containers[0], 4, 99);
    changed();
    exit_with(&containers[0], 9, 199);
    containers[0].described.started_at = 150;
    exit_with(&containers[1], 0, 300);
    FAIL_EACH_ALLOCATION((void)0, look_at_the_end_with_little_memory(), (void)0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_ended_stays),
        TEST(test_what_needs_it_needs_it_still),
        TEST(test_what_was_removed_unseen),
        TEST(test_started_again_it_runs),
        TEST(test_the_latest_run_is_shown),
        TEST(test_the_latest_run_is_shown_after_an_end),
        TEST(test_another_tasks_run_is_not_shown),
        TEST(test_all_have_ended),
        TEST(test_the_latest_run_is_shown_of_all_that_ended),
        TEST(test_a_run_after_the_end_of_all_is_not_shown),
        TEST(test_a_container_that_never_ran_leaves),
        TEST(test_a_container_that_was_made_again_replaces_it),
        TEST(test_replicas_keep_their_numbers),
        TEST(test_a_service_that_is_called_like_a_replica),
        TEST(test_a_new_container_beside_such_a_service),
        TEST(test_replicas_replace_the_only_one),
        TEST(test_the_earliest_leave),
        TEST(test_what_vanished_is_not_the_earliest),
        TEST(test_what_ended_gives_way),
        TEST(test_lack_of_memory_is_an_error),
        TEST(test_lack_of_memory_at_the_end_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
