/** Recorded stops that keep every promise, in all the ways in which a log can say so: the audit finds nothing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/reduce.h"
#include "tests/support/event_corpus.h"
#include "tests/unit/audit/stop_story.h"

static void test_a_stop_that_all_obey(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    story_all_obey(story, 5000);
    assert_int_equal(story->history.stops, 1);
    story_assert_fine(story);
}

static void test_sigkill_at_the_deadline(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_kill(story, WEB, 35000);
    (void)story_exited(story, WEB, 137);
    story_assert_fine(story);
}

static void test_a_stop_under_way_is_open(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_started(story, "B", true);
    story_assert_fine(story);
}

static void test_take_over_with_the_remaining_grace(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_started(story, "B", true);
    (void)story_kill(story, WEB, 35000);
    (void)story_started(story, "C", true);
    (void)story_exited(story, WEB, 137);
    (void)story_signal(story, APP, 40000, false);
    (void)story_exited(story, APP, 0);
    (void)story_signal(story, DB, 41000, false);
    (void)story_exited(story, DB, 0);
    (void)story_ended(story, EVENT_TASK_STOPPED, 3);
    story_assert_fine(story);
}

static void test_a_repeated_signal_that_is_said(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct story *story = story_begin();
        (void)story_accepted(story, NULL, 30000);
        (void)story_signal(story, WEB, 5000, which == 0);
        (void)story_started(story, "B", true);
        (void)story_signal(story, WEB, 6000, which == 1);
        (void)story_exited(story, WEB, 0);
        story_assert_fine(story);
    }
}

static void test_the_newest_grace_holds(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_requested(story, "r2");
    (void)story_accepted(story, "r2", 2000);
    (void)story_kill(story, WEB, 7000);
    story_assert_fine(story);

    story = story_begin();
    (void)story_accepted(story, NULL, 2000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_requested(story, "r2");
    (void)story_accepted(story, "r2", 60000);
    (void)story_kill(story, WEB, 65000);
    story_assert_fine(story);
}

static void test_a_forced_stop_needs_no_signal(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 0);
    (void)story_kill(story, WEB, 5000);
    (void)story_exited(story, WEB, 137);
    story_assert_fine(story);
}

static void test_a_pre_stop_command(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    (void)story_pre_stop(story, WEB, 5000);
    (void)story_started(story, "B", true);
    (void)story_pre_stop_over(story, WEB);
    (void)story_signal(story, WEB, 20000, false);
    (void)story_kill(story, WEB, 35000); /* the grace counts from the command's start */
    (void)story_exited(story, WEB, 137);
    story_assert_fine(story);

    story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    (void)story_pre_stop_over(story, WEB); /* it could not be started */
    (void)story_signal(story, WEB, 20000, false);
    (void)story_kill(story, WEB, 50000);
    story_assert_fine(story);
}

static void test_another_boot_has_another_clock(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000000, false);
    story->boot_id = "boot-2";
    (void)story_started(story, "B", true);
    (void)story_kill(story, WEB, 30500);
    story_assert_fine(story);
}

/* Neither knows what the other has not recorded yet (docs/reliability.md). */
static void test_two_workers_at_once(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_started(story, "B", true);
    story->by = "A";
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000, false);
    story->by = "B";
    (void)story_accepted(story, NULL, 2000);
    (void)story_signal(story, WEB, 4000, false);
    (void)story_exited(story, APP, 0);
    (void)story_kill(story, WEB, 6000);
    (void)story_exited(story, WEB, 137);
    story->by = "A";
    (void)story_signal(story, APP, 6500, false);
    (void)story_ended(story, EVENT_TASK_STOPPED, 3);
    story->by = "B";
    (void)story_ended(story, EVENT_TASK_STOPPED, 3);
    story_assert_fine(story);
}

/* The third acts by the journal of the second, which lacks what the log shows of the first. */
static void test_a_journal_that_was_lost(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_started(story, "B", false);
    (void)story_started(story, "C", true);
    (void)story_signal(story, WEB, 6000, false);
    story_assert_fine(story);
}

/* The second had read the log before Kafka had the signal of the first, and its own start came after that. */
static void test_a_signal_that_came_late_into_the_log(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->appended_after = 5;
    (void)story_accepted(story, NULL, 30000);
    story->appended_after = 60000;
    (void)story_signal(story, WEB, 5000, false);
    (void)story_started(story, "B", false);
    (void)story_signal(story, WEB, 6000, false);
    story_assert_fine(story);
}

/* It proves once more what an old journal does not show as ended. */
static void test_an_end_that_is_proven_again(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    story_all_obey(story, 5000);
    (void)story_started(story, "B", true);
    (void)story_exited(story, WEB, 0);
    (void)story_ended(story, EVENT_TASK_STOPPED, 3);
    story_assert_fine(story);
}

/* A plan that its writer did not know of: the reducer ignores that end, and the stop goes on to another. */
static void test_an_end_that_is_made_good(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_ended(story, EVENT_TASK_STOPPED, 2);
    (void)story_ended(story, EVENT_TASK_STOPPED, 3);
    story_assert_fine(story);
}

/* What Kafka refused comes after what it took, and both again. */
static void test_a_wrong_order_that_is_put_right(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->pre_stop = true;
    int64_t accepted = story_accepted(story, NULL, 30000);
    (void)story_pre_stop(story, WEB, 5000);
    int64_t signal = story_signal(story, WEB, 6000, false);
    int64_t over = story_pre_stop_over(story, WEB);
    story_again(story, signal);
    story_again(story, accepted);
    story_again(story, over);
    story_again(story, signal);
    story_assert_fine(story);
}

/* Kafka took the end of a pre-stop command before its start: the worker writes the end again. */
static void test_a_pre_stop_command_that_ends_first_in_the_log(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    int64_t over = story_pre_stop_over(story, WEB);
    (void)story_pre_stop(story, WEB, 5000);
    story_again(story, over);
    (void)story_signal(story, WEB, 6000, false);
    (void)story_kill(story, WEB, 35000);
    (void)story_exited(story, WEB, 137);
    story_assert_fine(story);
}

/* The plan that came later is the older one: the reducer keeps the grace of the newer. */
static void test_plans_in_the_wrong_order(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_requested(story, "r2");
    int64_t newer = story_accepted(story, "r2", 2000);
    (void)story_accepted(story, NULL, 30000);
    story_again(story, newer);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_kill(story, WEB, 7000);
    story_assert_fine(story);
}

/* … unless it never comes to that. */
static void test_a_wrong_order_whose_writer_lost_its_journal(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_exited(story, WEB, 0);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_started(story, "B", false);
    story_assert_fine(story);
}

/* The next start writes again what the power failure left of the journal: not the end. */
static void test_a_wrong_order_whose_writer_lost_its_journals_end(void **state)
{
    (void)state;
    struct story *story = story_begin();
    int64_t signal = story_signal(story, WEB, 5000, false);
    int64_t accepted = story_accepted(story, NULL, 30000);
    story_again(story, signal);
    (void)story_exited(story, WEB, 0);
    story_again(story, accepted);
    story_again(story, signal);
    story->boot_id = "boot-2";
    (void)story_started(story, "B", true);
    story_assert_fine(story);
}

static void test_a_log_that_was_written_twice(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    story_all_obey(story, 5000);
    int64_t count = story->offset;
    for (int64_t i = 0; i < count; i++) {
        story_again(story, i);
    }
    assert_int_equal(story->history.stops, 1);
    story_assert_fine(story);
}

static void test_two_hosts_of_one_task_are_not_judged(void **state)
{
    (void)state;
    struct story *story = story_begin();
    (void)story_accepted(story, NULL, 30000);
    (void)story_signal(story, WEB, 5000, false);
    (void)story_signal(story, WEB, 5001, false);
    story->host = "h2";
    (void)story_signal(story, WEB, 5002, false);
    story_assert_fine(story);
}

/* An older version planned pre-stop commands and ran none. */
static void test_a_pre_stop_command_of_an_older_version(void **state)
{
    (void)state;
    struct story *story = story_begin();
    story->pre_stop = true;
    (void)story_accepted(story, NULL, 30000);
    story_all_obey(story, 5000);
    story_assert_fine(story);
}

struct found {
    enum stop_rule rules[4];
    size_t count;
};

static void on_found(void *context, const struct stop_finding *finding)
{
    struct found *found = context;
    stop_finding_print(finding, stderr);
    assert_in_range(found->count, 0, 3);
    found->rules[found->count++] = finding->rule;
}

/* Its events are samples, with values that differ from field to field: three of them make no true history. */
static void test_the_committed_corpus(void **state)
{
    (void)state;
    static const enum stop_rule NO_HISTORY[] = {STOP_RULE_EARLY_KILL, STOP_RULE_UNASKED,
                                                STOP_RULE_ORDER};
    struct found found = {0};
    enum { TASKS = 8 };
    struct event_corpus corpus = event_corpus_read(".msgpack");
    struct stop_history history = {0};
    struct task folds[TASKS] = {0};
    for (size_t i = 0; i < corpus.count; i++) {
        struct event event;
        struct error err = {0};
        assert_int_equal(event_decode(buffer_span(&corpus.files[i]), &event, &err), 0);
        size_t at = 0;
        while (event.task != NULL && folds[at].id != NULL &&
               strcmp(folds[at].id, event.task) != 0) {
            assert_in_range(++at, 1, TASKS - 1);
        }
        const struct stop_place place = {.offset = (int64_t)i};
        assert_int_equal(stop_history_add(&history, &folds[at], &event, &place, &err), 0);
        assert_true(event.task == NULL || reduce(&folds[at], &event, NULL, &err) == 0);
        event_release(&event);
    }
    assert_int_equal(stop_history_report(&history, on_found, &found), 3);
    assert_memory_equal(found.rules, NO_HISTORY, sizeof NO_HISTORY);
    assert_in_range(history.stops, 2, TASKS);
    for (size_t i = 0; i < TASKS; i++) {
        task_release(&folds[i]);
    }
    stop_history_release(&history);
    event_corpus_release(&corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stop_that_all_obey),
        cmocka_unit_test(test_sigkill_at_the_deadline),
        cmocka_unit_test(test_a_stop_under_way_is_open),
        cmocka_unit_test(test_take_over_with_the_remaining_grace),
        cmocka_unit_test(test_a_repeated_signal_that_is_said),
        cmocka_unit_test(test_the_newest_grace_holds),
        cmocka_unit_test(test_a_forced_stop_needs_no_signal),
        cmocka_unit_test(test_a_pre_stop_command),
        cmocka_unit_test(test_another_boot_has_another_clock),
        cmocka_unit_test(test_two_workers_at_once),
        cmocka_unit_test(test_a_journal_that_was_lost),
        cmocka_unit_test(test_a_signal_that_came_late_into_the_log),
        cmocka_unit_test(test_an_end_that_is_proven_again),
        cmocka_unit_test(test_an_end_that_is_made_good),
        cmocka_unit_test(test_a_wrong_order_that_is_put_right),
        cmocka_unit_test(test_a_pre_stop_command_that_ends_first_in_the_log),
        cmocka_unit_test(test_plans_in_the_wrong_order),
        cmocka_unit_test(test_a_wrong_order_whose_writer_lost_its_journal),
        cmocka_unit_test(test_a_wrong_order_whose_writer_lost_its_journals_end),
        cmocka_unit_test(test_a_log_that_was_written_twice),
        cmocka_unit_test(test_two_hosts_of_one_task_are_not_judged),
        cmocka_unit_test(test_a_pre_stop_command_of_an_older_version),
        cmocka_unit_test(test_the_committed_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
