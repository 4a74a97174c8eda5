/* Which containers are one task, by their labels. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker/grouping_make.h"
#include "worker/host/tasks_report.h"

static void test_ecs_labels(void **state)
{
    (void)state;
    add("a", "ecs-web-1", 10,
        LABELS("com.amazonaws.ecs.task-arn=" ARN, "com.amazonaws.ecs.container-name=web",
               "com.amazonaws.ecs.cluster=prod", "com.amazonaws.ecs.task-definition-family=shop",
               "com.amazonaws.ecs.task-definition-version=7", "io.stopfleet.task=other"));
    add("b", "ecs-log-1", 11,
        LABELS("com.amazonaws.ecs.task-arn=" ARN, "com.amazonaws.ecs.container-name=log"));
    group();
    assert_int_equal(grouping.groups.count, 1);
    assert_string_equal(grouping.groups.items[0].given_id, "0123456789abcdef0123456789abcdef");
    struct description description = describe(0);
    assert_string_equal(description.family, "shop");
    assert_string_equal(description.family_revision, "7");
    assert_int_equal(description.containers.count, 2);
    assert_string_equal(description.containers.items[0].name, "log");
    assert_string_equal(description.containers.items[1].name, "web");
    char id[37];
    group_task_id(&grouping.groups.items[0], "host", id);
    assert_string_equal(id, "0123456789abcdef0123456789abcdef");
}

static void test_ecs_labels_of_another_cluster(void **state)
{
    (void)state;
    add("a", "x", 10,
        LABELS("com.amazonaws.ecs.task-arn=" ARN,
               "com.amazonaws.ecs.cluster=arn:aws:ecs:us-east-1:1:cluster/dev"));
    group();
    assert_int_equal(grouping.groups.count, 0);
    assert_int_equal(grouping.excluded.count, 1);
    assert_int_equal(grouping.excluded.items[0].reason, GROUP_OTHER_CLUSTER);
}

static void test_compose_project(void **state)
{
    (void)state;
    add("c", "shop-web-2", 12,
        LABELS(
            PROJECT("shop"), "com.docker.compose.service=web",
            "com.docker.compose.container-number=2",
            "com.docker.compose.depends_on=db:service_healthy:false,cache:service_started:true"));
    add("b", "shop-web-1", 11,
        LABELS(PROJECT("shop"), "com.docker.compose.service=web",
               "com.docker.compose.container-number=1"));
    add("a", "shop-db-1", 10,
        LABELS(PROJECT("shop"), "com.docker.compose.service=db",
               "com.docker.compose.container-number=1"));
    add("d", "shop-job-run-1", 13,
        LABELS(PROJECT("shop"), "com.docker.compose.service=job",
               "com.docker.compose.oneoff=True"));
    group();
    assert_int_equal(grouping.groups.count, 2);
    assert_string_equal(grouping.groups.items[0].key, "oneoff d");
    assert_string_equal(grouping.groups.items[1].key, "project shop");
    struct description description = describe(1);
    assert_string_equal(description.family, "shop");
    assert_int_equal(description.containers.count, 3);
    assert_string_equal(description.containers.items[0].name, "db");
    assert_string_equal(description.containers.items[1].name, "web-1");
    assert_string_equal(description.containers.items[2].name, "web-2");
    assert_int_equal(description.containers.items[2].depends_on.count, 1);
    assert_string_equal(description.containers.items[2].depends_on.items[0], "db");
}

/* Compose v1's one-off containers have no hash, podman-compose's containers have the number alone. */
static void test_what_only_containers_of_compose_have(void **state)
{
    (void)state;
    static const char *const marks[] = {"com.docker.compose.config-hash=0a1b",
                                        "com.docker.compose.oneoff=False",
                                        "com.docker.compose.container-number=1"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        begin(NULL);
        add("a", "x", 10, LABELS("com.docker.compose.project=shop", marks[i]));
        group();
        assert_int_equal(grouping.groups.count, 1);
        assert_string_equal(grouping.groups.items[0].key, "project shop");
    }
}

/* `docker commit` writes a container's labels on the image, and whoever runs that gets them. */
static void test_labels_that_the_image_has_too(void **state)
{
    static const struct {
        const char *labels[6];
        const char *key; /* NULL = in no task */
    } rows[] = {
        {{"^com.docker.compose.project=shop", "^com.docker.compose.config-hash=0a1b"}, NULL},
        {{"^com.docker.compose.project=shop", "^com.docker.compose.config-hash=0a1b",
          "^io.stopfleet.task=web"},
         NULL},
        {{"^com.docker.compose.project=shop", "^com.docker.compose.config-hash=0a1b",
          "io.stopfleet.task=web"},
         "task web"},
        /* Compose's own of such an image */
        {{"^com.docker.compose.project=shop", "^com.docker.compose.config-hash=0a1b",
          "com.docker.compose.image=sha256:1"},
         "project shop"},
        {{"^com.docker.compose.project=shop", "com.docker.compose.config-hash=0a1b",
          "^io.stopfleet.task=web"},
         "task web"},
        {{"^com.amazonaws.ecs.task-arn=" ARN}, NULL},
        {{"^com.amazonaws.ecs.task-arn=" ARN, "^io.stopfleet.task=web"}, NULL},
        {{"^com.amazonaws.ecs.task-arn=" ARN, "com.docker.compose.project=shop",
          "com.docker.compose.config-hash=0a1b"},
         "project shop"},
        /* an image's own */
        {{"^io.stopfleet.task=web"}, "task web"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(NULL);
        add("a", "x", 10, rows[i].labels);
        group();
        assert_int_equal(grouping.groups.count, rows[i].key != NULL);
        if (rows[i].key != NULL) {
            assert_string_equal(grouping.groups.items[0].key, rows[i].key);
        }
    }
}

/* `compose run` gives its container all labels of the service. */
static void test_a_oneoff_of_a_labelled_service(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        begin(NULL);
        options.by_service = round == 1;
        add("a", "x", 10,
            LABELS(PROJECT("shop"), "com.docker.compose.service=web", "io.stopfleet.task=web"));
        add("b", "y", 10,
            LABELS(PROJECT("shop"), "com.docker.compose.service=web", "io.stopfleet.task=web",
                   "com.docker.compose.oneoff=True"));
        add("c", "z", 10,
            LABELS(PROJECT("shop"), "com.docker.compose.service=web", "io.stopfleet.task=web",
                   "com.docker.compose.oneoff=False"));
        group();
        assert_int_equal(grouping.groups.count, 2);
        assert_string_equal(grouping.groups.items[0].key, "oneoff b");
        assert_string_equal(describe(0).family, "web");
        assert_string_equal(grouping.groups.items[1].key, "task web");
        assert_int_equal(grouping.groups.items[1].members.count, 2);
    }
}

static void test_group_by_service(void **state)
{
    (void)state;
    options.by_service = true;
    add("a", "shop-db-1", 10, LABELS(PROJECT("shop"), "com.docker.compose.service=db"));
    add("b", "shop-web-1", 11, LABELS(PROJECT("shop"), "com.docker.compose.service=web"));
    group();
    assert_int_equal(grouping.groups.count, 2);
    assert_string_equal(grouping.groups.items[0].key, "service shop/db");
    struct description description = describe(1);
    assert_string_equal(description.family, "shop-web");
}

static void test_the_task_label(void **state)
{
    (void)state;
    add("a", "one", 10,
        LABELS("io.stopfleet.task=my task", "io.stopfleet.tag.team=red", "com.example.env=test",
               "io.stopfleet.group=service:web", PROJECT("shop")));
    add("b", "two", 11, LABELS("io.stopfleet.task=my task", "io.stopfleet.tag.team=blue"));
    options.allowed_labels =
        &(const struct option_list){.items = (char *[]){(char[]){"com.example.env"}}, .count = 1};
    group();
    assert_int_equal(grouping.groups.count, 1);
    struct description description = describe(0);
    assert_string_equal(description.family, "my-task");
    assert_string_equal(description.group, "service:web");
    assert_int_equal(description.tags.count, 2);
    assert_string_equal(description.tags.items[0].key, "com.example.env");
    assert_string_equal(description.tags.items[1].value, "red");
}

/* One id, two spellings of its ARN: one task, not two that fight for it. */
static void test_two_spellings_of_one_arn(void **state)
{
    (void)state;
    add("a", "x", 10, LABELS("com.amazonaws.ecs.task-arn=" ARN));
    add("b", "y", 10,
        LABELS("com.amazonaws.ecs.task-arn="
               "arn:aws:ecs:us-east-1:1:task/0123456789abcdef0123456789abcdef",
               "com.amazonaws.ecs.cluster=arn:aws:ecs:us-east-1:1:cluster/prod"));
    group();
    assert_int_equal(grouping.groups.count, 1);
    assert_int_equal(grouping.groups.items[0].members.count, 2);
}

/* A service's key is no project's, whatever the project is called. */
static void test_a_project_named_as_a_service(void **state)
{
    (void)state;
    options.by_service = true;
    add("a", "x", 10, LABELS(PROJECT("shop"), "com.docker.compose.service=web"));
    add("b", "y", 10, LABELS(PROJECT("shop/web")));
    group();
    assert_int_equal(grouping.groups.count, 2);
}

static void test_a_family_and_a_revision_make_an_arn(void **state)
{
    (void)state;
    add("a", "x", 10,
        LABELS("com.amazonaws.ecs.task-arn=" ARN,
               "com.amazonaws.ecs.task-definition-family=shop:eu/1",
               "com.amazonaws.ecs.task-definition-version=latest"));
    add("b", "y", 10, LABELS("io.stopfleet.task=t", "io.stopfleet.family=my shop"));
    group();
    assert_int_equal(grouping.groups.count, 2);
    assert_string_equal(describe(0).family, "shop-eu-1");
    assert_null(describe(0).family_revision);
    assert_string_equal(describe(1).family, "my-shop");
}

static void test_the_minted_id_is_of_the_earliest(void **state)
{
    (void)state;
    char id[37], other[37], wanted[33];
    add("a", "x", 20, LABELS("io.stopfleet.task=t"));
    add("b", "y", 10, LABELS("io.stopfleet.task=t"));
    add("c", "z", 0, LABELS("io.stopfleet.task=t"));
    group();
    describe(0);
    group_task_id(&grouping.groups.items[0], "host", id);
    event_mint_task_id("host", "t", "b", 10, wanted);
    assert_string_equal(id, wanted);
    grouping.groups.items[0].members.items[1].chosen = false;
    group_task_id(&grouping.groups.items[0], "host", other);
    event_mint_task_id("host", "t", "a", 20, wanted);
    assert_string_equal(other, wanted);
}

/* The same containers in another order are the same bytes. */
static void test_order_does_not_matter(void **state)
{
    (void)state;
    struct description first, second;
    for (int round = 0; round < 2; round++) {
        count = 0;
        for (int i = 0; i < 3; i++) {
            int which = round == 0 ? i : 2 - i;
            static const char *const ids[] = {"a", "b", "c"};
            add(ids[which], ids[which], 10 + which,
                LABELS("io.stopfleet.task=t", "io.stopfleet.depends-on=a,b,c"));
        }
        group();
        *(round == 0 ? &first : &second) = describe(0);
    }
    assert_true(record_equal(&DESCRIPTION_SPEC, &first, &second));
}

static void test_no_memory(void **state)
{
    (void)state;
    struct error err = {0};
    int result = -1;
    uint64_t n = 0;
    add("a", "x", 10,
        LABELS(PROJECT("shop"), "com.docker.compose.service=db", "io.stopfleet.depends-on=b"));
    add("b", "y", 10, LABELS("some=thing"));
    while (result != 0) {
        n++;
        arena_release(&arena);
        memory_fail_nth(n, true);
        result = grouping_make(containers, count, &options, &arena, &grouping, &err);
        memory_fail_nth(0, false);
        assert_true(result == 0 || err.code == ERROR_NO_MEMORY);
        assert_true(n < 100);
    }
    assert_true(n > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ecs_labels),
        TEST(test_ecs_labels_of_another_cluster),
        TEST(test_compose_project),
        TEST(test_what_only_containers_of_compose_have),
        TEST(test_labels_that_the_image_has_too),
        TEST(test_a_oneoff_of_a_labelled_service),
        TEST(test_group_by_service),
        TEST(test_the_task_label),
        TEST(test_two_spellings_of_one_arn),
        TEST(test_a_project_named_as_a_service),
        TEST(test_a_family_and_a_revision_make_an_arn),
        TEST(test_the_minted_id_is_of_the_earliest),
        TEST(test_order_does_not_matter),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
