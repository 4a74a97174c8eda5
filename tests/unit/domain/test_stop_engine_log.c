/* What an older incarnation did and the log shows only once the stop goes on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/domain/stop_ways.h"

static void log_shows_a_signal(struct script *s, int64_t sent_at)
{
    feed(s, &(struct stop_input){.event = STOP_ON_LOG_SIGNALLED, .at_boot_ms = sent_at});
}

static void assert_counts_from_the_log(struct script *s, int64_t sent_at)
{
    assert_state(s, STOP_GRACE);
    assert_does(s, STOP_ACTION_INSPECT);
    assert_int_equal(armed_at(s), sent_at + 3000 - STOP_CHECK_LEAD_MS);
    assert_does_not(s, STOP_ACTION_RECORD_SIGNAL);
}

static void stop_engine_goes_on_with_a_pre_stop_command_that_the_log_shows(void **state)
{
    (void)state;
    static const struct way *const ways[] = {&waiting, &draining, &checking, &refused};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        go(&s, ways[i]);
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

static void stop_engine_sends_no_signal_that_the_log_shows(void **state)
{
    (void)state;
    static const struct way *const ways[] = {&waiting, &draining, &checking, &refused};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct script s;
        go(&s, ways[i]);
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
        go(&s, &signalling);
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
        go(&s, &asked);
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
    go(&s, &starting);
    log_shows_a_signal(&s, s.now - 1000);
    on(&s, STOP_ON_PRE_STOP_STARTED);
    assert_state(&s, STOP_GRACE);
    assert_does(&s, STOP_ACTION_RECORD_PRE_STOP);
    assert_does(&s, STOP_ACTION_INSPECT);
    assert_does(&s, STOP_ACTION_ARM);
    go(&s, &starting);
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
        go(&s, &looking);
        log_shows_a_signal(&s, s.now);
        on(&s, answers[i]);
        assert_counts_from_the_log(&s, s.now);
        assert_int_equal(does(&s, STOP_ACTION_RECORD_PRE_STOP_END),
                         answers[i] == STOP_ON_PRE_STOP_OVER);
    }
    struct script s;
    go(&s, &starting);
    on(&s, STOP_ON_PRE_STOP_STARTED);
    log_shows_a_signal(&s, s.now);
    assert_counts_from_the_log(&s, s.now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_engine_goes_on_with_a_pre_stop_command_that_the_log_shows),
        cmocka_unit_test(stop_engine_sends_no_signal_that_the_log_shows),
        cmocka_unit_test(stop_engine_takes_the_signal_of_the_log_for_the_one_that_is_out),
        cmocka_unit_test(stop_engine_takes_the_signal_of_the_log_for_the_one_that_is_asked_for),
        cmocka_unit_test(stop_engine_sends_no_signal_after_a_command_when_the_log_shows_one),
        cmocka_unit_test(stop_engine_sends_no_signal_during_a_command_when_the_log_shows_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
