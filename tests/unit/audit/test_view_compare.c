/** Bases against the fold of the log: the check of promise I8 must see each way in which they can differ. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/domain/reduce.h"
#include "tests/support/sample_events.h"
#include "worker/audit/view_compare.h"

enum { EVENTS = 6 };

/** A fold of the sample stop up to `count` events at offsets 10, 11, …; NULL bytes = not wanted. */
static void fold_to(struct log_fold_entry *entry, unsigned count, struct buffer *ret_bytes)
{
    struct error err = {0};
    for (unsigned i = 0; i < count; i++) {
        struct event event = {0};
        bool changed = false;
        sample_stop_event(&event, i + 1);
        assert_int_equal(reduce(&entry->task, &event, &changed, &err), 0);
        entry->pos = 10 + (int64_t)i;
        event_release(&event);
    }
    if (ret_bytes != NULL) {
        buffer_init(ret_bytes, 1 << 20);
        assert_int_equal(task_encode(&entry->task, ret_bytes, &err), 0);
    }
}

static struct span task_span(void)
{
    return span_of(SAMPLE_TASK);
}

static char key[] = "prod/" SAMPLE_TASK;

static enum view_compare_state compared(int64_t pos, unsigned folded, unsigned stored, int spoil)
{
    struct view_compare compare = {0};
    struct log_fold_entry view = {0};
    struct log_fold_entry log = {.key = key};
    struct buffer bytes;
    struct error err = {0};
    fold_to(&view, stored, &bytes);
    if (spoil >= 0) {
        bytes.data[spoil] = (char)(bytes.data[spoil] ^ 1);
    }
    assert_int_equal(
        view_compare_add(&compare, "prod", task_span(), pos, buffer_span(&bytes), &err), 0);
    fold_to(&log, folded, NULL);
    assert_int_equal(view_compare_before(&compare, &log, pos + 1, &err), 0);
    enum view_compare_state state = compare.first->state;
    view_compare_release(&compare);
    buffer_release(&bytes);
    task_release(&view.task);
    task_release(&log.task);
    return state;
}

static void view_compare_finds_the_same_fold_equal(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= EVENTS; count++) {
        assert_int_equal(compared(9 + (int64_t)count, count, count, -1), VIEW_COMPARE_SAME);
    }
}

static void view_compare_sees_one_flipped_bit(void **state)
{
    (void)state;
    assert_int_equal(compared(15, 6, 6, 20), VIEW_COMPARE_DIFFERS);
}

static void view_compare_sees_a_base_of_an_earlier_fold(void **state)
{
    (void)state;
    assert_int_equal(compared(15, 6, 5, -1), VIEW_COMPARE_DIFFERS);
}

static void view_compare_sees_a_position_without_a_record_of_the_task(void **state)
{
    (void)state;
    assert_int_equal(compared(16, 6, 6, -1), VIEW_COMPARE_DIFFERS);
}

static void view_compare_waits_until_the_fold_has_reached_the_position(void **state)
{
    (void)state;
    struct view_compare compare = {0};
    struct log_fold_entry log = {.key = key};
    struct error err = {0};
    assert_int_equal(view_compare_add(&compare, "prod", task_span(), 12, span_of("x"), &err), 0);
    fold_to(&log, 2, NULL);
    assert_int_equal(view_compare_before(&compare, &log, 12, &err), 0);
    assert_int_equal(compare.first->state, VIEW_COMPARE_OPEN);
    assert_int_equal(view_compare_before(&compare, &log, 13, &err), 0);
    assert_int_equal(compare.first->state, VIEW_COMPARE_DIFFERS);
    view_compare_release(&compare);
    task_release(&log.task);
}

static void view_compare_sees_a_base_that_the_log_does_not_name(void **state)
{
    (void)state;
    struct view_compare compare = {0};
    struct log_fold fold = {0};
    struct error err = {0};
    assert_int_equal(view_compare_add(&compare, "prod", task_span(), 12, span_of("x"), &err), 0);
    assert_int_equal(view_compare_finish(&compare, &fold, &err), 0);
    assert_int_equal(compare.first->state, VIEW_COMPARE_DIFFERS);
    view_compare_release(&compare);
}

static void view_compare_takes_a_late_base_only_where_the_fold_is(void **state)
{
    (void)state;
    const enum view_compare_state expected[] = {VIEW_COMPARE_ELSEWHERE, VIEW_COMPARE_SAME,
                                                VIEW_COMPARE_ELSEWHERE};
    for (int i = 0; i < 3; i++) {
        struct view_compare compare = {0};
        struct log_fold_entry log = {.key = key};
        struct buffer bytes;
        struct error err = {0};
        fold_to(&log, EVENTS, &bytes);
        assert_false(view_compare_has(&compare, key));
        assert_int_equal(
            view_compare_late(&compare, &log, log.pos - 1 + i, buffer_span(&bytes), &err), 0);
        assert_true(view_compare_has(&compare, key));
        assert_int_equal(compare.first->state, expected[i]);
        view_compare_release(&compare);
        assert_int_equal(view_compare_late(&compare, &log, log.pos, span_of("x"), &err), 0);
        assert_int_equal(compare.first->state, VIEW_COMPARE_DIFFERS);
        view_compare_release(&compare);
        buffer_release(&bytes);
        task_release(&log.task);
    }
}

static void log_fold_counts_a_task_in_until_its_retention_is_over(void **state)
{
    (void)state;
    struct log_fold_entry log = {.key = key};
    assert_false(log_fold_belongs(&log, 1000, 0));
    fold_to(&log, EVENTS, NULL);
    assert_false(task_is_terminal(&log.task));
    assert_true(log_fold_belongs(&log, 1000, INT64_MAX));
    task_release(&log.task);
    log = (struct log_fold_entry){.key = key};
    fold_to(&log, SAMPLE_STOP_EVENTS - 2, NULL);
    assert_true(task_is_terminal(&log.task));
    int64_t end = log.task.terminal_at;
    assert_true(log_fold_belongs(&log, 1000, end + 999));
    assert_false(log_fold_belongs(&log, 1000, end + 1000));
    task_release(&log.task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(view_compare_finds_the_same_fold_equal),
        cmocka_unit_test(view_compare_sees_one_flipped_bit),
        cmocka_unit_test(view_compare_sees_a_base_of_an_earlier_fold),
        cmocka_unit_test(view_compare_sees_a_position_without_a_record_of_the_task),
        cmocka_unit_test(view_compare_waits_until_the_fold_has_reached_the_position),
        cmocka_unit_test(view_compare_sees_a_base_that_the_log_does_not_name),
        cmocka_unit_test(view_compare_takes_a_late_base_only_where_the_fold_is),
        cmocka_unit_test(log_fold_counts_a_task_in_until_its_retention_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
