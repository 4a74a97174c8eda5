/* The reducer on the events of a stop: requests, plans, signals, ends. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/domain/folding.h"

static void reduce_keeps_the_first_request(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, STOP_REQUESTED);
    int64_t requested_at = task.requested_at;
    sample_full_event(&event, EVENT_STOP_REQUESTED, 50);
    event.stop_requested.reason = "another";
    event.stop_requested.principal = "somebody else";
    assert_false(fold_event(&task, &event));
    assert_string_equal(task.requested_reason, "rolling node 7");
    assert_string_equal(task.requested_by, "arn:aws:iam::111122223333:user/jane");
    assert_true(task.requested_at == requested_at);
    assert_string_equal(task.stop_code, "UserInitiated");
    assert_int_equal(task.tags.count, 0);
    task_release(&task);
}

/* A StopAccepted with these requests (numbers) and graces of web and envoy (0 = not planned). */
static bool accept(struct task *task, unsigned number, size_t count, const unsigned *requests,
                   int64_t grace_web, int64_t grace_envoy)
{
    struct event event;
    const char *ids[8];
    sample_full_event(&event, EVENT_STOP_ACCEPTED, number);
    for (size_t i = 0; i < count; i++) {
        ids[i] = sample_id(&event, requests[i]);
    }
    event.stop_accepted.requests = (struct text_list){.items = ids, .count = count};
    event.stop_accepted.plan.items[0].grace_ms = grace_web;
    event.stop_accepted.plan.items[1].grace_ms = grace_envoy;
    if (grace_web == 0) {
        event.stop_accepted.plan.items++;
        event.stop_accepted.plan.count--;
    }
    if (grace_envoy == 0) {
        event.stop_accepted.plan.count--;
    }
    return fold_event(task, &event);
}

static void reduce_makes_the_union_of_plans(void **state)
{
    (void)state;
    struct task task = {0};
    assert_true(accept(&task, 1, 1, (unsigned[]){10}, 3000, 0));
    int64_t accepted_at = task.accepted_at;
    assert_int_equal(task.plan.count, 1);
    assert_true(accept(&task, 2, 1, (unsigned[]){10}, 0, 4000));
    assert_int_equal(task.plan.count, 2);
    assert_int_equal(task.plan.items[0].grace_ms, 3000);
    assert_int_equal(task.plan.items[1].grace_ms, 4000);
    assert_int_equal(task.named.count, 1);
    assert_true(task.accepted_at == accepted_at);
    assert_null(task.request_event_id);
    task_release(&task);
}

static void reduce_lets_the_newest_grace_hold(void **state)
{
    (void)state;
    struct task task = {0};
    assert_true(accept(&task, 1, 1, (unsigned[]){10}, 3000, 3000));
    assert_true(accept(&task, 2, 2, (unsigned[]){10, 11}, 9000, 9000));
    assert_int_equal(task.plan.items[0].grace_ms, 9000);
    assert_false(accept(&task, 1, 1, (unsigned[]){10}, 3000, 3000));
    assert_false(accept(&task, 2, 2, (unsigned[]){10, 11}, 9000, 9000));
    assert_int_equal(task.plan.items[1].grace_ms, 9000);
    assert_true(accept(&task, 3, 3, (unsigned[]){10, 11, 12}, 1000, 1000));
    assert_int_equal(task.plan.items[0].grace_ms, 1000);
    /* Names one that is new, but fewer than are known: its writer did not know the others. */
    assert_true(accept(&task, 4, 2, (unsigned[]){10, 13}, 7000, 7000));
    assert_int_equal(task.plan.items[0].grace_ms, 1000);
    assert_int_equal(task.named.count, 4);
    task_release(&task);
}

/* Two writers that each answered another request: the later in the log holds, and stays. */
static void reduce_does_not_go_back_when_a_plan_comes_again(void **state)
{
    (void)state;
    struct task task = {0};
    assert_true(accept(&task, 1, 1, (unsigned[]){10}, 3000, 3000));
    assert_true(accept(&task, 2, 2, (unsigned[]){10, 11}, 9000, 9000));
    assert_true(accept(&task, 3, 2, (unsigned[]){10, 12}, 5000, 5000));
    assert_int_equal(task.plan.items[0].grace_ms, 5000);
    assert_false(accept(&task, 2, 2, (unsigned[]){10, 11}, 9000, 9000));
    assert_int_equal(task.plan.items[0].grace_ms, 5000);
    task_release(&task);
}

static void reduce_keeps_the_first_signal_of_a_run(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, STOP_SIGNALLED_WEB);
    int64_t sent = task.signals.items[0].sent_boot_ms;
    sample_stop_event(&event, STOP_SIGNALLED_WEB);
    event.id = "another";
    event.signal_sent.sent_boot_ms = sent + 9;
    assert_false(fold_event(&task, &event));
    assert_true(task.signals.items[0].sent_boot_ms == sent);
    sample_stop_event(&event, STOP_SIGNALLED_WEB);
    event.signal_sent.run = sample_run(&event, 0, 2);
    assert_true(fold_event(&task, &event));
    assert_int_equal(task.signals.count, 2);
    assert_int_equal(task.kills.count, 0);
    task_release(&task);
}

static void reduce_keeps_the_first_start_and_the_first_end_of_a_pre_stop_command(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    struct event names;
    sample_event(&names, EVENT_STOP_STUCK, 1);
    struct run run = sample_run(&names, 1, 2);
    fold_sample_stop(&task, STOP_ACCEPTED);
    sample_full_event(&event, EVENT_PRE_STOP_ENDED, 90);
    event.pre_stop_ended.exit_code.known = false;
    assert_true(fold_event(&task, &event));
    assert_true(task_pre_stop(&task, run)->ended);
    assert_int_equal(task_pre_stop(&task, run)->begun_boot_ms, 0);
    sample_full_event(&event, EVENT_PRE_STOP_ENDED, 91);
    assert_false(fold_event(&task, &event));
    assert_false(task_pre_stop(&task, run)->exit_code.known);
    /* the start of which the log tells later is known beside it */
    sample_full_event(&event, EVENT_PRE_STOP_STARTED, 92);
    assert_true(fold_event(&task, &event));
    sample_full_event(&event, EVENT_PRE_STOP_STARTED, 93);
    event.pre_stop_started.begun_boot_ms += 5;
    assert_false(fold_event(&task, &event));
    assert_int_equal(task_pre_stop(&task, run)->begun_boot_ms, 86400000);
    assert_true(task_pre_stop(&task, run)->ended);
    assert_int_equal(task.pre_stops.count, 1);
    sample_full_event(&event, EVENT_PRE_STOP_STARTED, 94);
    event.pre_stop_started.run = sample_run(&event, 0, 2);
    assert_true(fold_event(&task, &event));
    assert_int_equal(task.pre_stops.count, 2);
    assert_string_equal(task_last_status(&task), "DEACTIVATING");
    event_release(&names);
    task_release(&task);
}

static bool exit_web(struct task *task, struct optional_integer code, const char *reason,
                     int64_t finished_at)
{
    struct event event;
    sample_stop_event(&event, STOP_EXITED_WEB);
    event.container_exited.result.exit_code = code;
    event.container_exited.result.reason = reason;
    event.container_exited.result.finished_at = finished_at;
    return fold_event(task, &event);
}

static void reduce_lets_a_known_exit_code_beat_an_absent_one(void **state)
{
    (void)state;
    const struct optional_integer unknown = {0};
    const struct optional_integer zero = {.known = true, .value = 0};
    const struct optional_integer nine = {.known = true, .value = 9};
    struct task task = {0};
    assert_true(exit_web(&task, unknown, "ContainerVanishedError: gone", 77));
    assert_int_equal(task_version(&task), 1);
    assert_false(exit_web(&task, unknown, "other words", 78));
    assert_true(exit_web(&task, zero, NULL, 0));
    assert_false(exit_web(&task, nine, NULL, 5));
    assert_false(exit_web(&task, unknown, "ContainerVanishedError: gone", 77));
    assert_int_equal(task.exits.count, 1);
    assert_true(task.exits.items[0].exit_code.known);
    assert_int_equal(task.exits.items[0].exit_code.value, 0);
    assert_int_equal(task.exits.items[0].finished_at, 77);
    assert_null(task.exits.items[0].reason);
    task_release(&task);
}

static bool stuck(struct task *task, const char *reason, int64_t ts)
{
    struct event event;
    sample_full_event(&event, EVENT_STOP_STUCK, 1);
    event.stop_stuck.reason = reason;
    event.ts = ts;
    return fold_event(task, &event);
}

static void reduce_keeps_the_latest_reason_until_the_run_ended(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    assert_true(stuck(&task, "first", 1000));
    assert_true(stuck(&task, "second", 2000));
    assert_false(stuck(&task, "first", 1000));
    assert_int_equal(task.stuck.count, 1);
    assert_string_equal(task.stuck.items[0].reason, "second");
    assert_int_equal(task.stuck.items[0].since_unix_ms, 2000);
    sample_stop_event(&event, STOP_EXITED_WEB);
    assert_true(fold_event(&task, &event));
    assert_int_equal(task.stuck.count, 1);
    sample_stop_event(&event, STOP_EXITED_ENVOY);
    assert_true(fold_event(&task, &event));
    assert_int_equal(task.stuck.count, 0);
    assert_false(stuck(&task, "too late", 9000));
    task_release(&task);
}

static void reduce_ends_a_task_once(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, STOP_ENDED);
    assert_string_equal(task.terminal, "TaskStopped");
    struct buffer before = base_of(&task);
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        sample_full_event(&event, (enum event_type)type, 99);
        if (type == EVENT_TASK_OBSERVED) {
            event.task_observed.revision = 99;
        }
        assert_false(fold_event(&task, &event));
    }
    struct buffer after = base_of(&task);
    assert_true(span_equal(buffer_span(&before), buffer_span(&after)));
    buffer_release(&before);
    buffer_release(&after);
    task_release(&task);
}

static void reduce_ignores_an_end_that_does_not_name_the_whole_plan(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, STOP_KILLED);
    sample_stop_event(&event, STOP_ENDED);
    event.task_ended.results.count = 1;
    assert_false(fold_event(&task, &event));
    assert_false(task_is_terminal(&task));
    assert_int_equal(task.exits.count, 1);
    sample_stop_event(&event, STOP_ENDED);
    assert_true(fold_event(&task, &event));
    assert_true(task_is_terminal(&task));
    task_release(&task);
}

static void reduce_fills_in_from_the_terminal_results(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, STOP_STUCK);
    sample_stop_event(&event, STOP_ENDED);
    event.task_ended.results.items[0].exit_code.value = 55;
    assert_true(fold_event(&task, &event));
    assert_int_equal(task.exits.count, 2);
    assert_int_equal(task.exits.items[0].exit_code.value, 0);
    assert_int_equal(task.exits.items[1].exit_code.value, 137);
    assert_int_equal(task.stuck.count, 0);
    assert_int_equal(task_version(&task), 5);
    task_release(&task);
}

static const char *stop_code_of(bool requested, enum event_type end)
{
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, requested ? STOP_REQUESTED : STOP_TAGGED);
    sample_full_event(&event, end, 99);
    assert_true(fold_event(&task, &event));
    assert_string_equal(task.terminal, event_type_name(end));
    const char *code = strcmp(task.stop_code, "UserInitiated") == 0 ? "user" : task.stop_code;
    task_release(&task);
    return code;
}

static void reduce_says_essential_exit_only_without_a_request(void **state)
{
    (void)state;
    assert_string_equal(stop_code_of(false, EVENT_TASK_GONE), "EssentialContainerExited");
    assert_string_equal(stop_code_of(true, EVENT_TASK_GONE), "user");
    assert_string_equal(stop_code_of(false, EVENT_TASK_STOPPED), "user");
    assert_string_equal(stop_code_of(true, EVENT_TASK_STOPPED), "user");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reduce_keeps_the_first_request),
        cmocka_unit_test(reduce_makes_the_union_of_plans),
        cmocka_unit_test(reduce_lets_the_newest_grace_hold),
        cmocka_unit_test(reduce_does_not_go_back_when_a_plan_comes_again),
        cmocka_unit_test(reduce_keeps_the_first_signal_of_a_run),
        cmocka_unit_test(reduce_keeps_the_first_start_and_the_first_end_of_a_pre_stop_command),
        cmocka_unit_test(reduce_lets_a_known_exit_code_beat_an_absent_one),
        cmocka_unit_test(reduce_keeps_the_latest_reason_until_the_run_ended),
        cmocka_unit_test(reduce_ends_a_task_once),
        cmocka_unit_test(reduce_ignores_an_end_that_does_not_name_the_whole_plan),
        cmocka_unit_test(reduce_fills_in_from_the_terminal_results),
        cmocka_unit_test(reduce_says_essential_exit_only_without_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
