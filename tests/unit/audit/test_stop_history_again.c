/** Recorded stops whose records come again: what the writer's own order puts right is fine, and nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/audit/stop_story.h"

static struct story *accepted(int64_t grace_ms)
{
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, grace_ms);
    return story;
}

static void test_a_second_signal_that_is_repeated(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t first = story_signal(story, WEB, 5000, false);
    int64_t second = story_signal(story, WEB, 6000, false);
    story_again(story, second);
    story_again(story, first);
    story_assert_broken(story, STOP_RULE_SECOND_SIGNAL, first, second);
}

/* One that is not put right, although what follows it is repeated. */
static void test_a_wrong_order_that_stays(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    int64_t first = story_pre_stop(story, WEB, 5000);
    int64_t second = story_signal(story, WEB, 6000, false);
    story_again(story, second);
    (void)story_exited(story, WEB, 0);
    story_assert_broken(story, STOP_RULE_PRE_STOP_UNWAITED, first, second);
}

static void again(struct story *story, int64_t first, int64_t last)
{
    while (first <= last) {
        story_again(story, first++);
    }
}

/* What a worker's start writes again, since Kafka may not have it, is written in the order that it had. */
static void test_a_broken_order_that_is_written_again(void **state)
{
    (void)state;
    for (int from = 0; from < 3; from++) {
        struct story *story = accepted(30000);
        int64_t signal = story_signal(story, WEB, 5000, false);
        int64_t kill = story_kill(story, WEB, 6000);
        int64_t last = story_exited(story, WEB, 137);
        again(story, signal + from, last);
        again(story, signal, last);
        story_assert_broken(story, STOP_RULE_EARLY_KILL, signal, kill);
    }

    struct story *story = accepted(30000);
    int64_t exit = story_exited(story, WEB, 0);
    int64_t signal = story_signal(story, WEB, 5000, false);
    again(story, exit, signal);
    story_assert_broken(story, STOP_RULE_AFTER_EXIT, exit, signal);

    story = accepted(30000);
    int64_t end = story_ended(story, EVENT_TASK_STOPPED, 3);
    signal = story_signal(story, WEB, 5000, false);
    again(story, end, signal);
    story_assert_broken(story, STOP_RULE_AFTER_END, end, signal);

    story = accepted(30000);
    int64_t first = story_signal(story, WEB, 5000, false);
    int64_t second = story_signal(story, WEB, 6000, false);
    int64_t last = story_exited(story, WEB, 0);
    again(story, second, last);
    again(story, first, last);
    story_assert_broken(story, STOP_RULE_SECOND_SIGNAL, first, second);
}

static void test_a_wrong_order_of_containers_that_is_written_again(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_exited(story, WEB, 0);
    int64_t signal = story_signal(story, DB, 5100, false);
    (void)story_signal(story, APP, 5100, false);
    int64_t last = story_exited(story, APP, 0);
    again(story, signal, last);
    story_assert_broken(story, STOP_RULE_ORDER, 2, signal);
}

/* Kafka took SIGKILL before the plan: written again after it, it is still without a signal. */
static void test_what_breaks_another_rule_when_it_is_written_again(void **state)
{
    (void)state;
    struct story *story = story_begin();
    int64_t kill = story_kill(story, WEB, 5000);
    (void)story_accepted(story, NULL, 30000);
    story_again(story, kill);
    story_assert_broken(story, STOP_RULE_UNSIGNALLED_KILL, -1, kill);
}

/* Kafka took a record before the one that its writer had written first. */
static void test_what_is_written_again_in_the_right_order(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t exit = story_exited(story, WEB, 0);
    int64_t signal = story_signal(story, WEB, 5000, false);
    story_again(story, exit);
    story_again(story, signal);
    story_again(story, exit);
    story_assert_fine(story);

    story = accepted(30000);
    signal = story_signal(story, DB, 5100, false);
    (void)story_exited(story, WEB, 0);
    (void)story_exited(story, APP, 0);
    story_again(story, signal);
    story_assert_fine(story);

    story = story_begin();
    int64_t kill = story_kill(story, WEB, 35000);
    (void)story_accepted(story, NULL, 30000);
    story_again(story, kill);
    (void)story_signal(story, WEB, 5000, false);
    story_again(story, kill);
    story_assert_fine(story);
}

/* Kafka took the whole stop before the plan with the grace that ran out. */
static void test_a_plan_that_comes_after_the_end(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    (void)story_requested(story, "r2");
    (void)story_signal(story, WEB, 5000, false);
    int64_t kill = story_kill(story, WEB, 7000);
    (void)story_exited(story, WEB, 137);
    int64_t end = story_ended(story, EVENT_TASK_STOPPED, 3);
    (void)story_accepted(story, "r2", 2000);
    again(story, kill, end);
    story_assert_fine(story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_signal_that_is_repeated),
        cmocka_unit_test(test_a_wrong_order_that_stays),
        cmocka_unit_test(test_a_broken_order_that_is_written_again),
        cmocka_unit_test(test_a_wrong_order_of_containers_that_is_written_again),
        cmocka_unit_test(test_what_breaks_another_rule_when_it_is_written_again),
        cmocka_unit_test(test_what_is_written_again_in_the_right_order),
        cmocka_unit_test(test_a_plan_that_comes_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
