/* Rows of the table that no promise hangs on: what they do is done late without them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/domain/stop_script.h"

/* ---- ways to a state ---- */

static void waiting(struct script *s)
{
    begin(s, 3000);
    on(s, STOP_ON_START);
    assert_state(s, STOP_WAITING);
}

static void draining(struct script *s)
{
    begin(s, 3000);
    s->run.drain_delay_ms = 500;
    on(s, STOP_ON_START);
    on(s, STOP_ON_RELEASED);
    assert_state(s, STOP_DRAINING);
}

static void checking(struct script *s)
{
    waiting(s);
    on(s, STOP_ON_RELEASED);
    assert_state(s, STOP_CHECKING);
}

static void signalling(struct script *s)
{
    checking(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_state(s, STOP_SIGNALLING);
}

static void starting(struct script *s)
{
    begin(s, 3000);
    s->run.pre_stop_left = true;
    on(s, STOP_ON_START);
    on(s, STOP_ON_RELEASED);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_state(s, STOP_STARTING);
}

static void refused(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_REFUSED);
    assert_state(s, STOP_SIGNAL_BACKOFF);
}

static void deadline_check(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_SENT);
    s->now += 3000 - STOP_CHECK_LEAD_MS;
    on(s, STOP_ON_TIMER);
    assert_state(s, STOP_DEADLINE_CHECK);
}

static void kill_check(struct script *s)
{
    begin(s, 3000);
    s->run.kill_intents = 1;
    on(s, STOP_ON_START);
    assert_state(s, STOP_KILL_CHECK);
}

static void hinted_signalling(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_EXIT_HINT);
}

static void hinted_starting(struct script *s)
{
    starting(s);
    on(s, STOP_ON_EXIT_HINT);
}

static void forced_checking(struct script *s)
{
    checking(s);
    s->run.grace_ms = 0;
}

static void pre_stop(struct script *s)
{
    starting(s);
    on(s, STOP_ON_PRE_STOP_STARTED);
    on(s, STOP_ON_TIMER);
    assert_state(s, STOP_PRE_STOP);
}

static void looking(struct script *s)
{
    pre_stop(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_does(s, STOP_ACTION_LOOK);
}

static void overdue_checking(struct script *s)
{
    looking(s);
    on(s, STOP_ON_PRE_STOP_OVER);
    s->now += 3000;
    assert_state(s, STOP_CHECKING);
}

static void settling(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_NO_ANSWER);
    assert_state(s, STOP_SETTLING);
}

static void asked(struct script *s)
{
    settling(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_does(s, STOP_ACTION_ASK_HISTORY);
}

/* ---- rows ---- */

static void stop_engine_looks_into_a_hint_until_the_engine_answers(void **state)
{
    (void)state;
    struct script s;
    waiting(&s);
    on(&s, STOP_ON_EXIT_HINT);
    assert_does(&s, STOP_ACTION_INSPECT);
    on(&s, STOP_ON_INSPECT_FAILED);
    assert_int_equal(action_of(&s, STOP_ACTION_ARM)->at_boot_ms, s.now + STOP_BACKOFF_FIRST_MS);
    on(&s, STOP_ON_HELD);
    assert_int_equal(action_of(&s, STOP_ACTION_ARM)->at_boot_ms, s.now + STOP_HOLD_MS);
    on(&s, STOP_ON_TIMER);
    assert_does(&s, STOP_ACTION_INSPECT);
    on(&s, STOP_ON_INSPECTED_ENDED);
    assert_does(&s, STOP_ACTION_RECORD_EXIT);
}

static void stop_engine_goes_on_with_a_pre_stop_command_that_the_log_shows(void **state)
{
    (void)state;
    static void (*const ways[])(struct script *) = {waiting, draining, checking};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        ways[i](&s);
        feed(&s,
             &(struct stop_input){.event = STOP_ON_LOG_PRE_STOPPED, .at_boot_ms = s.now - 1000});
        assert_state(&s, STOP_PRE_STOP);
        assert_does(&s, STOP_ACTION_INSPECT);
        assert_int_equal(stop_run_deadline(&s.run), s.now + 2000);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_LOOK);
        on(&s, STOP_ON_PRE_STOP_OVER);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_SIGNAL);
    }
}

static void log_shows_a_signal(struct script *s, int64_t sent_at)
{
    feed(s, &(struct stop_input){.event = STOP_ON_LOG_SIGNALLED, .at_boot_ms = sent_at});
}

static void assert_counts_from_the_log(struct script *s, int64_t sent_at)
{
    assert_state(s, STOP_GRACE);
    assert_does(s, STOP_ACTION_INSPECT);
    assert_int_equal(action_of(s, STOP_ACTION_ARM)->at_boot_ms,
                     sent_at + 3000 - STOP_CHECK_LEAD_MS);
    assert_does_not(s, STOP_ACTION_RECORD_SIGNAL);
}

static void stop_engine_sends_no_signal_that_the_log_shows(void **state)
{
    (void)state;
    static void (*const ways[])(struct script *) = {waiting, draining, checking, refused};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        ways[i](&s);
        int64_t sent_at = s.now - 1000;
        log_shows_a_signal(&s, sent_at);
        assert_counts_from_the_log(&s, sent_at);
    }
}

static void stop_engine_takes_the_signal_of_the_log_for_the_one_that_is_out(void **state)
{
    (void)state;
    static const enum stop_event answers[] = {STOP_ON_SENT, STOP_ON_NOT_RUNNING, STOP_ON_REFUSED,
                                              STOP_ON_NO_ANSWER};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct script s;
        signalling(&s);
        int64_t sent_at = s.now - 1000;
        log_shows_a_signal(&s, sent_at);
        assert_state(&s, STOP_SIGNALLING);
        on(&s, answers[i]);
        assert_counts_from_the_log(&s, sent_at);
    }
}

static void stop_engine_takes_the_signal_of_the_log_for_the_one_that_is_asked_for(void **state)
{
    (void)state;
    static const enum stop_event answers[] = {STOP_ON_HISTORY_SENT, STOP_ON_HISTORY_NOT_SENT,
                                              STOP_ON_HISTORY_UNKNOWN};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct script s;
        asked(&s);
        int64_t sent_at = s.now - 1000;
        log_shows_a_signal(&s, sent_at);
        on(&s, answers[i]);
        assert_counts_from_the_log(&s, sent_at);
    }
}

/** What became of the command is recorded even so. */
static void stop_engine_sends_no_signal_after_a_command_when_the_log_shows_one(void **state)
{
    (void)state;
    struct script s;
    starting(&s);
    log_shows_a_signal(&s, s.now - 1000);
    on(&s, STOP_ON_PRE_STOP_STARTED);
    assert_state(&s, STOP_GRACE);
    assert_does(&s, STOP_ACTION_RECORD_PRE_STOP);
    assert_does(&s, STOP_ACTION_INSPECT);
    assert_does(&s, STOP_ACTION_ARM);
    starting(&s);
    log_shows_a_signal(&s, s.now - 1000);
    on(&s, STOP_ON_PRE_STOP_FAILED);
    assert_does(&s, STOP_ACTION_RECORD_PRE_STOP_END);
    assert_counts_from_the_log(&s, s.now - 1000);
}

static void stop_engine_sends_no_signal_during_a_command_when_the_log_shows_one(void **state)
{
    (void)state;
    static const enum stop_event answers[] = {STOP_ON_PRE_STOP_RUNS, STOP_ON_PRE_STOP_OVER,
                                              STOP_ON_PRE_STOP_UNSEEN};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct script s;
        looking(&s);
        log_shows_a_signal(&s, s.now);
        on(&s, answers[i]);
        assert_counts_from_the_log(&s, s.now);
        assert_int_equal(action_of(&s, STOP_ACTION_RECORD_PRE_STOP_END) != NULL,
                         answers[i] == STOP_ON_PRE_STOP_OVER);
    }
    struct script s;
    starting(&s);
    on(&s, STOP_ON_PRE_STOP_STARTED);
    log_shows_a_signal(&s, s.now);
    assert_counts_from_the_log(&s, s.now);
}

static void stop_engine_is_stuck_when_it_cannot_inspect(void **state)
{
    (void)state;
    static void (*const ways[])(struct script *) = {checking, deadline_check, kill_check};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        ways[i](&s);
        for (int n = 1; n <= STOP_TRIES_TO_STUCK; n++) {
            on(&s, STOP_ON_INSPECT_FAILED);
            assert_int_equal(action_of(&s, STOP_ACTION_RECORD_STUCK) != NULL,
                             n == STOP_TRIES_TO_STUCK);
            assert_int_equal(action_of(&s, STOP_ACTION_ARM)->at_boot_ms,
                             s.now + (STOP_BACKOFF_FIRST_MS << (n - 1)));
            if (n < STOP_TRIES_TO_STUCK) {
                on(&s, STOP_ON_TIMER);
            }
        }
        assert_int_equal(action_of(&s, STOP_ACTION_RECORD_STUCK)->problem,
                         STOP_PROBLEM_NO_INSPECTION);
    }
}

/** Failures count in a row: what goes right begins them anew. */
static void stop_engine_forgets_failures_when_it_comes_on(void **state)
{
    (void)state;
    static const struct {
        void (*way)(struct script *);
        enum stop_event event;
    } rows[] = {{forced_checking, STOP_ON_INSPECTED_RUNNING},
                {overdue_checking, STOP_ON_INSPECTED_RUNNING},
                {starting, STOP_ON_PRE_STOP_STARTED},
                {hinted_starting, STOP_ON_PRE_STOP_STARTED},
                {looking, STOP_ON_PRE_STOP_RUNS},
                {signalling, STOP_ON_SENT},
                {hinted_signalling, STOP_ON_SENT},
                {asked, STOP_ON_HISTORY_SENT},
                {deadline_check, STOP_ON_INSPECTED_RUNNING}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script s;
        rows[i].way(&s);
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
    static void (*const ways[])(struct script *) = {checking, pre_stop, settling, deadline_check};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        ways[i](&s);
        on(&s, STOP_ON_INSPECT_FAILED);
        assert_does(&s, STOP_ACTION_ARM);
        on(&s, STOP_ON_EXIT_HINT);
        assert_does(&s, STOP_ACTION_INSPECT);
        assert_does(&s, STOP_ACTION_DISARM);
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
        checking(&s);
        for (int n = 1; n <= STOP_TRIES_TO_STUCK; n++) {
            on(&s, STOP_ON_INSPECTED_RUNNING);
            on(&s, rows[i].answer);
            assert_int_equal(action_of(&s, STOP_ACTION_RECORD_STUCK) != NULL,
                             n == STOP_TRIES_TO_STUCK);
            if (n < STOP_TRIES_TO_STUCK) {
                on(&s, STOP_ON_TIMER);
            }
        }
        assert_int_equal(action_of(&s, STOP_ACTION_RECORD_STUCK)->problem, rows[i].problem);
        on(&s, STOP_ON_TIMER);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        on(&s, STOP_ON_SENT);
        assert_int_equal(s.run.failures, 0);
        assert_int_equal(s.run.tries, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_engine_looks_into_a_hint_until_the_engine_answers),
        cmocka_unit_test(stop_engine_goes_on_with_a_pre_stop_command_that_the_log_shows),
        cmocka_unit_test(stop_engine_sends_no_signal_that_the_log_shows),
        cmocka_unit_test(stop_engine_takes_the_signal_of_the_log_for_the_one_that_is_out),
        cmocka_unit_test(stop_engine_takes_the_signal_of_the_log_for_the_one_that_is_asked_for),
        cmocka_unit_test(stop_engine_sends_no_signal_after_a_command_when_the_log_shows_one),
        cmocka_unit_test(stop_engine_sends_no_signal_during_a_command_when_the_log_shows_one),
        cmocka_unit_test(stop_engine_is_stuck_when_it_cannot_inspect),
        cmocka_unit_test(stop_engine_forgets_failures_when_it_comes_on),
        cmocka_unit_test(stop_engine_looks_at_once_when_a_hint_comes_in_a_back_off),
        cmocka_unit_test(stop_engine_names_what_the_signal_came_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
