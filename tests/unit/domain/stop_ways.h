#ifndef TESTS_UNIT_DOMAIN_STOP_WAYS_H
#define TESTS_UNIT_DOMAIN_STOP_WAYS_H

/** Ways of a stop with a grace of 3 s to where a test begins. Include after cmocka.h. */

#include "tests/unit/domain/stop_script.h"

static inline void waiting(struct script *s)
{
    begin(s, 3000);
    on(s, STOP_ON_START);
    assert_state(s, STOP_WAITING);
}

static inline void draining(struct script *s)
{
    begin(s, 3000);
    s->run.drain_delay_ms = 500;
    on(s, STOP_ON_START);
    on(s, STOP_ON_RELEASED);
    assert_state(s, STOP_DRAINING);
}

static inline void checking(struct script *s)
{
    waiting(s);
    on(s, STOP_ON_RELEASED);
    assert_state(s, STOP_CHECKING);
}

static inline void signalling(struct script *s)
{
    checking(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_state(s, STOP_SIGNALLING);
}

static inline void starting(struct script *s)
{
    begin(s, 3000);
    s->run.pre_stop_left = true;
    on(s, STOP_ON_START);
    on(s, STOP_ON_RELEASED);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_state(s, STOP_STARTING);
}

static inline void refused(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_REFUSED);
    assert_state(s, STOP_SIGNAL_BACKOFF);
}

static inline void deadline_check(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_SENT);
    s->now += 3000 - STOP_CHECK_LEAD_MS;
    on(s, STOP_ON_TIMER);
    assert_state(s, STOP_DEADLINE_CHECK);
}

static inline void kill_check(struct script *s)
{
    begin(s, 3000);
    s->run.kill_intents = 1;
    on(s, STOP_ON_START);
    assert_state(s, STOP_KILL_CHECK);
}

static inline void hinted_signalling(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_EXIT_HINT);
}

static inline void hinted_starting(struct script *s)
{
    starting(s);
    on(s, STOP_ON_EXIT_HINT);
}

static inline void forced_checking(struct script *s)
{
    checking(s);
    s->run.grace_ms = 0;
}

static inline void pre_stop(struct script *s)
{
    starting(s);
    on(s, STOP_ON_PRE_STOP_STARTED);
    on(s, STOP_ON_TIMER);
    assert_state(s, STOP_PRE_STOP);
}

static inline void looking(struct script *s)
{
    pre_stop(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_does(s, STOP_ACTION_LOOK);
}

static inline void overdue_checking(struct script *s)
{
    looking(s);
    on(s, STOP_ON_PRE_STOP_OVER);
    s->now += 3000;
    assert_state(s, STOP_CHECKING);
}

static inline void settling(struct script *s)
{
    signalling(s);
    on(s, STOP_ON_NO_ANSWER);
    assert_state(s, STOP_SETTLING);
}

static inline void asked(struct script *s)
{
    settling(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_does(s, STOP_ACTION_ASK_HISTORY);
}

static inline void overdue_deadline_check(struct script *s)
{
    deadline_check(s);
    s->now += STOP_CHECK_LEAD_MS;
}

static inline void due(struct script *s)
{
    deadline_check(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_state(s, STOP_DUE);
}

static inline void deadline_check_of_command(struct script *s)
{
    pre_stop(s);
    s->now += 3000 - STOP_CHECK_LEAD_MS;
    on(s, STOP_ON_TIMER);
    assert_state(s, STOP_DEADLINE_CHECK);
}

static inline void due_of_command(struct script *s)
{
    deadline_check_of_command(s);
    on(s, STOP_ON_INSPECTED_RUNNING);
    assert_state(s, STOP_DUE);
}

#endif
