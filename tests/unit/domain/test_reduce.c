/* The reducer: whose events it takes, what an observation changes, and its failures. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/domain/folding.h"

static void reduce_takes_identity_from_the_first_event(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    sample_full_event(&event, EVENT_STOP_REQUESTED, 4);
    assert_true(fold_event(&task, &event));
    assert_string_equal(task.id, SAMPLE_TASK);
    assert_string_equal(task.account, "111122223333");
    assert_string_equal(task.region, "eu-central-1");
    assert_string_equal(task.cluster, "prod");
    assert_string_equal(task.host, "5f0c6e1b8f9a4c7d9e2b3a4c5d6e7f80");
    task_release(&task);
}

static void reduce_refuses_events_of_other_tasks(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    struct error err = {0};
    fold_sample_stop(&task, STOP_ENDED);
    sample_full_event(&event, EVENT_STOP_REQUESTED, 4);
    event.task = "ffffffffffffffffffffffffffffffff";
    assert_int_equal(reduce(&task, &event, NULL, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    event.task = NULL;
    assert_int_equal(reduce(&task, &event, NULL, &err), -1);
    event.task = SAMPLE_TASK;
    event.id = NULL;
    assert_int_equal(reduce(&task, &event, NULL, &err), -1);
    event_release(&event);
    task_release(&task);
}

static void reduce_ignores_events_of_hosts_and_unknown_types(void **state)
{
    (void)state;
    static const enum event_type types[] = {EVENT_WORKER_STARTED, EVENT_HOST_DEREGISTERED,
                                            EVENT_HOST_STATE_CHANGED};
    struct task task = {0};
    struct event event;
    for (size_t i = 0; i < 2; i++) {
        sample_full_event(&event, types[i], 1);
        assert_false(fold_event(&task, &event));
    }
    sample_event(&event, EVENT_STOP_STUCK, 1);
    event.type = EVENT_UNKNOWN_TYPE;
    bool changed = true;
    assert_int_equal(reduce(&task, &event, &changed, NULL), 0);
    assert_false(changed);
    assert_null(task.id);
    event_release(&event);
}

static void observe(struct task *task, int64_t revision, const char *family, bool changes)
{
    struct event event;
    sample_full_event(&event, EVENT_TASK_OBSERVED, (unsigned)revision);
    event.task_observed.revision = revision;
    event.task_observed.description.family = family;
    assert_true(fold_event(task, &event) == changes);
}

static void reduce_takes_only_higher_revisions(void **state)
{
    (void)state;
    struct task task = {0};
    observe(&task, 0, "zero", false);
    assert_null(task.id);
    observe(&task, 2, "two", true);
    int64_t observed_at = task.observed_at;
    observe(&task, 2, "again", false);
    observe(&task, 1, "older", false);
    assert_string_equal(task.description.family, "two");
    observe(&task, 5, "five", true);
    assert_string_equal(task.description.family, "five");
    assert_true(task.observed_at == observed_at);
    task_release(&task);
}

/* The worker folds what it does itself, perhaps without the request that led to it. */
static void reduce_folds_a_workers_own_events_alone(void **state)
{
    (void)state;
    struct task task = {0};
    for (unsigned i = 0; i < SAMPLE_STOP_EVENTS; i++) {
        struct event event;
        sample_stop_event(&event, i);
        if (event_is_workers_own(event.type)) {
            assert_true(fold_event(&task, &event));
        } else {
            event_release(&event);
        }
    }
    assert_true(task_is_terminal(&task));
    assert_int_equal(task.exits.count, 2);
    assert_int_equal(task.named.count, 1);
    task_release(&task);
}

static void reduce_bytes_refuses_foreign_bytes(void **state)
{
    (void)state;
    struct task task = {0};
    struct error err = {0};
    bool changed = true;
    assert_int_equal(
        reduce_bytes(&task, (struct span){.data = "\xc1", .length = 1}, &changed, &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_true(changed);
}

/* Each allocation in the task's arena fails in turn: it may grow by a little more each time. */
static void fails_whole_or_not_at_all(struct task *task, const struct event *event)
{
    struct buffer before = base_of(task);
    size_t failures = 0;
    for (size_t room = 1;; room += 16) {
        struct error err = {0};
        task->arena.max_bytes = task->arena.used_bytes + room;
        int rc = reduce(task, event, NULL, &err);
        task->arena.max_bytes = 0;
        if (rc == 0) {
            break;
        }
        struct buffer after = base_of(task);
        assert_int_equal(err.code, ERROR_NO_MEMORY);
        assert_true(span_equal(buffer_span(&before), buffer_span(&after)));
        buffer_release(&after);
        failures++;
    }
    assert_true(failures > 0);
    buffer_release(&before);
}

static void reduce_without_memory_leaves_the_task_as_it_was(void **state)
{
    (void)state;
    for (unsigned i = STOP_OBSERVED; i <= STOP_ENDED; i++) {
        struct task start = {0};
        struct event event;
        fold_sample_stop(&start, i - 1);
        sample_stop_event(&event, i);
        if (i == STOP_ENDED) { /* the second result replaces one without exit code */
            start.exits.items[1].exit_code.known = false;
        }
        fails_whole_or_not_at_all(&start, &event);
        event_release(&event);
        task_release(&start);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduce_takes_identity_from_the_first_event),
        cmocka_unit_test(reduce_refuses_events_of_other_tasks),
        cmocka_unit_test(reduce_ignores_events_of_hosts_and_unknown_types),
        cmocka_unit_test(reduce_takes_only_higher_revisions),
        cmocka_unit_test(reduce_folds_a_workers_own_events_alone),
        cmocka_unit_test(reduce_bytes_refuses_foreign_bytes),
        cmocka_unit_test(reduce_without_memory_leaves_the_task_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
