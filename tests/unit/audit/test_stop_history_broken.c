/** Recorded stops that break a promise, each in one way: the audit names the rule and the two records. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fail_allocations.h"
#include "tests/unit/audit/stop_story.h"

static struct story *accepted(int64_t grace_ms)
{
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, grace_ms);
    return story;
}

static void test_a_second_signal(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t first = story_signal(story, WEB, 5000, false);
    int64_t second = story_signal(story, WEB, 6000, false);
    story_assert_broken(story, STOP_RULE_SECOND_SIGNAL, first, second);
}

static void test_a_second_signal_by_the_next_worker(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t first = story_signal(story, WEB, 5000, false);
    (void)story_started(story, "B", true);
    int64_t second = story_signal(story, WEB, 6000, false);
    story_assert_broken(story, STOP_RULE_SECOND_SIGNAL, first, second);
}

static void test_sigkill_before_the_deadline(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t signal = story_signal(story, WEB, 5000, false);
    int64_t kill = story_kill(story, WEB, 34999);
    story_assert_broken(story, STOP_RULE_EARLY_KILL, signal, kill);
}

static void test_sigkill_before_the_deadline_after_a_restart(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t signal = story_signal(story, WEB, 5000, false);
    (void)story_started(story, "B", true);
    int64_t kill = story_kill(story, WEB, 34999);
    story_assert_broken(story, STOP_RULE_EARLY_KILL, signal, kill);
}

static void test_sigkill_before_a_lengthened_grace(void **state)
{
    (void)state;
    struct story *story = accepted(2000);
    int64_t signal = story_signal(story, WEB, 5000, false);
    (void)story_requested(story, "r2");
    (void)story_accepted(story, "r2", 30000);
    int64_t kill = story_kill(story, WEB, 7000);
    story_assert_broken(story, STOP_RULE_EARLY_KILL, signal, kill);
}

static void test_sigkill_too_soon_in_another_boot(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t signal = story_signal(story, WEB, 5000000, false);
    story->boot_id = "boot-2";
    (void)story_started(story, "B", true);
    int64_t kill = story_kill(story, WEB, 29000);
    story_assert_broken(story, STOP_RULE_EARLY_KILL, signal, kill);
}

static void test_sigkill_too_soon_by_the_wall_clock(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->boot_id = NULL;
    (void)story_accepted(story, NULL, 30000);
    int64_t signal = story_signal(story, WEB, 5000, false);
    int64_t kill = story_kill(story, WEB, 33000);
    story_assert_broken(story, STOP_RULE_EARLY_KILL, signal, kill);
}

static void test_sigkill_before_the_deadline_of_a_pre_stop_command(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    int64_t begun = story_pre_stop(story, WEB, 5000);
    int64_t kill = story_kill(story, WEB, 34000);
    story_assert_broken(story, STOP_RULE_EARLY_KILL, begun, kill);
}

static void test_sigkill_without_a_signal(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t kill = story_kill(story, WEB, 90000);
    story_assert_broken(story, STOP_RULE_UNSIGNALLED_KILL, -1, kill);
}

static void test_a_signal_after_the_exit(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t exit = story_exited(story, WEB, 0);
    int64_t signal = story_signal(story, WEB, 5000, false);
    story_assert_broken(story, STOP_RULE_AFTER_EXIT, exit, signal);
}

static void test_sigkill_after_the_exit(void **state)
{
    (void)state;
    struct story *story = accepted(2000);
    (void)story_signal(story, WEB, 5000, false);
    int64_t exit = story_exited(story, WEB, 0);
    (void)story_started(story, "B", true);
    int64_t kill = story_kill(story, WEB, 9000);
    story_assert_broken(story, STOP_RULE_AFTER_EXIT, exit, kill);
}

static void test_a_signal_after_the_end(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t end = story_ended(story, EVENT_TASK_STOPPED, 3);
    int64_t signal = story_signal(story, WEB, 5000, false);
    story_assert_broken(story, STOP_RULE_AFTER_END, end, signal);
}

static void test_the_wrong_order(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_exited(story, WEB, 0);
    (void)story_signal(story, APP, 5000, false);
    int64_t signal = story_signal(story, DB, 5100, false);
    story_assert_broken(story, STOP_RULE_ORDER, 2, signal);
}

/* Its pre-stop command could not be started, so that its end is recorded first. */
static void test_the_wrong_order_after_a_pre_stop_command(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    (void)story_pre_stop_over(story, DB);
    int64_t signal = story_signal(story, DB, 5100, false);
    story_assert_broken(story, STOP_RULE_ORDER, 2, signal);
}

static void test_the_wrong_order_by_force(void **state)
{
    (void)state;
    struct story *story = accepted(0);
    int64_t kill = story_kill(story, DB, 5100);
    story_assert_broken(story, STOP_RULE_ORDER, 2, kill);
}

static void test_a_stop_that_nobody_asked_for(void **state)
{
    (void)state;
    struct story *story = story_begin();
    int64_t plan = story_accepted(story, "r9", 30000);
    story_assert_broken(story, STOP_RULE_UNASKED, -1, plan);
}

static void test_a_signal_without_a_plan(void **state)
{
    (void)state;
    struct story *story = story_begin();
    int64_t signal = story_signal(story, WEB, 5000, false);
    story_assert_broken(story, STOP_RULE_UNPLANNED, -1, signal);
}

static void test_an_end_without_a_plan(void **state)
{
    (void)state;
    struct story *story = story_begin();
    int64_t end = story_ended(story, EVENT_TASK_STOPPED, 3);
    story_assert_broken(story, STOP_RULE_UNPLANNED, -1, end);
}

static void test_an_end_that_does_not_cover_the_plan(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t end = story_ended(story, EVENT_TASK_STOPPED, 2);
    story_assert_broken(story, STOP_RULE_UNCOVERED, 2, end);
}

static void test_a_second_end(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t first = story_ended(story, EVENT_TASK_STOPPED, 3);
    (void)story_started(story, "B", true);
    int64_t second = story_ended(story, EVENT_TASK_GONE, 3);
    story_assert_broken(story, STOP_RULE_SECOND_END, first, second);

    story = accepted(30000);
    first = story_ended(story, EVENT_TASK_STOPPED, 3);
    second = story_ended(story, EVENT_TASK_STOPPED, 3);
    story_assert_broken(story, STOP_RULE_SECOND_END, first, second);
}

/* Records that no worker makes: one id, and another content. */
static void test_an_end_whose_repetition_covers_the_plan(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t first = story_ended(story, EVENT_TASK_STOPPED, 2);
    story_as(story, first);
    (void)story_ended(story, EVENT_TASK_STOPPED, 3);
    int64_t second = story_ended(story, EVENT_TASK_GONE, 3);
    story_assert_broken(story, STOP_RULE_SECOND_END, first, second);
}

static void test_a_plan_whose_repetition_names_other_runs(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->planned = 1;
    int64_t plan = story_accepted(story, NULL, 30000);
    story->planned = 0;
    story_as(story, plan);
    int64_t again = story_accepted(story, NULL, 30000);
    int64_t signal = story_signal(story, DB, 5000, false);
    story_assert_broken(story, STOP_RULE_ORDER, again, signal);
}

static void test_an_end_with_another_exit_code(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    (void)story_exited(story, WEB, 143);
    story->end_code = 0;
    int64_t end = story_ended(story, EVENT_TASK_STOPPED, 3);
    story_assert_broken(story, STOP_RULE_OTHER_CODE, -1, end);
}

static void test_a_second_exit_with_another_code(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t first = story_exited(story, WEB, 143);
    (void)story_started(story, "B", true);
    int64_t second = story_exited(story, WEB, 0);
    story_assert_broken(story, STOP_RULE_OTHER_CODE, first, second);
}

static void test_a_second_exit_of_one_worker(void **state)
{
    (void)state;
    struct story *story = accepted(30000);
    int64_t first = story_exited(story, WEB, 143);
    int64_t second = story_exited(story, WEB, 143);
    story_assert_broken(story, STOP_RULE_IMPOSSIBLE, first, second);
}

static struct story *with_pre_stop(void)
{
    struct story *story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    return story;
}

static void test_pre_stop_commands(void **state)
{
    (void)state;
    struct story *story = with_pre_stop();
    int64_t first = story_pre_stop(story, WEB, 5000);
    int64_t second = story_signal(story, WEB, 6000, false);
    story_assert_broken(story, STOP_RULE_PRE_STOP_UNWAITED, first, second);

    story = with_pre_stop();
    first = story_pre_stop(story, WEB, 5000);
    (void)story_started(story, "B", true);
    second = story_pre_stop(story, WEB, 6000);
    story_assert_broken(story, STOP_RULE_PRE_STOP_TWICE, first, second);

    story = with_pre_stop();
    first = story_pre_stop_over(story, WEB);
    second = story_pre_stop(story, WEB, 6000);
    story_assert_broken(story, STOP_RULE_PRE_STOP_ENDED_FIRST, first, second);

    story = with_pre_stop();
    (void)story_pre_stop(story, WEB, 5000);
    (void)story_pre_stop_over(story, WEB);
    first = story_signal(story, WEB, 6000, false);
    (void)story_started(story, "B", true);
    second = story_pre_stop(story, WEB, 7000);
    story_assert_broken(story, STOP_RULE_PRE_STOP_LATE, first, second);
}

/* A grace that ran out, and then a signal after all. */
static void test_a_signal_after_sigkill(void **state)
{
    (void)state;
    struct story *story = accepted(0);
    int64_t kill = story_kill(story, WEB, 5000);
    int64_t signal = story_signal(story, WEB, 6000, false);
    story_assert_broken(story, STOP_RULE_IMPOSSIBLE, kill, signal);
}

static void test_what_a_finding_says(void **state)
{
    (void)state;
    char text[512] = "";
    const struct stop_finding finding = {.rule = STOP_RULE_SECOND_SIGNAL,
                                         .key = "prod/t1",
                                         .host = "h1",
                                         .container = "web",
                                         .run = {"0123456789abcdef", 7},
                                         .partition = 3,
                                         .first = {11, "SignalSent"},
                                         .second = {14, "SignalSent"}};
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    stop_finding_print(&finding, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text,
                        "broken: prod/t1, container web (0123456789ab), host h1, partition 3: "
                        "SignalSent at 14 after SignalSent at 11, but a run gets one stop "
                        "signal, or one SignalSent of it says maybe_repeated (I2)\n");
}

static int add(struct stop_history *history, enum event_type type, const char *id)
{
    static const struct task nothing;
    const struct planned_run planned = {.container_id = "c", .grace_ms = 1000};
    const char *requests[] = {"r1"};
    struct error err = {0};
    struct event event = {.type = type, .id = id, .cluster = "prod", .task = "t1", .host = "h1"};
    struct planned_run plan[] = {planned};
    if (type == EVENT_STOP_ACCEPTED) {
        event.stop_accepted.requests = (struct text_list){requests, 1};
        event.stop_accepted.plan.items = plan;
        event.stop_accepted.plan.count = 1;
    } else if (type == EVENT_SIGNAL_SENT) {
        event.signal_sent = (struct event_signal_sent){.run = {"c", 0}, .boot_id = "b"};
    }
    int status =
        stop_history_add(history, &nothing, &event, &(struct stop_place){.offset = 1}, &err);
    assert_true(status == 0 || err.code == ERROR_NO_MEMORY);
    return status;
}

static void test_memory_that_runs_out_is_said(void **state)
{
    (void)state;
    struct stop_history history = {0};
    int failed = 0;
    FAIL_EACH_ALLOCATION(
        history = (struct stop_history){0},
        failed +=
        add(&history, EVENT_WORKER_STARTED, "e0") + add(&history, EVENT_STOP_REQUESTED, "r1") +
        add(&history, EVENT_STOP_ACCEPTED, "e1") + add(&history, EVENT_SIGNAL_SENT, "e2") +
        add(&history, EVENT_SIGNAL_SENT, "e3") + add(&history, EVENT_TASK_STOPPED, "e4"),
        stop_history_release(&history));
    assert_true(failed < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_second_signal),
        cmocka_unit_test(test_a_second_signal_by_the_next_worker),
        cmocka_unit_test(test_sigkill_before_the_deadline),
        cmocka_unit_test(test_sigkill_before_the_deadline_after_a_restart),
        cmocka_unit_test(test_sigkill_before_a_lengthened_grace),
        cmocka_unit_test(test_sigkill_too_soon_in_another_boot),
        cmocka_unit_test(test_sigkill_too_soon_by_the_wall_clock),
        cmocka_unit_test(test_sigkill_before_the_deadline_of_a_pre_stop_command),
        cmocka_unit_test(test_sigkill_without_a_signal),
        cmocka_unit_test(test_a_signal_after_the_exit),
        cmocka_unit_test(test_sigkill_after_the_exit),
        cmocka_unit_test(test_a_signal_after_the_end),
        cmocka_unit_test(test_the_wrong_order),
        cmocka_unit_test(test_the_wrong_order_after_a_pre_stop_command),
        cmocka_unit_test(test_the_wrong_order_by_force),
        cmocka_unit_test(test_a_stop_that_nobody_asked_for),
        cmocka_unit_test(test_a_signal_without_a_plan),
        cmocka_unit_test(test_an_end_without_a_plan),
        cmocka_unit_test(test_an_end_that_does_not_cover_the_plan),
        cmocka_unit_test(test_a_second_end),
        cmocka_unit_test(test_an_end_whose_repetition_covers_the_plan),
        cmocka_unit_test(test_a_plan_whose_repetition_names_other_runs),
        cmocka_unit_test(test_an_end_with_another_exit_code),
        cmocka_unit_test(test_a_second_exit_with_another_code),
        cmocka_unit_test(test_a_second_exit_of_one_worker),
        cmocka_unit_test(test_pre_stop_commands),
        cmocka_unit_test(test_a_signal_after_sigkill),
        cmocka_unit_test(test_what_a_finding_says),
        cmocka_unit_test(test_memory_that_runs_out_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
