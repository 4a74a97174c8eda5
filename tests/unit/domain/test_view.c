#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/domain/folding.h"

static void view_folds_pending_in_offset_order(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, STOP_TAGGED);
    sample_full_event(&event, EVENT_STOP_REQUESTED, 20);
    event.stop_requested.reason = "later";
    struct buffer later = bytes_of(&event);
    sample_full_event(&event, EVENT_STOP_REQUESTED, 21);
    event.stop_requested.reason = "earlier";
    struct buffer earlier = bytes_of(&event);
    struct view_pending pending[] = {{9, buffer_span(&later)}, {7, buffer_span(&earlier)}};
    assert_int_equal(view_fold(&task, 5, pending, 2, NULL), 0);
    assert_string_equal(task.requested_reason, "earlier");
    assert_int_equal(pending[0].offset, 7);
    buffer_release(&later);
    buffer_release(&earlier);
    task_release(&task);
}

static void view_leaves_out_what_the_base_holds(void **state)
{
    (void)state;
    struct task task = {0};
    struct event event;
    fold_sample_stop(&task, STOP_TAGGED);
    sample_full_event(&event, EVENT_STOP_REQUESTED, 20);
    struct buffer bytes = bytes_of(&event);
    struct view_pending pending[] = {{4, buffer_span(&bytes)}, {5, buffer_span(&bytes)}};
    assert_int_equal(view_fold(&task, 5, pending, 2, NULL), 0);
    assert_false(task_stop_requested(&task));
    assert_int_equal(view_fold(&task, 5, NULL, 0, NULL), 0);
    assert_int_equal(view_fold(&task, 3, pending, 2, NULL), 0);
    assert_true(task_stop_requested(&task));
    buffer_release(&bytes);
    task_release(&task);
}

static void view_says_which_pending_event_is_broken(void **state)
{
    (void)state;
    struct task task = {0};
    struct error err = {0};
    struct view_pending pending[] = {{8, {.data = "\xc1", .length = 1}}};
    assert_int_equal(view_fold(&task, 5, pending, 1, &err), -1);
    assert_int_equal(err.code, ERROR_CORRUPT);
    assert_non_null(strstr(err.message, "offset 8"));
    task_release(&task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(view_folds_pending_in_offset_order),
        cmocka_unit_test(view_leaves_out_what_the_base_holds),
        cmocka_unit_test(view_says_which_pending_event_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
