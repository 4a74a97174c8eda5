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

static inline const struct stop_action *action_of(const struct script *script,
                                                  enum stop_action_kind kind)
{
    for (size_t i = 0; i < script->actions.count; i++) {
        if (script->actions.items[i].kind == kind) {
            return &script->actions.items[i];
        }
    }
    return NULL;
}

#define assert_does(script, kind)     assert_non_null(action_of((script), (kind)))
#define assert_does_not(script, kind) assert_null(action_of((script), (kind)))
#define assert_state(script, name)    assert_int_equal((script)->run.state, (name))

#endif
