/* What labels say of a task's containers, and what is said of labels that are wrong. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/grouping_make.h"
#include "worker/host/tasks_report.h"

static void test_empty_labels_say_nothing(void **state)
{
    (void)state;
    add("a", "ecs-web", 10,
        LABELS("io.stopfleet.task=t",
               "com.amazonaws.ecs.container-name=", "com.amazonaws.ecs.task-definition-family=",
               "com.amazonaws.ecs.task-definition-version="));
    add("b", "shop-web-1", 10, LABELS(PROJECT("shop"), "com.docker.compose.service="));
    group();
    assert_int_equal(grouping.groups.count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct description description = describe(i);
        bool is_task = strcmp(description.family, "t") == 0;
        assert_string_equal(description.family, is_task ? "t" : "shop");
        assert_string_equal(description.containers.items[0].name,
                            is_task ? "ecs-web" : "shop-web-1");
        assert_null(description.family_revision);
    }
}

static void test_long_names_keep_their_number(void **state)
{
    (void)state;
    static char service[301];
    memset(service, 'x', sizeof service - 1);
    struct runtime_label labels[][3] = {
        {{.key = "com.docker.compose.project", .value = "shop"},
         {.key = "com.docker.compose.service", .value = service},
         {.key = "com.docker.compose.container-number", .value = "1"}},
        {{.key = "com.docker.compose.project", .value = "shop"},
         {.key = "com.docker.compose.service", .value = service},
         {.key = "com.docker.compose.container-number", .value = "12"}},
    };
    for (size_t i = 0; i < 2; i++) {
        struct runtime_container *container =
            add(i == 0 ? "a" : "b", i == 0 ? "x-1" : "x-2", 10, NO_LABELS);
        container->labels.items = labels[i];
        container->labels.count = 3;
    }
    group();
    struct description description = describe(0);
    assert_int_equal(description.containers.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const char *name = description.containers.items[i].name;
        assert_int_equal(strlen(name), 255);
        bool first = strcmp(description.containers.items[i].container_id, "a") == 0;
        assert_non_null(strstr(name, first ? "x-1" : "x-12"));
    }
    assert_string_not_equal(description.containers.items[0].name,
                            description.containers.items[1].name);
}

static void test_huge_labels(void **state)
{
    (void)state;
    static char huge[100000];
    memset(huge, 'x', sizeof huge - 1);
    struct runtime_label labels[] = {{.key = "com.docker.compose.project", .value = huge},
                                     {.key = "com.docker.compose.config-hash", .value = huge},
                                     {.key = "io.stopfleet.task", .value = huge},
                                     {.key = "io.stopfleet.tag.a", .value = huge}};
    add("a", "x", 10, NO_LABELS)->labels.items = labels;
    containers[0].labels.count = sizeof labels / sizeof labels[0];
    add("b", "y", 10, LABELS("io.stopfleet.task=t"));
    group();
    assert_int_equal(grouping.groups.count, 2);
    assert_int_equal(grouping.warnings.list.count, 2);
    assert_int_equal(describe(0).tags.count, 0);
}

static void test_circles_and_absent_names(void **state)
{
    (void)state;
    add("a", "web", 10, LABELS("io.stopfleet.task=t", "io.stopfleet.depends-on=db"));
    add("b", "db", 10, LABELS("io.stopfleet.task=t", "io.stopfleet.depends-on=web, lost"));
    group();
    assert_int_equal(grouping.warnings.list.count, 2);
    assert_string_equal(grouping.warnings.list.items[0].container, "db");
    assert_string_equal(grouping.warnings.list.items[0].value, "lost");
    assert_string_equal(grouping.warnings.list.items[1].value, "db needs web needs db");
    begin(NULL);
    add("a", "web", 10, LABELS("io.stopfleet.task=t", "io.stopfleet.depends-on=web"));
    group();
    assert_int_equal(grouping.warnings.list.count, 1);
}

static void test_who_lives(void **state)
{
    (void)state;
    add("a", "x", 10, LABELS("io.stopfleet.task=t"))->status = RUNTIME_EXITED;
    add("b", "y", 10, LABELS("io.stopfleet.task=t"))->status = RUNTIME_PAUSED;
    add("c", "z", 10, LABELS("io.stopfleet.task=t"))->status = RUNTIME_RESTARTING;
    add("d", "u", 10, LABELS("io.stopfleet.task=t"))->status = RUNTIME_DEAD;
    add("e", "old", 0, LABELS("io.stopfleet.task=t"));
    add("f", "young", 0, LABELS("io.stopfleet.task=t"))->described.created_at = 99000;
    group();
    assert_int_equal(grouping.groups.count, 1);
    assert_int_equal(grouping.groups.items[0].members.count, 3);
    assert_true(grouping.settling);
    assert_string_equal(grouping.groups.items[0].members.items[0].described.name, "old");
}

static void test_dependencies(void **state)
{
    (void)state;
    const char *links[] = {"database"};
    const char *volumes[] = {"idstore"};
    struct runtime_container *web = add(
        "idweb", "web", 10, LABELS("io.stopfleet.task=t", "io.stopfleet.depends-on=cache, gone"));
    web->links = (struct text_list){.items = links, .count = 1};
    web->volumes_from = (struct text_list){.items = volumes, .count = 1};
    web->network_container = "idpause";
    web->ipc_container = "idweb";
    add("iddb", "database", 10, LABELS("io.stopfleet.task=t"));
    add("idstore", "store", 10, LABELS("io.stopfleet.task=t"));
    add("idpause", "pause", 10, LABELS("io.stopfleet.task=t"));
    add("idcache", "cache", 10, LABELS("io.stopfleet.task=t"));
    group();
    struct description description = describe(0);
    const struct described_container *last = &description.containers.items[4];
    assert_string_equal(last->name, "web");
    assert_int_equal(last->depends_on.count, 4);
    assert_string_equal(last->depends_on.items[0], "cache");
    assert_string_equal(last->depends_on.items[3], "store");
}

static void test_what_holds_of_signal_and_grace(void **state)
{
    (void)state;
    struct runtime_container *a =
        add("a", "a", 10,
            LABELS("io.stopfleet.task=t", "io.stopfleet.stop-signal=int",
                   "io.stopfleet.stop-timeout=90s", "io.stopfleet.drain-delay=5",
                   "io.stopfleet.essential=false", "io.stopfleet.sidecar=yes"));
    a->configured_stop_signal = "SIGQUIT";
    a->configured_stop_timeout_ms = (struct optional_integer){.known = true, .value = 7000};
    struct runtime_container *b = add("b", "b", 10, LABELS("io.stopfleet.task=t"));
    b->configured_stop_signal = "3";
    b->configured_stop_timeout_ms = (struct optional_integer){.known = true, .value = 0};
    struct runtime_container *c = add("c", "c", 10, LABELS("io.stopfleet.task=t"));
    c->configured_stop_timeout_ms = (struct optional_integer){.known = true, .value = -1000};
    group();
    struct description d = describe(0);
    assert_string_equal(d.containers.items[0].stop_signal, "SIGINT");
    assert_int_equal(d.containers.items[0].stop_timeout_ms.value, 90000);
    assert_int_equal(d.containers.items[0].drain_delay_ms, 5000);
    assert_true(d.containers.items[0].non_essential);
    assert_true(d.containers.items[0].sidecar);
    assert_string_equal(d.containers.items[1].stop_signal, "SIGQUIT");
    assert_int_equal(d.containers.items[1].stop_timeout_ms.value, 1000);
    assert_false(d.containers.items[1].non_essential);
    assert_string_equal(d.containers.items[2].stop_signal, "SIGTERM");
    assert_false(d.containers.items[2].stop_timeout_ms.known);
}

static void test_wrong_labels_are_named(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "io.stopfleet.essential=maybe",
        "io.stopfleet.stop-timeout=soon",
        "io.stopfleet.stop-timeout=100ms",
        "io.stopfleet.stop-signal=SIGFOO",
        "io.stopfleet.depends-on=a,,b",
        "io.stopfleet.memory=-1",
        "io.stopfleet.stoptimeout=3s",
        "io.stopfleet.group=",
        "IO.Stopfleet.Essential=false",
        "io.stopfleet.stop-timeout=8d",
        "io.stopfleet.tag.=x",
        "io.stopfleet.group=a\nb",
        "io.stopfleet.started-by=\xef\xbf\xbd",
        "io.stopfleet.sidecar=",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin(NULL);
        add("a", "box", 10, LABELS("io.stopfleet.task=t", wrong[i]));
        group();
        assert_int_equal(grouping.warnings.list.count, 1);
        const struct label_warning *warning = &grouping.warnings.list.items[0];
        assert_string_equal(warning->container, "box");
        assert_memory_equal(warning->label, wrong[i], strlen(warning->label));
        assert_string_equal(warning->value, strchr(wrong[i], '=') + 1);
        assert_true(strlen(warning->accepted) > 3 && strlen(warning->otherwise) > 3);
        struct description d = describe(0);
        assert_false(d.containers.items[0].non_essential);
        assert_string_equal(d.containers.items[0].stop_signal, "SIGTERM");
        assert_int_equal(d.containers.items[0].depends_on.count, 0);
    }
}

static void test_each_boolean_word_is_documented(void **state)
{
    static const char *const keys[] = {"ignore", "essential", "sidecar"};
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "1", "0", "YES"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char label[64];
        begin(NULL);
        (void)snprintf(label, sizeof label, "io.stopfleet.%s=perhaps", keys[i]);
        add("a", "box", 10, LABELS("io.stopfleet.task=t", label));
        group();
        assert_int_equal(grouping.warnings.list.count, 1);
        const char *accepted = grouping.warnings.list.items[0].accepted;
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            assert_true(strcasestr(accepted, words[k]) != NULL);
        }
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
            begin(NULL);
            (void)snprintf(label, sizeof label, "io.stopfleet.%s=%s", keys[i], words[k]);
            add("a", "box", 10, LABELS("io.stopfleet.task=t", label));
            group();
            assert_int_equal(grouping.warnings.list.count, 0);
        }
    }
}

static void test_what_holds_instead_is_said_of_the_wrong_value(void **state)
{
    (void)state;
    add("a", "box", 10, LABELS("io.stopfleet.task=t", "io.stopfleet.ignore=maybe"));
    group();
    assert_int_equal(grouping.excluded.count, 1);
    assert_int_equal(grouping.warnings.list.count, 1);
    assert_string_equal(grouping.warnings.list.items[0].otherwise, "it is left alone");
}

static void test_an_array_that_is_none_is_for_the_shell(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        size_t warnings;
    } commands[] = {
        {"io.stopfleet.pre-stop=[\"/bin/drain\", \"--now\"", 1},
        {"io.stopfleet.pre-stop=[\"/bin/drain\", 1]", 1},
        {"io.stopfleet.pre-stop=[]", 1},
        {"io.stopfleet.pre-stop=[\"/bin/drain\", \"--now\"]", 0},
        {"io.stopfleet.pre-stop=[ -f /x ] && /bin/drain", 0},
        {"io.stopfleet.pre-stop=/bin/drain", 0},
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        begin(NULL);
        add("a", "box", 10, LABELS("io.stopfleet.task=t", commands[i].label));
        group();
        assert_int_equal(grouping.warnings.list.count, commands[i].warnings);
        assert_string_equal(describe(0).containers.items[0].pre_stop,
                            strchr(commands[i].label, '=') + 1);
        if (commands[i].warnings > 0) {
            assert_non_null(strstr(grouping.warnings.list.items[0].otherwise, "shell"));
        }
    }
}

static void test_the_report_says_what_comes_before_the_signal(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    struct error err = {0};
    struct arena report = {0};
    FILE *out = open_memstream(&text, &size);
    add("a", "box", 10,
        LABELS("io.stopfleet.task=t", "io.stopfleet.pre-stop=/bin/drain",
               "io.stopfleet.drain-delay=5s"));
    group();
    assert_non_null(out);
    assert_int_equal(tasks_report_text(&(struct tasks_report){.grouping = &grouping,
                                                              .host = "host",
                                                              .default_grace_ms = 30000},
                                       &report, out, &err),
                     0);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "5000 ms after the StopTask"));
    assert_non_null(strstr(text, "pre-stop /bin/drain"));
    free(text);
    arena_release(&report);
}

static void test_labels_document(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    labels_write_markdown(out);
    fclose(out);
    FILE *file = fopen("docs/labels.md", "r");
    assert_non_null(file);
    char *kept = calloc(1, size + 1000);
    size_t length = fread(kept, 1, size + 999, file);
    fclose(file);
    kept[length] = '\0';
    assert_string_equal(kept, text);
    free(kept);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_empty_labels_say_nothing),
        TEST(test_long_names_keep_their_number),
        TEST(test_huge_labels),
        TEST(test_circles_and_absent_names),
        TEST(test_who_lives),
        TEST(test_dependencies),
        TEST(test_what_holds_of_signal_and_grace),
        TEST(test_wrong_labels_are_named),
        TEST(test_each_boolean_word_is_documented),
        TEST(test_what_holds_instead_is_said_of_the_wrong_value),
        TEST(test_an_array_that_is_none_is_for_the_shell),
        TEST(test_the_report_says_what_comes_before_the_signal),
        TEST(test_labels_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
