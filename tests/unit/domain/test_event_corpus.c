#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/reduce.h"
#include "tests/support/event_corpus.h"

/* Events that somebody's log may hold, written by every version so far: they are read and folded
 * for ever, to the tasks beside them. */

enum { TASKS_MAX = 8 };

static void corpus_has_every_type_of_event(void **state)
{
    (void)state;
    struct event_corpus corpus = event_corpus_read(".msgpack");
    bool seen[EVENT_TYPE_COUNT] = {false};
    for (size_t i = 0; i < corpus.count; i++) {
        struct event event;
        struct error err = {0};
        if (event_decode(buffer_span(&corpus.files[i]), &event, &err) < 0) {
            fail_msg("%s: %s", corpus.names[i], err.message);
        }
        seen[event.type] = true;
        event_release(&event);
    }
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        if (!seen[type]) {
            fail_msg("no event of type %d: make_corpus", type);
        }
    }
    event_corpus_release(&corpus);
}

static void corpus_is_read_without_loss(void **state)
{
    (void)state;
    struct event_corpus corpus = event_corpus_read(".msgpack");
    for (size_t i = 0; i < corpus.count; i++) {
        struct event event;
        assert_int_equal(event_decode(buffer_span(&corpus.files[i]), &event, NULL), 0);
        json_t *held = event_to_json(buffer_span(&corpus.files[i]), NULL);
        json_t *read = record_to_json(event_spec(event.type), &event, NULL);
        if (strstr(corpus.names[i], "unknown") == NULL && !json_equal(held, read)) {
            fail_msg("%s holds what was not read", corpus.names[i]);
        }
        json_decref(held);
        json_decref(read);
        event_release(&event);
    }
    event_corpus_release(&corpus);
}

static struct task *task_of(struct task *tasks, struct span id)
{
    for (size_t i = 0; i < TASKS_MAX; i++) {
        if (tasks[i].id == NULL || span_equal_text(id, tasks[i].id)) {
            return &tasks[i];
        }
    }
    fail_msg("more than %d tasks in the corpus", TASKS_MAX);
    return NULL;
}

static void assert_task_is_expected(const struct task *task)
{
    char path[512];
    (void)snprintf(path, sizeof path, EVENT_CORPUS_FOLDER "/99-%s.json", task->id);
    json_error_t why;
    json_t *expected = json_load_file(path, 0, &why);
    if (expected == NULL) {
        fail_msg("%s: %s", path, why.text);
    }
    json_t *folded = record_to_json(&TASK_SPEC, task, NULL);
    if (!json_equal(expected, folded)) {
        char *text = json_dumps(folded, JSON_INDENT(1));
        fail_msg("%s is not the fold any more:\n%s", path, text);
    }
    json_decref(expected);
    json_decref(folded);
}

static void corpus_folds_to_the_same_tasks_for_ever(void **state)
{
    (void)state;
    struct event_corpus corpus = event_corpus_read(".msgpack");
    struct event_corpus expected = event_corpus_read(".json");
    struct task tasks[TASKS_MAX] = {0};
    for (size_t i = 0; i < corpus.count; i++) {
        struct span bytes = buffer_span(&corpus.files[i]);
        struct span id = record_peek_text(bytes, "task");
        if (id.data != NULL) {
            assert_int_equal(reduce_bytes(task_of(tasks, id), bytes, NULL, NULL), 0);
        }
    }
    size_t count = 0;
    for (; count < TASKS_MAX && tasks[count].id != NULL; count++) {
        assert_task_is_expected(&tasks[count]);
        task_release(&tasks[count]);
    }
    assert_int_equal(count, expected.count);
    event_corpus_release(&corpus);
    event_corpus_release(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus_has_every_type_of_event),
        cmocka_unit_test(corpus_is_read_without_loss),
        cmocka_unit_test(corpus_folds_to_the_same_tasks_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
