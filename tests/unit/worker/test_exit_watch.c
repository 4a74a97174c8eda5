/** Which run an exit belongs to that the runtime's events tell of. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "worker/host/exit_watch.h"

static const struct run FIRST = {"a", 1000}, SECOND = {"a", 1150};

static void tell(struct exit_watch *watch, enum runtime_event_kind kind, int64_t at_unix_ms)
{
    const struct runtime_event event = {.kind = kind,
                                        .container_id = "a",
                                        .exit_code = {kind == RUNTIME_EVENT_EXITED, 7},
                                        .at_unix_ms = at_unix_ms};
    exit_watch_event(watch, &event);
}

static void exit_watch_exit_is_of_the_run_seen_alive(void **state)
{
    (void)state;
    struct exit_watch watch = {0};
    exit_watch_seen(&watch, FIRST, exit_watch_mark(&watch));
    tell(&watch, RUNTIME_EVENT_EXITED, 1100);
    assert_true(exit_watch_code(&watch, FIRST).known);
    assert_int_equal(exit_watch_code(&watch, FIRST).value, 7);
    exit_watch_release(&watch);
}

static void exit_watch_run_lends_no_code_to_the_one_before(void **state)
{
    (void)state;
    struct exit_watch watch = {0};
    exit_watch_seen(&watch, FIRST, exit_watch_mark(&watch));
    tell(&watch, RUNTIME_EVENT_STARTED, SECOND.started_at); /* the exit before it was lost */
    tell(&watch, RUNTIME_EVENT_EXITED, 9000);
    assert_false(exit_watch_code(&watch, FIRST).known);
    exit_watch_release(&watch);
}

static void exit_watch_own_start_told_late_is_settled_by_the_next_look(void **state)
{
    (void)state;
    struct exit_watch watch = {0};
    uint64_t before = exit_watch_mark(&watch);
    exit_watch_seen(&watch, FIRST, before);
    tell(&watch, RUNTIME_EVENT_STARTED, FIRST.started_at + 95);
    exit_watch_seen(&watch, FIRST, before); /* asked before it: shows nothing */
    tell(&watch, RUNTIME_EVENT_EXITED, 1100);
    assert_false(exit_watch_code(&watch, FIRST).known);
    exit_watch_seen(&watch, FIRST, exit_watch_mark(&watch));
    tell(&watch, RUNTIME_EVENT_EXITED, 1200);
    assert_true(exit_watch_code(&watch, FIRST).known);
    exit_watch_release(&watch);
}

/* A stop that follows a start at once: nobody looks in between, and --rm leaves nobody to ask. */
static void exit_watch_own_start_is_told_after_the_look(void **state)
{
    (void)state;
    struct exit_watch watch = {0};
    exit_watch_seen(&watch, FIRST, exit_watch_mark(&watch));
    tell(&watch, RUNTIME_EVENT_STARTED, FIRST.started_at + 94);
    tell(&watch, RUNTIME_EVENT_EXITED, 1100);
    assert_true(exit_watch_code(&watch, FIRST).known);
    exit_watch_release(&watch);
}

static void exit_watch_gap_leaves_the_code_unknown(void **state)
{
    (void)state;
    struct exit_watch watch = {0};
    exit_watch_seen(&watch, FIRST, exit_watch_mark(&watch));
    exit_watch_gap(&watch);
    tell(&watch, RUNTIME_EVENT_EXITED, 1100);
    assert_false(exit_watch_code(&watch, FIRST).known);
    exit_watch_release(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_watch_exit_is_of_the_run_seen_alive),
        cmocka_unit_test(exit_watch_run_lends_no_code_to_the_one_before),
        cmocka_unit_test(exit_watch_own_start_told_late_is_settled_by_the_next_look),
        cmocka_unit_test(exit_watch_own_start_is_told_after_the_look),
        cmocka_unit_test(exit_watch_gap_leaves_the_code_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
