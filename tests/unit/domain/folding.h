#ifndef TESTS_UNIT_DOMAIN_FOLDING_H
#define TESTS_UNIT_DOMAIN_FOLDING_H

/** Shorthands of the tests of reducer, task and view. Include after cmocka.h. */

#include <string.h>

#include "common/domain/view.h"
#include "tests/support/sample_events.h"

/** The event's bytes; it is released. */
static inline struct buffer bytes_of(struct event *event)
{
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, EVENT_MAX_BYTES);
    if (event_encode(event, &buf, &err) < 0) {
        fail_msg("%s", err.message);
    }
    event_release(event);
    return buf;
}

/** Folds the event's bytes, as a reader of the log does; it is released. @return whether the task
 *  changed */
static inline bool fold_event(struct task *task, struct event *event)
{
    bool changed = false;
    struct error err = {0};
    struct buffer buf = bytes_of(event);
    if (reduce_bytes(task, buffer_span(&buf), &changed, &err) < 0) {
        fail_msg("%s", err.message);
    }
    buffer_release(&buf);
    return changed;
}

static inline struct buffer base_of(const struct task *task)
{
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 1 << 20);
    if (task_encode(task, &buf, &err) < 0) {
        fail_msg("%s", err.message);
    }
    return buf;
}

/** The sample's stop up to and with event `last`. */
static inline void fold_sample_stop(struct task *task, unsigned last)
{
    for (unsigned i = 0; i <= last; i++) {
        struct event event;
        sample_stop_event(&event, i);
        fold_event(task, &event);
    }
}

/** Index of an event in the sample's stop. */
enum {
    STOP_OBSERVED = 1,
    STOP_TAGGED = 2,
    STOP_REQUESTED = 3,
    STOP_ACCEPTED = 4,
    STOP_SIGNALLED_WEB = 5,
    STOP_EXITED_WEB = 6,
    STOP_SIGNALLED_ENVOY = 7,
    STOP_STUCK = 8,
    STOP_KILLED = 9,
    STOP_EXITED_ENVOY = 10,
    STOP_ENDED = 11
};

#endif
