#ifndef TESTS_UNIT_WORKER_JOURNAL_MAKE_H
#define TESTS_UNIT_WORKER_JOURNAL_MAKE_H

/** A state directory of a test's own, and journals in it. Include after cmocka.h. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/host/journal.h"

static char directory[64];
static const char *closed_task;

static inline int make_directory(void **state)
{
    (void)state;
    closed_task = NULL;
    strcpy(directory, "/tmp/test_journal_XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static inline int count_files(const char *prefix, bool and_delete)
{
    int count = 0;
    DIR *dir = opendir(directory);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        count++;
        char path[400];
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        if (and_delete) {
            assert_int_equal(unlink(path), 0);
        }
    }
    closedir(dir);
    return count;
}

static inline int drop_directory(void **state)
{
    (void)state;
    (void)count_files("", true);
    return rmdir(directory);
}

static inline bool is_open(void *context, struct span task)
{
    (void)context;
    return closed_task == NULL || !span_equal_text(task, closed_task);
}

static inline void open_as_it_is(struct journal *journal, const char *incarnation,
                                 int64_t max_bytes, struct journal_found *found)
{
    struct journal_config config = {.directory = directory,
                                    .incarnation = incarnation,
                                    .max_bytes = max_bytes,
                                    .is_open = is_open};
    struct error err = {0};
    if (journal_open(journal, &config, found, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

/** By a worker that has read the log. */
static inline void open_journal(struct journal *journal, const char *incarnation, int64_t max_bytes,
                                struct journal_found *found)
{
    open_as_it_is(journal, incarnation, max_bytes, found);
    journal_whole(journal);
}

static inline void encode(enum event_type type, const char *task, const char *id,
                          struct buffer *bytes)
{
    struct event event = {.type = type,
                          .version = EVENT_MAJOR_VERSION,
                          .id = id,
                          .ts = 5,
                          .account = "1",
                          .region = "r",
                          .cluster = "c",
                          .task = task,
                          .host = "h",
                          .actor = {"p", "i", "inc", "boot"}};
    if (type == EVENT_CONTAINER_EXITED) {
        event.container_exited.result = (struct run_result){.container_id = "x", .started_at = 1};
    }
    struct error err = {0};
    buffer_init(bytes, EVENT_MAX_BYTES);
    if (event_encode(&event, bytes, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

static inline int append(struct journal *journal, enum event_type type, const char *task,
                         const char *id, bool begins)
{
    struct buffer bytes;
    encode(type, task, id, &bytes);
    int rc = journal_append_event(journal, buffer_span(&bytes), begins, NULL);
    buffer_release(&bytes);
    return rc;
}

static inline void append_fact(struct journal *journal, const char *task, const char *id)
{
    struct buffer bytes;
    encode(EVENT_CONTAINER_EXITED, task, id, &bytes);
    assert_int_equal(journal_append_fact(journal, buffer_span(&bytes), NULL), 0);
    buffer_release(&bytes);
}

static inline void append_exit(struct journal *journal, const char *task, const char *id)
{
    assert_int_equal(append(journal, EVENT_CONTAINER_EXITED, task, id, false), 0);
}

static inline void append_intent(struct journal *journal, const char *task, int64_t boot_ms)
{
    struct journal_intent intent = {.task = task,
                                    .run = {"x", 1},
                                    .signal = "SIGTERM",
                                    .boot_ms = boot_ms,
                                    .unix_ms = 77,
                                    .boot_id = "boot"};
    assert_int_equal(journal_append_intent(journal, &intent, NULL), 0);
}

static inline void assert_item(const struct journal_found *found, size_t at, const char *id,
                               bool delivered)
{
    assert_true(at < found->items.count);
    const struct journal_item *item = &found->items.items[at];
    if (id == NULL) {
        assert_int_equal(item->kind, JOURNAL_INTENT);
        assert_string_equal(item->intent.signal, "SIGTERM");
        assert_string_equal(item->intent.run.container_id, "x");
        return;
    }
    assert_int_equal(item->kind, JOURNAL_EVENT);
    assert_true(span_equal_text(record_peek_text(item->event, "id"), id));
    assert_int_equal(item->delivered, delivered);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, drop_directory)

#endif
