/* The reducer on tags, those of labels and those of people. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/domain/folding.h"

static bool tag(struct task *task, unsigned number, const char *key, const char *value)
{
    struct event event;
    struct tag added = {key, value};
    sample_event(&event, EVENT_TASK_TAGGED, number);
    if (value == NULL) {
        event.task_tagged.removed = (struct text_list){.items = &key, .count = 1};
    } else {
        event.task_tagged.added.items = &added;
        event.task_tagged.added.count = 1;
    }
    return fold_event(task, &event);
}

static void assert_tags(const struct task *task, const char *expected)
{
    char text[200] = "";
    for (size_t i = 0; i < task->tags.count; i++) {
        size_t length = strlen(text);
        (void)snprintf(text + length, sizeof text - length, "%s=%s ", task->tags.items[i].key,
                       task->tags.items[i].value);
    }
    assert_string_equal(text, expected);
}

static void observe_tags(struct task *task, int64_t revision, struct tag *tags, size_t count)
{
    struct event event;
    sample_full_event(&event, EVENT_TASK_OBSERVED, (unsigned)revision);
    event.task_observed.revision = revision;
    event.task_observed.description.tags.items = tags;
    event.task_observed.description.tags.count = count;
    assert_true(fold_event(task, &event));
}

static void reduce_merges_tags_of_labels_and_of_people(void **state)
{
    (void)state;
    struct task task = {0};
    assert_true(tag(&task, 1, "zone", "hand"));
    observe_tags(&task, 1, (struct tag[]){{"a", "1"}, {"b", "1"}, {"c", "1"}}, 3);
    assert_tags(&task, "a=1 b=1 c=1 zone=hand ");
    assert_true(tag(&task, 2, "a", "hand"));
    assert_true(tag(&task, 3, "b", NULL));
    assert_tags(&task, "a=hand c=1 zone=hand ");
    /* The labels' a, b are as before: what people did stays. c goes, d comes. */
    observe_tags(&task, 2, (struct tag[]){{"a", "1"}, {"b", "1"}, {"d", "2"}}, 3);
    assert_tags(&task, "a=hand d=2 zone=hand ");
    observe_tags(&task, 3, (struct tag[]){{"b", "3"}}, 1);
    assert_tags(&task, "a=hand b=3 zone=hand ");
    task_release(&task);
}

static void reduce_folds_a_tagging_once(void **state)
{
    (void)state;
    struct task task = {0};
    assert_true(tag(&task, 1, "k", "one"));
    assert_true(tag(&task, 2, "k", "two"));
    assert_false(tag(&task, 1, "k", "one"));
    assert_tags(&task, "k=two ");
    for (unsigned i = 3; i < 100; i++) {
        assert_true(tag(&task, i, "k", "more"));
        assert_false(tag(&task, i, "k", "more"));
    }
    assert_int_equal(task.tagged_ids.count, TASK_TAGGED_IDS_MAX);
    assert_false(tag(&task, 100 - TASK_TAGGED_IDS_MAX, "k", "late"));
    assert_tags(&task, "k=more ");
    task_release(&task);
}

static void reduce_shows_no_tags_after_a_request(void **state)
{
    (void)state;
    struct task task = {0};
    fold_sample_stop(&task, STOP_REQUESTED);
    assert_true(tag(&task, 50, "k", "v"));
    assert_false(tag(&task, 50, "k", "v"));
    observe_tags(&task, 2, (struct tag[]){{"a", "1"}}, 1);
    assert_tags(&task, "");
    task_release(&task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduce_merges_tags_of_labels_and_of_people),
        cmocka_unit_test(reduce_folds_a_tagging_once),
        cmocka_unit_test(reduce_shows_no_tags_after_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
