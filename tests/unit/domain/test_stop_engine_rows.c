/* Rows of the table that no promise hangs on: what they do is done late without them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/domain/stop_ways.h"

static void stop_engine_looks_into_a_hint_until_the_engine_answers(void **state)
{
    (void)state;
    struct script s;
    go(&s, &waiting);
    on(&s, STOP_ON_EXIT_HINT);
    assert_does(&s, STOP_ACTION_INSPECT);
    on(&s, STOP_ON_INSPECT_FAILED);
    assert_int_equal(armed_at(&s), s.now + STOP_BACKOFF_FIRST_MS);
    on(&s, STOP_ON_HELD);
    assert_int_equal(armed_at(&s), s.now + STOP_HOLD_MS);
    on(&s, STOP_ON_TIMER);
    assert_does(&s, STOP_ACTION_INSPECT);
    on(&s, STOP_ON_INSPECTED_ENDED);
    assert_does(&s, STOP_ACTION_RECORD_EXIT);
}

static void stop_engine_is_stuck_when_it_cannot_inspect(void **state)
{
    (void)state;
    static const struct way *const ways[] = {&checking, &deadline_check, &kill_check};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        go(&s, ways[i]);
        for (int n = 1; n <= STOP_TRIES_TO_STUCK; n++) {
            on(&s, STOP_ON_INSPECT_FAILED);
            assert_int_equal(does(&s, STOP_ACTION_RECORD_STUCK), n == STOP_TRIES_TO_STUCK);
            assert_int_equal(armed_at(&s), s.now + (STOP_BACKOFF_FIRST_MS << (n - 1)));
            if (n < STOP_TRIES_TO_STUCK) {
                on(&s, STOP_ON_TIMER);
            }
        }
        assert_stuck(&s, STOP_PROBLEM_NO_INSPECTION);
    }
}

/** Failures count in a row: what goes right begins them anew. */
static void stop_engine_forgets_failures_when_it_comes_on(void **state)
{
    (void)state;
    static const struct {
        const struct way *way;
        enum stop_event event;
    } rows[] = {{&waiting, STOP_ON_INSPECTED_RUNNING},
                {&draining, STOP_ON_INSPECTED_RUNNING},
                {&grace, STOP_ON_INSPECTED_RUNNING},
                {&forced_checking, STOP_ON_INSPECTED_RUNNING},
                {&overdue_checking, STOP_ON_INSPECTED_RUNNING},
                {&starting, STOP_ON_PRE_STOP_STARTED},
                {&hinted_starting, STOP_ON_PRE_STOP_STARTED},
                {&looking, STOP_ON_PRE_STOP_RUNS},
                {&signalling, STOP_ON_SENT},
                {&hinted_signalling, STOP_ON_SENT},
                {&asked, STOP_ON_HISTORY_SENT},
                {&deadline_check, STOP_ON_INSPECTED_RUNNING},
                {&overdue_deadline_check, STOP_ON_INSPECTED_RUNNING}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script s;
        go(&s, rows[i].way);
        s.run.failures = 2;
        s.run.tries = 3;
        on(&s, rows[i].event);
        assert_int_equal(s.run.failures, 0);
        assert_int_equal(s.run.tries, 0);
    }
}

static void stop_engine_looks_at_once_when_a_hint_comes_in_a_back_off(void **state)
{
    (void)state;
    static const struct way *const ways[] = {&checking, &pre_stop, &settling, &deadline_check};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        go(&s, ways[i]);
        on(&s, STOP_ON_INSPECT_FAILED);
        assert_does(&s, STOP_ACTION_ARM);
        on(&s, STOP_ON_EXIT_HINT);
        assert_does(&s, STOP_ACTION_INSPECT);
        assert_does(&s, STOP_ACTION_DISARM);
    }
}

static void stop_engine_looks_again_soon_in_the_grace(void **state)
{
    (void)state;
    struct script s;
    go(&s, &signalling);
    s.run.grace_ms = 60000;
    on(&s, STOP_ON_SENT);
    on(&s, STOP_ON_INSPECT_FAILED);
    assert_int_equal(armed_at(&s), s.now + STOP_BACKOFF_FIRST_MS);
    feed(&s, &(struct stop_input){.event = STOP_ON_LOG_PRE_STOPPED, .at_boot_ms = s.now - 59000});
    assert_int_equal(armed_at(&s), s.now + 1000 - STOP_CHECK_LEAD_MS);
}

/** Back to what ran before the deadline came near: it may go on. */
static void stop_engine_waits_for_a_request_near_the_deadline(void **state)
{
    (void)state;
    static const struct {
        const struct way *way;
        enum stop_state back;
    } rows[] = {{&deadline_check, STOP_GRACE},
                {&due, STOP_GRACE},
                {&deadline_check_of_command, STOP_PRE_STOP},
                {&due_of_command, STOP_PRE_STOP}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script s;
        go(&s, rows[i].way);
        on(&s, STOP_ON_HELD);
        assert_state(&s, rows[i].back);
        assert_int_equal(armed_at(&s), s.now + STOP_HOLD_MS);
        go(&s, rows[i].way);
        feed(&s, &(struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = 60000});
        assert_state(&s, rows[i].back);
        assert_does(&s, STOP_ACTION_ARM);
    }
}

static void stop_engine_names_what_the_signal_came_to(void **state)
{
    (void)state;
    static const struct {
        enum stop_event answer;
        enum stop_problem problem;
    } rows[] = {{STOP_ON_NOT_RUNNING, STOP_PROBLEM_SIGNAL_POINTLESS},
                {STOP_ON_REFUSED, STOP_PROBLEM_SIGNAL_REFUSED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script s;
        go(&s, &checking);
        for (int n = 1; n <= STOP_TRIES_TO_STUCK; n++) {
            on(&s, STOP_ON_INSPECTED_RUNNING);
            on(&s, rows[i].answer);
            assert_int_equal(does(&s, STOP_ACTION_RECORD_STUCK), n == STOP_TRIES_TO_STUCK);
            if (n < STOP_TRIES_TO_STUCK) {
                on(&s, STOP_ON_TIMER);
            }
        }
        assert_stuck(&s, rows[i].problem);
        on(&s, STOP_ON_TIMER);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        on(&s, STOP_ON_SENT);
        assert_int_equal(s.run.failures, 0);
        assert_int_equal(s.run.tries, 0);
    }
}

static void stop_engine_wants_the_proof_whatever_sigkill_came_to(void **state)
{
    (void)state;
    static const enum stop_event answers[] = {STOP_ON_SENT, STOP_ON_NOT_RUNNING, STOP_ON_REFUSED,
                                              STOP_ON_NO_ANSWER};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct script s;
        go(&s, &kill_check);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_KILL);
        on(&s, answers[i]);
        assert_state(&s, STOP_KILLED);
        assert_does(&s, STOP_ACTION_INSPECT);
        assert_does(&s, STOP_ACTION_ARM);
        assert_int_equal(does(&s, STOP_ACTION_RECORD_KILL), answers[i] == STOP_ON_SENT);
        on(&s, STOP_ON_EXIT_HINT);
        assert_does(&s, STOP_ACTION_INSPECT);
        on(&s, STOP_ON_TIMER);
        on(&s, STOP_ON_EXIT_HINT);
        assert_state(&s, STOP_KILL_CHECK);
        assert_does(&s, STOP_ACTION_INSPECT);
    }
}

/** Of several SIGKILLs the last one's answer is the reason. */
static void stop_engine_names_what_the_last_sigkill_came_to(void **state)
{
    (void)state;
    static const enum stop_event answers[] = {STOP_ON_SENT, STOP_ON_REFUSED, STOP_ON_SENT};
    struct script s;
    go(&s, &kill_check);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        on(&s, STOP_ON_INSPECTED_RUNNING);
        on(&s, answers[i]);
        assert_int_equal(does(&s, STOP_ACTION_RECORD_KILL), i == 0);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        on(&s, STOP_ON_TIMER);
    }
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_stuck(&s, STOP_PROBLEM_KILL_SURVIVED);
}

/** An inspection without an answer waits for its next try: a grace of 0 does not. */
static void stop_engine_looks_at_once_when_a_grace_ends_a_back_off(void **state)
{
    (void)state;
    static const struct way *const ways[] = {&checking, &deadline_check};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        go(&s, ways[i]);
        on(&s, STOP_ON_INSPECT_FAILED);
        assert_does(&s, STOP_ACTION_ARM);
        feed(&s, &(struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = 0});
        assert_does(&s, STOP_ACTION_INSPECT);
        assert_does(&s, STOP_ACTION_DISARM);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_KILL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_engine_looks_at_once_when_a_grace_ends_a_back_off),
        cmocka_unit_test(stop_engine_looks_into_a_hint_until_the_engine_answers),
        cmocka_unit_test(stop_engine_is_stuck_when_it_cannot_inspect),
        cmocka_unit_test(stop_engine_forgets_failures_when_it_comes_on),
        cmocka_unit_test(stop_engine_looks_at_once_when_a_hint_comes_in_a_back_off),
        cmocka_unit_test(stop_engine_looks_again_soon_in_the_grace),
        cmocka_unit_test(stop_engine_waits_for_a_request_near_the_deadline),
        cmocka_unit_test(stop_engine_names_what_the_signal_came_to),
        cmocka_unit_test(stop_engine_wants_the_proof_whatever_sigkill_came_to),
        cmocka_unit_test(stop_engine_names_what_the_last_sigkill_came_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
