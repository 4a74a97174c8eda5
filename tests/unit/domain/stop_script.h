#ifndef TESTS_UNIT_DOMAIN_STOP_SCRIPT_H
#define TESTS_UNIT_DOMAIN_STOP_SCRIPT_H

/** A stop run that a test drives by hand. Include after cmocka.h. */

#include "common/domain/stop_engine_table.h"

struct script {
    struct stop_run run;
    struct stop_actions actions; /**< of the last event */
    int64_t now;
};

static inline void feed(struct script *script, const struct stop_input *input)
{
    struct error err = {0};
    if (stop_engine_step(&script->run, input, script->now, &script->actions, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

static inline void on(struct script *script, enum stop_event event)
{
    feed(script, &(struct stop_input){.event = event});
}

static inline void begin(struct script *script, int64_t grace_ms)
{
    *script = (struct script){.run = {.grace_ms = grace_ms}, .now = 1000000};
    stop_run_init(&script->run);
}

/** Several events, one after the other. */
#define play(script, ...) play_events((script), (const enum stop_event[]){__VA_ARGS__, 0})

static inline void play_events(struct script *script, const enum stop_event *events)
{
    for (; *events != STOP_EVENT_NONE; events++) {
        on(script, *events);
    }
}

/** The first action of that kind; their count if there is none. */
static inline size_t action_index(const struct script *script, enum stop_action_kind kind)
{
    size_t i = 0;
    while (i < script->actions.count && script->actions.items[i].kind != kind) {
        i++;
    }
    return i;
}

static inline bool does(const struct script *script, enum stop_action_kind kind)
{
    return action_index(script, kind) < script->actions.count;
}

/** A test failure if there is none. */
static inline const struct stop_action *action_of(const struct script *script,
                                                  enum stop_action_kind kind)
{
    assert_true(does(script, kind));
    return &script->actions.items[action_index(script, kind)];
}

/** When the timer that the last event armed runs out. */
static inline int64_t armed_at(const struct script *script)
{
    return action_of(script, STOP_ACTION_ARM)->at_boot_ms;
}

#define assert_does(script, kind)     assert_true(does((script), (kind)))
#define assert_does_not(script, kind) assert_false(does((script), (kind)))
#define assert_stuck(script, name)                                                                 \
    assert_int_equal(action_of((script), STOP_ACTION_RECORD_STUCK)->problem, (name))
#define assert_state(script, name) assert_int_equal((script)->run.state, (name))

#endif
