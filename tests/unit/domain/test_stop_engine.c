#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/domain/stop_script.h"

static void signalled(struct script *script, int64_t grace_ms)
{
    begin(script, grace_ms);
    play(script, STOP_ON_START, STOP_ON_RELEASED, STOP_ON_INSPECTED_RUNNING);
    assert_does(script, STOP_ACTION_SIGNAL);
    on(script, STOP_ON_SENT);
    assert_state(script, STOP_GRACE);
}

/* ---- the table ---- */

static void stop_engine_table_defines_every_cell(void **state)
{
    (void)state;
    for (enum stop_state s = STOP_STATE_NONE + 1; s < STOP_STATE_COUNT; s++) {
        assert_non_null(stop_state_doc(s));
        for (enum stop_event e = STOP_EVENT_NONE + 1; e < STOP_EVENT_COUNT; e++) {
            const struct stop_edge *edge = stop_edge_first(s, e);
            if (edge == NULL) {
                assert_non_null(stop_event_elsewhere(e));
                continue;
            }
            while (edge->guard != STOP_IF_ALWAYS) {
                edge++;
                assert_true(edge < STOP_EDGES + STOP_EDGE_COUNT);
                assert_int_equal(edge->state, s);
                assert_int_equal(edge->event, e);
            }
            for (edge++; edge < STOP_EDGES + STOP_EDGE_COUNT; edge++) {
                assert_false(edge->state == s && edge->event == e);
            }
        }
    }
}

static void stop_engine_impossible_event_is_a_bug_and_changes_nothing(void **state)
{
    (void)state;
    size_t impossible = 0;
    for (enum stop_state s = STOP_STATE_NONE + 1; s < STOP_STATE_COUNT; s++) {
        for (enum stop_event e = STOP_EVENT_NONE + 1; e < STOP_EVENT_COUNT; e++) {
            if (stop_edge_first(s, e) != NULL) {
                continue;
            }
            struct stop_run run = {.grace_ms = 5000};
            stop_run_init(&run);
            run.state = s;
            struct stop_run before = run;
            struct stop_actions actions;
            struct error err = {0};
            struct stop_input input = {.event = e, .grace_ms = 7, .at_boot_ms = 9};
            assert_int_equal(stop_engine_step(&run, &input, 10, &actions, &err), -1);
            assert_int_equal(err.code, ERROR_BUG);
            assert_non_null(strstr(err.message, stop_state_name(s)));
            assert_int_equal(actions.count, 0);
            assert_memory_equal(&run, &before, sizeof run);
            impossible++;
        }
    }
    assert_true(impossible > 50);
}

static void stop_engine_refuses_values_outside_the_enums(void **state)
{
    (void)state;
    struct stop_run run = {0};
    struct stop_actions actions;
    struct error err = {0};
    struct stop_input input = {.event = STOP_ON_START};
    assert_int_equal(stop_engine_step(&run, &input, 1, &actions, &err), -1);
    stop_run_init(&run);
    input.event = STOP_EVENT_COUNT;
    assert_int_equal(stop_engine_step(&run, &input, 1, &actions, &err), -1);
    assert_string_equal(stop_state_name(STOP_STATE_NONE), "none");
    assert_string_equal(stop_event_name(STOP_EVENT_COUNT), "none");
    assert_string_equal(stop_problem_text(STOP_PROBLEM_COUNT), "none");
}

/* ---- the way of a stop ---- */

static void stop_engine_obedient_run_gets_one_signal_and_ends(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 30000);
    on(&s, STOP_ON_START);
    assert_int_equal(s.actions.count, 0);
    on(&s, STOP_ON_RELEASED);
    assert_does(&s, STOP_ACTION_INSPECT);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_does(&s, STOP_ACTION_SIGNAL);
    s.now += 7;
    on(&s, STOP_ON_SENT);
    const struct stop_action *record = action_of(&s, STOP_ACTION_RECORD_SIGNAL);
    assert_int_equal(record->at_boot_ms, s.now);
    assert_false(record->maybe_repeated);
    assert_int_equal(stop_run_deadline(&s.run), s.now + 30000);
    on(&s, STOP_ON_EXIT_HINT);
    assert_does(&s, STOP_ACTION_INSPECT);
    assert_does_not(&s, STOP_ACTION_RECORD_EXIT);
    on(&s, STOP_ON_INSPECTED_ENDED);
    assert_does(&s, STOP_ACTION_RECORD_EXIT);
    assert_does(&s, STOP_ACTION_DISARM);
    assert_state(&s, STOP_ENDED);
}

static void stop_engine_kills_exactly_at_the_deadline(void **state)
{
    (void)state;
    struct script s;
    signalled(&s, 4000);
    int64_t deadline = s.now + 4000;
    assert_int_equal(armed_at(&s), deadline - STOP_CHECK_LEAD_MS);
    s.now = deadline - STOP_CHECK_LEAD_MS;
    on(&s, STOP_ON_TIMER);
    assert_does(&s, STOP_ACTION_INSPECT);
    s.now += 20;
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_state(&s, STOP_DUE);
    assert_int_equal(armed_at(&s), deadline);
    s.now = deadline - 1;
    on(&s, STOP_ON_TIMER);
    assert_does_not(&s, STOP_ACTION_KILL);
    s.now = deadline;
    on(&s, STOP_ON_TIMER);
    assert_does(&s, STOP_ACTION_KILL);
    on(&s, STOP_ON_SENT);
    assert_does(&s, STOP_ACTION_RECORD_KILL);
    assert_does(&s, STOP_ACTION_INSPECT);
    on(&s, STOP_ON_INSPECTED_ENDED);
    assert_does(&s, STOP_ACTION_RECORD_EXIT);
}

static void stop_engine_looks_again_when_the_last_look_is_stale(void **state)
{
    (void)state;
    struct script s;
    signalled(&s, 4000);
    s.now += 3500;
    on(&s, STOP_ON_TIMER);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    s.now += STOP_FRESH_MS + 1;
    on(&s, STOP_ON_TIMER);
    assert_does_not(&s, STOP_ACTION_KILL);
    assert_does(&s, STOP_ACTION_INSPECT);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_does(&s, STOP_ACTION_KILL);
}

static void stop_engine_never_kills_after_a_hint_without_a_look(void **state)
{
    (void)state;
    struct script s;
    signalled(&s, 4000);
    s.now += 3500;
    on(&s, STOP_ON_TIMER);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    on(&s, STOP_ON_EXIT_HINT);
    assert_state(&s, STOP_DEADLINE_CHECK);
    assert_does(&s, STOP_ACTION_DISARM);
    on(&s, STOP_ON_INSPECTED_ENDED);
    assert_state(&s, STOP_ENDED);
}

static void stop_engine_failed_inspection_delays_the_kill(void **state)
{
    (void)state;
    struct script s;
    signalled(&s, 4000);
    s.now += 3500;
    on(&s, STOP_ON_TIMER);
    on(&s, STOP_ON_INSPECT_FAILED);
    assert_does_not(&s, STOP_ACTION_KILL);
    s.now = armed_at(&s);
    on(&s, STOP_ON_TIMER);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_does(&s, STOP_ACTION_KILL);
}

static void stop_engine_forced_stop_kills_without_a_signal(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 0);
    s.run.drain_delay_ms = 9000;
    play(&s, STOP_ON_START, STOP_ON_RELEASED);
    assert_state(&s, STOP_CHECKING);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_does(&s, STOP_ACTION_KILL);
    assert_does_not(&s, STOP_ACTION_SIGNAL);
}

static void stop_engine_drains_before_it_looks(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 1000);
    s.run.drain_delay_ms = 5000;
    play(&s, STOP_ON_START, STOP_ON_RELEASED);
    assert_int_equal(armed_at(&s), s.now + 5000);
    s.now += 4999;
    on(&s, STOP_ON_TIMER);
    assert_state(&s, STOP_DRAINING);
    assert_int_equal(armed_at(&s), s.now + 1);
    feed(&s, &(struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = 0});
    assert_state(&s, STOP_CHECKING);
}

/* ---- the grace changes ---- */

static void stop_engine_changed_grace_counts_from_the_signal(void **state)
{
    (void)state;
    struct script s;
    signalled(&s, 30000);
    int64_t signal_at = s.now;
    s.now += 2000;
    feed(&s, &(struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = 5000});
    assert_int_equal(stop_run_deadline(&s.run), signal_at + 5000);
    s.now = signal_at + 4500;
    on(&s, STOP_ON_TIMER);
    assert_state(&s, STOP_DEADLINE_CHECK);
    feed(&s, &(struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = 60000});
    assert_state(&s, STOP_GRACE);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_state(&s, STOP_GRACE);
    feed(&s, &(struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = 0});
    assert_int_equal(armed_at(&s), s.now);
}

static void stop_engine_grace_is_fixed_once_sigkill_is_decided(void **state)
{
    (void)state;
    struct script s;
    signalled(&s, 1000);
    s.now += 1000;
    on(&s, STOP_ON_TIMER);
    on(&s, STOP_ON_INSPECTED_RUNNING);
    assert_does(&s, STOP_ACTION_KILL);
    assert_true(stop_run_kill_decided(&s.run));
    feed(&s, &(struct stop_input){.event = STOP_ON_GRACE_CHANGED, .grace_ms = 60000});
    assert_int_equal(s.run.grace_ms, 1000);
    assert_int_equal(s.actions.count, 0);
}

static void stop_engine_hold_delays_signal_and_kill(void **state)
{
    (void)state;
    struct script s;
    begin(&s, 1000);
    play(&s, STOP_ON_START, STOP_ON_RELEASED);
    on(&s, STOP_ON_HELD);
    assert_does_not(&s, STOP_ACTION_SIGNAL);
    assert_int_equal(armed_at(&s), s.now + STOP_HOLD_MS);
    signalled(&s, 1000);
    s.now += 900;
    on(&s, STOP_ON_TIMER);
    s.now += 100;
    on(&s, STOP_ON_HELD);
    assert_does_not(&s, STOP_ACTION_KILL);
    assert_state(&s, STOP_GRACE);
}

/* ---- the documentation ---- */

static void stop_engine_documentation_shows_this_table(void **state)
{
    (void)state;
    char *made = NULL;
    size_t made_length = 0;
    FILE *out = open_memstream(&made, &made_length);
    assert_non_null(out);
    stop_engine_write_markdown(out);
    fclose(out);
    FILE *page = fopen("docs/stopping.md", "re");
    assert_non_null(page);
    char text[1 << 16];
    size_t length = fread(text, 1, sizeof text - 1, page);
    fclose(page);
    text[length] = '\0';
    if (strstr(text, made) == NULL) {
        fail_msg("docs/stopping.md differs from stop_engine.def: make its last section anew with "
                 "`test_stop_engine --markdown`");
    }
    free(made);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--markdown") == 0) {
        stop_engine_write_markdown(stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_engine_table_defines_every_cell),
        cmocka_unit_test(stop_engine_impossible_event_is_a_bug_and_changes_nothing),
        cmocka_unit_test(stop_engine_refuses_values_outside_the_enums),
        cmocka_unit_test(stop_engine_obedient_run_gets_one_signal_and_ends),
        cmocka_unit_test(stop_engine_kills_exactly_at_the_deadline),
        cmocka_unit_test(stop_engine_looks_again_when_the_last_look_is_stale),
        cmocka_unit_test(stop_engine_never_kills_after_a_hint_without_a_look),
        cmocka_unit_test(stop_engine_failed_inspection_delays_the_kill),
        cmocka_unit_test(stop_engine_forced_stop_kills_without_a_signal),
        cmocka_unit_test(stop_engine_drains_before_it_looks),
        cmocka_unit_test(stop_engine_changed_grace_counts_from_the_signal),
        cmocka_unit_test(stop_engine_grace_is_fixed_once_sigkill_is_decided),
        cmocka_unit_test(stop_engine_hold_delays_signal_and_kill),
        cmocka_unit_test(stop_engine_documentation_shows_this_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
