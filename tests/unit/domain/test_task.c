#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/fail_allocations.h"
#include "tests/unit/domain/folding.h"

static void task_status_and_version_follow_the_stop(void **state)
{
    (void)state;
    static const struct {
        unsigned last;
        const char *last_status, *desired_status;
        int64_t version;
    } steps[] = {
        {STOP_OBSERVED, "RUNNING", "RUNNING", 1},
        {STOP_TAGGED, "RUNNING", "RUNNING", 1},
        {STOP_REQUESTED, "RUNNING", "STOPPED", 2},
        {STOP_ACCEPTED, "DEACTIVATING", "STOPPED", 2},
        {STOP_SIGNALLED_WEB, "STOPPING", "STOPPED", 2},
        {STOP_EXITED_WEB, "STOPPING", "STOPPED", 3},
        {STOP_STUCK, "STOPPING", "STOPPED", 3},
        {STOP_EXITED_ENVOY, "STOPPING", "STOPPED", 4},
        {STOP_ENDED, "STOPPED", "STOPPED", 5},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct task task = {0};
        fold_sample_stop(&task, steps[i].last);
        assert_string_equal(task_last_status(&task), steps[i].last_status);
        assert_string_equal(task_desired_status(&task), steps[i].desired_status);
        assert_int_equal(task_version(&task), steps[i].version);
        task_release(&task);
    }
}

static void task_of_which_no_container_started_is_pending(void **state)
{
    (void)state;
    struct task task = {0};
    assert_string_equal(task_last_status(&task), "PENDING");
    assert_int_equal(task_version(&task), 1);
    struct event event;
    sample_full_event(&event, EVENT_TASK_OBSERVED, 1);
    for (size_t i = 0; i < event.task_observed.description.containers.count; i++) {
        event.task_observed.description.containers.items[i].started_at = 0;
    }
    fold_event(&task, &event);
    assert_string_equal(task_last_status(&task), "PENDING");
    sample_full_event(&event, EVENT_TASK_OBSERVED, 2);
    event.task_observed.revision = 2;
    event.task_observed.description.containers.items[0].started_at = 0;
    fold_event(&task, &event);
    assert_string_equal(task_last_status(&task), "RUNNING");
    task_release(&task);
}

static void task_killed_without_a_signal_is_stopping(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    sample_full_event(&event, EVENT_KILL_SENT, 1);
    fold_event(&task, &event);
    assert_string_equal(task_last_status(&task), "STOPPING");
    task_release(&task);
}

static void task_lookups_find_their_run_and_no_other(void **state)
{
    (void)state;
    struct task task = {0};
    struct event names;
    sample_event(&names, EVENT_STOP_STUCK, 1);
    struct run web = sample_run(&names, 0, 1);
    struct run envoy = sample_run(&names, 1, 2);
    struct run restarted = sample_run(&names, 0, 2);
    fold_sample_stop(&task, STOP_KILLED);
    assert_string_equal(task_planned(&task, web)->name, "web");
    assert_null(task_planned(&task, restarted));
    assert_int_equal(task_signal(&task, web)->started_at, web.started_at);
    assert_null(task_signal(&task, restarted));
    assert_string_equal(task_kill(&task, envoy)->signal, "SIGKILL");
    assert_null(task_kill(&task, web));
    assert_int_equal(task_exit(&task, web)->exit_code.value, 0);
    assert_null(task_exit(&task, envoy));
    assert_non_null(task_described(&task, envoy));
    assert_null(task_described(&task, restarted));
    assert_true(task_names(&task, sample_id(&names, 4)));
    assert_false(task_names(&task, sample_id(&names, 5)));
    event_release(&names);
    task_release(&task);
}

static void task_round_trip_keeps_every_field(void **state)
{
    (void)state;
    struct task task = {0};
    fold_sample_stop(&task, STOP_KILLED);
    struct event event;
    sample_full_event(&event, EVENT_TASK_TAGGED, 90);
    fold_event(&task, &event);
    sample_full_event(&event, EVENT_PRE_STOP_STARTED, 91);
    fold_event(&task, &event);
    struct tag tag = {"key", "value"}; /* a stop empties the tags: here they are read back, too */
    task.tags.items = &tag;
    task.tags.count = 1;
    task.terminal = "TaskStopped";
    task.terminal_at = 9;
    json_t *json = record_to_json(&TASK_SPEC, &task, NULL);
    for (size_t i = 0; i < TASK_SPEC.field_count; i++) {
        if (json_object_get(json, TASK_SPEC.fields[i].key) == NULL) {
            fail_msg("%s is not set", TASK_SPEC.fields[i].key);
        }
    }
    json_decref(json);
    struct buffer base = base_of(&task);
    struct task read;
    assert_int_equal(task_decode(buffer_span(&base), &read, NULL), 0);
    assert_true(record_equal(&TASK_SPEC, &task, &read));
    struct buffer again = base_of(&read);
    assert_true(span_equal(buffer_span(&base), buffer_span(&again)));
    buffer_release(&base);
    buffer_release(&again);
    task_release(&read);
    task_release(&task);
}

static void task_that_is_empty_has_a_base(void **state)
{
    (void)state;
    struct task task = {0};
    struct task read;
    struct buffer base = base_of(&task);
    assert_int_equal(base.length, 1);
    assert_int_equal(task_decode(buffer_span(&base), &read, NULL), 0);
    assert_null(read.id);
    buffer_release(&base);
    task_release(&read);
    task_release(NULL);
}

static void task_decode_refuses_foreign_bytes(void **state)
{
    (void)state;
    struct task task;
    struct error err = {0};
    assert_int_equal(task_decode((struct span){.data = "\x81\xa2id\x05", .length = 5}, &task, &err),
                     -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_string_equal(err.message, "base of a task: id: not a text");
    task_release(&task);
}

static void task_copy_lives_on_its_own(void **state)
{
    (void)state;
    struct task task = {0};
    struct task copy;
    fold_sample_stop(&task, STOP_STUCK);
    struct buffer before = base_of(&task);
    assert_int_equal(task_copy(&task, &copy, NULL), 0);
    task_release(&task);
    struct buffer after = base_of(&copy);
    assert_true(span_equal(buffer_span(&before), buffer_span(&after)));
    struct event event;
    sample_stop_event(&event, STOP_KILLED);
    assert_true(fold_event(&copy, &event));
    buffer_release(&before);
    buffer_release(&after);
    task_release(&copy);
}

/* A task that runs for years is observed anew again and again. */
static void task_memory_stays_bounded_over_many_revisions(void **state)
{
    (void)state;
    struct task task = {0};
    size_t largest = 0;
    for (unsigned i = 1; i <= 2000; i++) {
        struct event event;
        sample_full_event(&event, EVENT_TASK_OBSERVED, i);
        event.task_observed.revision = i;
        assert_true(fold_event(&task, &event));
        largest = task.arena.used_bytes > largest ? task.arena.used_bytes : largest;
    }
    assert_int_equal(task.revision, 2000);
    assert_true(largest < 32 * 1024);
    task_release(&task);
}

static void task_without_memory_says_so(void **state)
{
    (void)state;
    struct task task = {0};
    struct task other;
    struct error err;
    int rc = 0;
    fold_sample_stop(&task, STOP_KILLED);
    struct buffer base = base_of(&task);
    struct buffer buf;
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         rc = task_decode(buffer_span(&base), &other, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         task_release(&other));
    FAIL_EACH_ALLOCATION(err = (struct error){0}, rc = task_copy(&task, &other, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         task_release(&other));
    FAIL_EACH_ALLOCATION(err = (struct error){0};
                         buffer_init(&buf, 1 << 20), rc = task_encode(&task, &buf, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         buffer_release(&buf));
    assert_int_equal(rc, -1);
    buffer_release(&base);
    task_release(&task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_status_and_version_follow_the_stop),
        cmocka_unit_test(task_of_which_no_container_started_is_pending),
        cmocka_unit_test(task_killed_without_a_signal_is_stopping),
        cmocka_unit_test(task_lookups_find_their_run_and_no_other),
        cmocka_unit_test(task_round_trip_keeps_every_field),
        cmocka_unit_test(task_that_is_empty_has_a_base),
        cmocka_unit_test(task_decode_refuses_foreign_bytes),
        cmocka_unit_test(task_copy_lives_on_its_own),
        cmocka_unit_test(task_memory_stays_bounded_over_many_revisions),
        cmocka_unit_test(task_without_memory_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
