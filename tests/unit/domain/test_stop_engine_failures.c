/* Calls that fail, and what a restarted worker goes on with. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/domain/stop_ways.h"

/* ---- calls that fail ---- */

static void stop_engine_settles_a_call_without_an_answer_by_history(void **state)
{
    (void)state;
    struct script s;
    go(&s, &asked);
    int64_t sent_at = s.now - 40;
    feed(&s,
         &(struct stop_input){.event = STOP_ON_HISTORY_SENT, .at_boot_ms = sent_at, .times = 1});
    const struct stop_action *record = action_of(&s, STOP_ACTION_RECORD_SIGNAL);
    assert_int_equal(record->at_boot_ms, sent_at);
    assert_false(record->maybe_repeated);
    assert_int_equal(stop_run_deadline(&s.run), sent_at + 3000);
}

static void stop_engine_unsettled_intent_is_signalled_as_maybe_repeated(void **state)
{
    (void)state;
    static const enum stop_event answers[] = {STOP_ON_HISTORY_UNKNOWN, STOP_ON_HISTORY_NOT_SENT};
    for (size_t i = 0; i < 2; i++) {
        struct script s;
        begin(&s, 3000);
        s.run.intents = 1;
        s.run.intended = true;
        play(&s, STOP_ON_START, STOP_ON_RELEASED);
        assert_state(&s, STOP_SETTLING);
        play(&s, STOP_ON_INSPECTED_RUNNING, answers[i], STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_SIGNAL);
        s.now += 10;
        on(&s, STOP_ON_SENT);
        assert_true(action_of(&s, STOP_ACTION_RECORD_SIGNAL)->maybe_repeated);
        assert_int_equal(stop_run_deadline(&s.run), s.now + 3000);
    }
}

static void stop_engine_lost_journal_makes_the_signal_maybe_repeated(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 3000);
    s.run.intended = true;
    s.run.maybe_repeated = true;
    play(&s, STOP_ON_START, STOP_ON_RELEASED, STOP_ON_INSPECTED_RUNNING);
    feed(&s, &(struct stop_input){.event = STOP_ON_HISTORY_SENT, .at_boot_ms = s.now, .times = 1});
    assert_true(action_of(&s, STOP_ACTION_RECORD_SIGNAL)->maybe_repeated);
}

static void stop_engine_engine_away_keeps_an_intent_unsettled(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 3000);
    s.run.intents = 1;
    s.run.intended = true;
    play(&s, STOP_ON_START, STOP_ON_RELEASED);
    for (int i = 0; i < 8; i++) {
        on(&s, STOP_ON_INSPECT_FAILED);
        assert_does_not(&s, STOP_ACTION_ASK_HISTORY);
        assert_int_equal(does(&s, STOP_ACTION_RECORD_STUCK), i >= 2);
        int64_t delay = armed_at(&s) - s.now;
        assert_int_equal(delay, i >= 5 ? 30000 : 1000 << i);
        s.now += delay;
        on(&s, STOP_ON_TIMER);
        assert_does(&s, STOP_ACTION_INSPECT);
    }
}

/** What failed was the engine, not the signal. */
static void stop_engine_does_not_let_a_signal_wait_for_an_engine_that_is_back(void **state)
{
    (void)state;
    struct script s;
    go(&s, &settling);
    for (int i = 0; i < 6; i++) {
        on(&s, STOP_ON_INSPECT_FAILED);
        s.now = armed_at(&s);
        on(&s, STOP_ON_TIMER);
    }
    on(&s, STOP_ON_INSPECTED_RUNNING);
    on(&s, STOP_ON_HISTORY_NOT_SENT);
    assert_state(&s, STOP_CHECKING);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_does(&s, STOP_ACTION_SIGNAL);
}

/** Looks that failed long ago, and went well since, do not hold SIGKILL back by their back-off. */
static void stop_engine_does_not_let_sigkill_wait_for_an_outage_that_is_over(void **state)
{
    (void)state;
    struct script s;
    go(&s, &signalling);
    s.run.grace_ms = 120000;
    on(&s, STOP_ON_SENT);
    for (int i = 0; i < 6; i++) {
        on(&s, STOP_ON_INSPECT_FAILED);
        s.now = armed_at(&s);
        on(&s, STOP_ON_TIMER);
        assert_state(&s, STOP_GRACE);
    }
    on(&s, STOP_ON_INSPECTED_RUNNING);
    s.now = stop_run_deadline(&s.run) - STOP_CHECK_LEAD_MS;
    on(&s, STOP_ON_TIMER);
    assert_state(&s, STOP_DEADLINE_CHECK);
    on(&s, STOP_ON_INSPECT_FAILED);
    assert_int_equal(armed_at(&s), s.now + STOP_BACKOFF_FIRST_MS);
}

static void stop_engine_refused_signal_backs_off_and_becomes_stuck(void **state)
{
    (void)state;
    struct script s;
    go(&s, &checking);
    for (int i = 0; i < 4; i++) {
        on(&s, STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_SIGNAL);
        on(&s, STOP_ON_REFUSED);
        assert_state(&s, STOP_SIGNAL_BACKOFF);
        assert_int_equal(does(&s, STOP_ACTION_RECORD_STUCK), i >= 2);
        if (i >= 2) {
            assert_stuck(&s, STOP_PROBLEM_SIGNAL_REFUSED);
        }
        on(&s, STOP_ON_TIMER);
    }
    on(&s, STOP_ON_INSPECTED_RUNNING);
    on(&s, STOP_ON_SENT);
    assert_true(action_of(&s, STOP_ACTION_RECORD_SIGNAL)->maybe_repeated);
    assert_int_equal(s.run.failures, 0);
}

static void stop_engine_unanswered_signal_backs_off_from_the_second_time_on(void **state)
{
    (void)state;
    struct script s;
    go(&s, &checking);
    for (int i = 0; i < 4; i++) {
        on(&s, STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_SIGNAL);
        on(&s, STOP_ON_NO_ANSWER);
        assert_int_equal(does(&s, STOP_ACTION_RECORD_STUCK), i >= 2);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        on(&s, STOP_ON_HISTORY_NOT_SENT);
        assert_state(&s, i == 0 ? STOP_CHECKING : STOP_SIGNAL_BACKOFF);
        if (i > 0) {
            on(&s, STOP_ON_TIMER);
        }
    }
}

static void stop_engine_run_that_will_not_die_is_stuck_after_three_kills(void **state)
{
    (void)state;
    static const struct {
        enum stop_event answer;
        enum stop_problem problem;
    } kills[] = {{STOP_ON_SENT, STOP_PROBLEM_NONE},
                 {STOP_ON_SENT, STOP_PROBLEM_NONE},
                 {STOP_ON_SENT, STOP_PROBLEM_KILL_SURVIVED},
                 {STOP_ON_REFUSED, STOP_PROBLEM_KILL_REFUSED},
                 {STOP_ON_NO_ANSWER, STOP_PROBLEM_KILL_UNANSWERED},
                 {STOP_ON_NOT_RUNNING, STOP_PROBLEM_KILL_POINTLESS}};
    struct script s;
    begin(&s, 0);
    play(&s, STOP_ON_START, STOP_ON_RELEASED, STOP_ON_INSPECTED_RUNNING);
    for (size_t i = 0; i < sizeof kills / sizeof kills[0]; i++) {
        on(&s, kills[i].answer);
        assert_state(&s, STOP_KILLED);
        if (s.actions.items[s.actions.count - 1].kind == STOP_ACTION_INSPECT) {
            on(&s, STOP_ON_INSPECTED_RUNNING);
        }
        on(&s, STOP_ON_TIMER);
        assert_state(&s, STOP_KILL_CHECK);
        on(&s, STOP_ON_INSPECTED_RUNNING);
        assert_does(&s, STOP_ACTION_KILL);
        assert_int_equal(does(&s, STOP_ACTION_RECORD_STUCK), kills[i].problem != STOP_PROBLEM_NONE);
        if (kills[i].problem != STOP_PROBLEM_NONE) {
            assert_stuck(&s, kills[i].problem);
        }
    }
}

/* ---- after a restart of the worker ---- */

static void stop_engine_restart_goes_on_with_the_remaining_grace(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 30000);
    s.run.signalled = true;
    s.run.signalled_boot_ms = s.now - 25000;
    s.run.intents = 1;
    on(&s, STOP_ON_START);
    assert_state(&s, STOP_GRACE);
    assert_does(&s, STOP_ACTION_INSPECT);
    assert_does_not(&s, STOP_ACTION_SIGNAL);
    assert_int_equal(armed_at(&s), s.now + 5000 - STOP_CHECK_LEAD_MS);
}

static void stop_engine_restart_after_kill_intent_looks_and_kills_again(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 60000);
    s.run.signalled = true;
    s.run.signalled_boot_ms = s.now;
    s.run.kill_intents = 1;
    on(&s, STOP_ON_START);
    assert_state(&s, STOP_KILL_CHECK);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_does(&s, STOP_ACTION_KILL);
    assert_does_not(&s, STOP_ACTION_RECORD_STUCK);
    on(&s, STOP_ON_SENT);
    assert_true(action_of(&s, STOP_ACTION_RECORD_KILL)->maybe_repeated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_engine_settles_a_call_without_an_answer_by_history),
        cmocka_unit_test(stop_engine_unsettled_intent_is_signalled_as_maybe_repeated),
        cmocka_unit_test(stop_engine_lost_journal_makes_the_signal_maybe_repeated),
        cmocka_unit_test(stop_engine_engine_away_keeps_an_intent_unsettled),
        cmocka_unit_test(stop_engine_does_not_let_a_signal_wait_for_an_engine_that_is_back),
        cmocka_unit_test(stop_engine_does_not_let_sigkill_wait_for_an_outage_that_is_over),
        cmocka_unit_test(stop_engine_refused_signal_backs_off_and_becomes_stuck),
        cmocka_unit_test(stop_engine_unanswered_signal_backs_off_from_the_second_time_on),
        cmocka_unit_test(stop_engine_run_that_will_not_die_is_stuck_after_three_kills),
        cmocka_unit_test(stop_engine_restart_goes_on_with_the_remaining_grace),
        cmocka_unit_test(stop_engine_restart_after_kill_intent_looks_and_kills_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
