#ifndef TESTS_UNIT_DOMAIN_STOP_WAYS_H
#define TESTS_UNIT_DOMAIN_STOP_WAYS_H

/** Ways of a stop to where a test begins. Include after cmocka.h. */

#include "tests/unit/domain/stop_script.h"

enum { WAY_GRACE_MS = 3000, WAY_LEGS_MAX = 8 };

struct way {
    const struct way *after; /**< where it goes on; NULL: from the beginning, with WAY_GRACE_MS */
    int64_t drain_delay_ms, kill_intents; /**< of the run, at the beginning */
    bool pre_stop_left;                   /**< the same */
    enum stop_event events[4];
    int64_t late_ms; /**< passes before the last event */
    int64_t then_ms; /**< passes after it */
    bool forced;     /**< the grace is 0 then */
    enum stop_state state;
    enum stop_action_kind action; /**< of the last event; 0: it is not asked */
};

static const struct way waiting = {.events = {STOP_ON_START}, .state = STOP_WAITING};
static const struct way draining = {
    .drain_delay_ms = 500, .events = {STOP_ON_START, STOP_ON_RELEASED}, .state = STOP_DRAINING};
static const struct way checking = {
    .after = &waiting, .events = {STOP_ON_RELEASED}, .state = STOP_CHECKING};
static const struct way forced_checking = {
    .after = &checking, .forced = true, .state = STOP_CHECKING};
static const struct way kill_check = {
    .kill_intents = 1, .events = {STOP_ON_START}, .state = STOP_KILL_CHECK};

/* The stop signal. */
static const struct way signalling = {.after = &checking,
                                      .events = {STOP_ON_INSPECTED_RUNNING},
                                      .state = STOP_SIGNALLING,
                                      .action = STOP_ACTION_SIGNAL};
static const struct way hinted_signalling = {
    .after = &signalling, .events = {STOP_ON_EXIT_HINT}, .state = STOP_SIGNALLING};
static const struct way refused = {
    .after = &signalling, .events = {STOP_ON_REFUSED}, .state = STOP_SIGNAL_BACKOFF};
static const struct way settling = {
    .after = &signalling, .events = {STOP_ON_NO_ANSWER}, .state = STOP_SETTLING};
static const struct way asked = {.after = &settling,
                                 .events = {STOP_ON_INSPECTED_RUNNING},
                                 .state = STOP_SETTLING,
                                 .action = STOP_ACTION_ASK_HISTORY};
static const struct way grace = {
    .after = &signalling, .events = {STOP_ON_SENT}, .state = STOP_GRACE};
static const struct way deadline_check = {.after = &signalling,
                                          .events = {STOP_ON_SENT, STOP_ON_TIMER},
                                          .late_ms = WAY_GRACE_MS - STOP_CHECK_LEAD_MS,
                                          .state = STOP_DEADLINE_CHECK};
static const struct way overdue_deadline_check = {
    .after = &deadline_check, .then_ms = STOP_CHECK_LEAD_MS, .state = STOP_DEADLINE_CHECK};
static const struct way due = {
    .after = &deadline_check, .events = {STOP_ON_INSPECTED_RUNNING}, .state = STOP_DUE};

/* The pre-stop command. */
static const struct way starting = {
    .pre_stop_left = true,
    .events = {STOP_ON_START, STOP_ON_RELEASED, STOP_ON_INSPECTED_RUNNING},
    .state = STOP_STARTING};
static const struct way hinted_starting = {
    .after = &starting, .events = {STOP_ON_EXIT_HINT}, .state = STOP_STARTING};
static const struct way pre_stop = {.after = &starting,
                                    .events = {STOP_ON_PRE_STOP_STARTED, STOP_ON_TIMER},
                                    .state = STOP_PRE_STOP};
static const struct way looking = {.after = &pre_stop,
                                   .events = {STOP_ON_INSPECTED_RUNNING},
                                   .state = STOP_PRE_STOP,
                                   .action = STOP_ACTION_LOOK};
static const struct way overdue_checking = {.after = &looking,
                                            .events = {STOP_ON_PRE_STOP_OVER},
                                            .then_ms = WAY_GRACE_MS,
                                            .state = STOP_CHECKING};
static const struct way deadline_check_of_command = {.after = &pre_stop,
                                                     .events = {STOP_ON_TIMER},
                                                     .late_ms = WAY_GRACE_MS - STOP_CHECK_LEAD_MS,
                                                     .state = STOP_DEADLINE_CHECK};
static const struct way due_of_command = {
    .after = &deadline_check_of_command, .events = {STOP_ON_INSPECTED_RUNNING}, .state = STOP_DUE};

static inline void go_leg(struct script *s, const struct way *leg)
{
    for (const enum stop_event *event = leg->events; *event != STOP_EVENT_NONE; event++) {
        s->now += event[1] == STOP_EVENT_NONE ? leg->late_ms : 0;
        on(s, *event);
    }
    s->now += leg->then_ms;
    if (leg->forced) {
        s->run.grace_ms = 0;
    }
    assert_state(s, leg->state);
    if (leg->action != 0) {
        assert_does(s, leg->action);
    }
}

/** The whole way, from the beginning. */
static inline void go(struct script *s, const struct way *way)
{
    const struct way *legs[WAY_LEGS_MAX] = {way};
    size_t count = 1;
    while (legs[count - 1]->after != NULL) {
        assert_true(count < WAY_LEGS_MAX);
        legs[count] = legs[count - 1]->after;
        count++;
    }
    begin(s, WAY_GRACE_MS);
    s->run.drain_delay_ms = legs[count - 1]->drain_delay_ms;
    s->run.kill_intents = legs[count - 1]->kill_intents;
    s->run.pre_stop_left = legs[count - 1]->pre_stop_left;
    while (count > 0) {
        go_leg(s, legs[--count]);
    }
}

#endif
