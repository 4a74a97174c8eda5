#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/domain/folding.h"

/* The laws of reduce.h over random histories of one task. A failing one is named by its seed. */

enum { HISTORIES = 1000, LENGTH_MAX = 40, COPIES_MAX = 20 };

/* A log of one task: bytes of events, some of them more than once. */
struct history {
    struct buffer events[LENGTH_MAX + COPIES_MAX];
    size_t count;
};

static uint64_t failing_seed;

static int name_the_seed(void **state)
{
    (void)state;
    if (failing_seed != 0) {
        (void)fprintf(stderr, "history of seed %llu\n", (unsigned long long)failing_seed);
    }
    return 0;
}

static struct history history_of(struct sample_random *random)
{
    struct history history = {.count = 1 + sample_random_below(random, LENGTH_MAX)};
    for (size_t i = 0; i < history.count; i++) {
        struct event event;
        sample_random_event(&event, random, (unsigned)i);
        history.events[i] = bytes_of(&event);
    }
    return history;
}

static void history_release(struct history *history)
{
    for (size_t i = 0; i < history->count; i++) {
        buffer_release(&history->events[i]);
    }
}

static void fold_bytes(struct task *task, const struct buffer *event, bool *ret_changed)
{
    struct error err = {0};
    if (reduce_bytes(task, buffer_span(event), ret_changed, &err) < 0) {
        fail_msg("%s", err.message);
    }
}

/* The base after the events from..to of the history. */
static struct buffer fold_range(const struct buffer *start, const struct history *history,
                                size_t from, size_t to)
{
    struct task task = {0};
    if (start != NULL) {
        assert_int_equal(task_decode(buffer_span(start), &task, NULL), 0);
    }
    for (size_t i = from; i < to; i++) {
        fold_bytes(&task, &history->events[i], NULL);
    }
    struct buffer base = base_of(&task);
    task_release(&task);
    return base;
}

static void assert_same(struct buffer *a, struct buffer *b)
{
    assert_true(span_equal(buffer_span(a), buffer_span(b)));
    buffer_release(a);
    buffer_release(b);
}

/* The same history with some events once more at later places, as retries and redeliveries bring
 * them. The copies borrow nothing. */
static struct history with_repeats(const struct history *history, struct sample_random *random)
{
    struct history longer = {0};
    size_t copies = 0;
    for (size_t i = 0; i < history->count; i++) {
        struct span bytes = buffer_span(&history->events[i]);
        buffer_init(&longer.events[longer.count], EVENT_MAX_BYTES);
        assert_int_equal(
            buffer_append(&longer.events[longer.count++], bytes.data, bytes.length, NULL), 0);
        while (copies < COPIES_MAX && sample_random_below(random, 3) == 0) {
            bytes = buffer_span(&history->events[sample_random_below(random, (unsigned)i + 1)]);
            buffer_init(&longer.events[longer.count], EVENT_MAX_BYTES);
            assert_int_equal(
                buffer_append(&longer.events[longer.count++], bytes.data, bytes.length, NULL), 0);
            copies++;
        }
    }
    return longer;
}

static void law_an_event_folds_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        failing_seed = seed;
        struct sample_random random = sample_random_of(seed);
        struct history history = history_of(&random);
        struct history longer = with_repeats(&history, &random);
        struct buffer once = fold_range(NULL, &history, 0, history.count);
        struct buffer repeated = fold_range(NULL, &longer, 0, longer.count);
        assert_same(&once, &repeated);
        history_release(&history);
        history_release(&longer);
    }
    failing_seed = 0;
}

static void law_the_whole_log_again_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        failing_seed = seed;
        struct sample_random random = sample_random_of(seed);
        struct history history = history_of(&random);
        struct buffer once = fold_range(NULL, &history, 0, history.count);
        struct buffer twice = fold_range(&once, &history, 0, history.count);
        assert_same(&once, &twice);
        history_release(&history);
    }
    failing_seed = 0;
}

static void law_a_base_goes_on_where_the_fold_was(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        failing_seed = seed;
        struct sample_random random = sample_random_of(seed);
        struct history history = history_of(&random);
        size_t cut = sample_random_below(&random, (unsigned)history.count + 1);
        struct buffer all = fold_range(NULL, &history, 0, history.count);
        struct buffer prefix = fold_range(NULL, &history, 0, cut);
        struct buffer rest = fold_range(&prefix, &history, cut, history.count);
        buffer_release(&prefix);
        assert_same(&all, &rest);
        history_release(&history);
    }
    failing_seed = 0;
}

static void law_base_and_pending_equal_the_fold(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        failing_seed = seed;
        struct sample_random random = sample_random_of(seed);
        struct history history = history_of(&random);
        size_t folded = sample_random_below(&random, (unsigned)history.count) + 1;
        struct view_pending pending[LENGTH_MAX];
        size_t count = 0;
        struct task whole = {0};
        for (size_t i = 0; i < history.count; i++) {
            enum event_type type =
                event_type_from_name(record_peek_text(buffer_span(&history.events[i]), "type"));
            bool is_of_api = type == EVENT_STOP_REQUESTED || type == EVENT_TASK_TAGGED;
            if (is_of_api) { /* those at or below pos are there, too, until a put drops them */
                pending[count++] = (struct view_pending){.offset = (int64_t)i,
                                                         .bytes = buffer_span(&history.events[i])};
            }
            if (i < folded || is_of_api) {
                fold_bytes(&whole, &history.events[i], NULL);
            }
        }
        for (size_t i = count; i > 1; i--) {
            size_t other = sample_random_below(&random, (unsigned)i);
            struct view_pending kept = pending[i - 1];
            pending[i - 1] = pending[other];
            pending[other] = kept;
        }
        struct buffer base = fold_range(NULL, &history, 0, folded);
        struct task task;
        assert_int_equal(task_decode(buffer_span(&base), &task, NULL), 0);
        assert_int_equal(view_fold(&task, (int64_t)folded - 1, pending, count, NULL), 0);
        struct buffer viewed = base_of(&task);
        struct buffer expected = base_of(&whole);
        assert_same(&viewed, &expected);
        buffer_release(&base);
        task_release(&task);
        task_release(&whole);
        history_release(&history);
    }
    failing_seed = 0;
}

/* What must hold between a task and the same task an event later. */
static void assert_only_grows(const struct task *before, const struct task *after)
{
    assert_true(task_version(after) >= task_version(before));
    assert_true(after->revision >= before->revision);
    assert_true(after->plan.count >= before->plan.count);
    assert_true(after->signals.count >= before->signals.count);
    assert_true(after->exits.count >= before->exits.count);
    assert_true(!task_is_terminal(before) || task_is_terminal(after));
    if (task_stop_requested(before)) {
        assert_string_equal(after->request_event_id, before->request_event_id);
        assert_int_equal(after->tags.count, 0);
    }
    for (size_t i = 0; i < before->exits.count; i++) {
        const struct run_result *result = &before->exits.items[i];
        const struct run_result *now = task_exit(after, run_of_result(result));
        assert_non_null(now);
        if (result->exit_code.known) {
            assert_true(now->exit_code.known && now->exit_code.value == result->exit_code.value);
        }
    }
    for (size_t i = 0; i < after->stuck.count; i++) {
        const struct stuck_run *stuck = &after->stuck.items[i];
        assert_null(task_exit(after, (struct run){stuck->container_id, stuck->started_at}));
    }
    for (size_t i = 0; task_is_terminal(after) && i < after->plan.count; i++) {
        assert_non_null(task_exit(after, run_of_planned(&after->plan.items[i])));
    }
}

static void law_facts_only_grow_and_changed_is_true(void **state)
{
    (void)state;
    size_t ended = 0;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        failing_seed = seed;
        struct sample_random random = sample_random_of(seed);
        struct history history = history_of(&random);
        struct task task = {0};
        struct buffer base = base_of(&task);
        for (size_t i = 0; i < history.count; i++) {
            struct task before;
            bool changed = false;
            assert_int_equal(task_decode(buffer_span(&base), &before, NULL), 0);
            fold_bytes(&task, &history.events[i], &changed);
            assert_only_grows(&before, &task);
            assert_true(changed == !record_equal(&TASK_SPEC, &before, &task));
            buffer_release(&base);
            base = base_of(&task);
            task_release(&before);
        }
        ended += task_is_terminal(&task);
        buffer_release(&base);
        task_release(&task);
        history_release(&history);
    }
    failing_seed = 0;
    assert_in_range(ended, HISTORIES / 10, HISTORIES * 9 / 10);
}

static void law_without_memory_nothing_changes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES / 10; seed++) {
        failing_seed = seed;
        struct sample_random random = sample_random_of(seed);
        struct history history = history_of(&random);
        struct task task = {0};
        for (size_t i = 0; i < history.count; i++) {
            struct buffer before = base_of(&task);
            for (size_t room = 1;; room += 64) {
                struct error err = {0};
                task.arena.max_bytes = task.arena.used_bytes + room;
                int rc = reduce_bytes(&task, buffer_span(&history.events[i]), NULL, &err);
                task.arena.max_bytes = 0;
                if (rc == 0) {
                    break;
                }
                assert_int_equal(err.code, ERROR_NO_MEMORY);
                struct buffer after = base_of(&task);
                assert_true(span_equal(buffer_span(&before), buffer_span(&after)));
                buffer_release(&after);
            }
            buffer_release(&before);
        }
        struct buffer folded = base_of(&task);
        struct buffer expected = fold_range(NULL, &history, 0, history.count);
        assert_same(&folded, &expected);
        task_release(&task);
        history_release(&history);
    }
    failing_seed = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(law_an_event_folds_once, name_the_seed),
        cmocka_unit_test_teardown(law_the_whole_log_again_changes_nothing, name_the_seed),
        cmocka_unit_test_teardown(law_a_base_goes_on_where_the_fold_was, name_the_seed),
        cmocka_unit_test_teardown(law_base_and_pending_equal_the_fold, name_the_seed),
        cmocka_unit_test_teardown(law_facts_only_grow_and_changed_is_true, name_the_seed),
        cmocka_unit_test_teardown(law_without_memory_nothing_changes, name_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
