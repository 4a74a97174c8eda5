#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "worker/host/journal.h"
#include "worker/host/state_lock.h"

static char directory[64];
static const char *closed_task;

static int make_directory(void **state)
{
    (void)state;
    closed_task = NULL;
    strcpy(directory, "/tmp/test_journal_XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int count_files(const char *prefix, bool and_delete)
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

static int drop_directory(void **state)
{
    (void)state;
    (void)count_files("", true);
    return rmdir(directory);
}

static bool is_open(void *context, struct span task)
{
    (void)context;
    return closed_task == NULL || !span_equal_text(task, closed_task);
}

static void open_as_it_is(struct journal *journal, const char *incarnation, int64_t max_bytes,
                          struct journal_found *found)
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
static void open_journal(struct journal *journal, const char *incarnation, int64_t max_bytes,
                         struct journal_found *found)
{
    open_as_it_is(journal, incarnation, max_bytes, found);
    journal_whole(journal);
}

static void encode(enum event_type type, const char *task, const char *id, struct buffer *bytes)
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

static int append(struct journal *journal, enum event_type type, const char *task, const char *id,
                  bool begins)
{
    struct buffer bytes;
    encode(type, task, id, &bytes);
    int rc = journal_append_event(journal, buffer_span(&bytes), begins, NULL);
    buffer_release(&bytes);
    return rc;
}

static void append_fact(struct journal *journal, const char *task, const char *id)
{
    struct buffer bytes;
    encode(EVENT_CONTAINER_EXITED, task, id, &bytes);
    assert_int_equal(journal_append_fact(journal, buffer_span(&bytes), NULL), 0);
    buffer_release(&bytes);
}

static void append_exit(struct journal *journal, const char *task, const char *id)
{
    assert_int_equal(append(journal, EVENT_CONTAINER_EXITED, task, id, false), 0);
}

static void append_intent(struct journal *journal, const char *task, int64_t boot_ms)
{
    struct journal_intent intent = {.task = task,
                                    .run = {"x", 1},
                                    .signal = "SIGTERM",
                                    .boot_ms = boot_ms,
                                    .unix_ms = 77,
                                    .boot_id = "boot"};
    assert_int_equal(journal_append_intent(journal, &intent, NULL), 0);
}

static void assert_item(const struct journal_found *found, size_t at, const char *id,
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

static void journal_first_one_finds_nothing(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    assert_false(found.any);
    assert_int_equal(found.items.count, 0);
    journal_found_release(&found);
    journal_close(&journal);
    open_journal(&journal, "two", 0, &found);
    assert_true(found.any);
    assert_int_equal(found.items.count, 0);
    assert_int_equal(count_files("journal-", false), 1);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_without_an_older_one_is_partial_until_it_is_called_whole(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_as_it_is(&journal, "one", 0, &found);
    assert_int_equal(count_files("partial-one", false), 1);
    append_exit(&journal, "t", "e1");
    journal_found_release(&found);
    journal_close(&journal);
    open_as_it_is(&journal, "two", 0, &found);
    assert_true(found.any);
    assert_true(found.partial);
    assert_item(&found, 0, "e1", false);
    assert_int_equal(count_files("partial-", false), 1);
    journal_whole(&journal);
    assert_int_equal(count_files("partial-", false), 0);
    append_exit(&journal, "t", "e2");
    journal_found_release(&found);
    journal_close(&journal);
    open_as_it_is(&journal, "three", 0, &found);
    assert_false(found.partial);
    assert_int_equal(found.items.count, 2);
    assert_int_equal(count_files("journal-three", false), 1);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_that_could_not_be_written_is_partial(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 400, &found);
    journal_found_release(&found);
    while (append(&journal, EVENT_CONTAINER_EXITED, "t", "e", false) == 0) {
    }
    assert_int_equal(count_files("partial-one", false), 1);
    journal_close(&journal);
    open_as_it_is(&journal, "two", 0, &found);
    assert_true(found.partial);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_keeps_facts_of_the_log_apart_from_what_is_to_be_sent(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_fact(&journal, "t", "f1");
    append_fact(&journal, "old", "f2");
    append_exit(&journal, "t", "e1");
    append_exit(&journal, "t", "e2");
    journal_delivered(&journal, 1);
    closed_task = "old";
    assert_int_equal(journal_compact(&journal, NULL), 0);
    journal_close(&journal);
    open_journal(&journal, "two", 0, &found);
    assert_int_equal(found.items.count, 3);
    assert_int_equal(found.items.items[0].kind, JOURNAL_FACT);
    assert_true(span_equal_text(record_peek_text(found.items.items[0].event, "id"), "f1"));
    assert_item(&found, 1, "e1", true);
    assert_item(&found, 2, "e2", false);
    assert_int_equal(journal.events, 2);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_is_taken_over_in_order(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_exit(&journal, "t", "e1");
    append_intent(&journal, "t", 10);
    append_exit(&journal, "t", "e2");
    append_exit(&journal, "t", "e3");
    journal_delivered(&journal, 1);
    journal_delivered(&journal, 2);
    append_exit(&journal, "t", "e4");
    journal_close(&journal);
    for (int round = 0; round < 3; round++) {
        char name[16];
        snprintf(name, sizeof name, "n%d", round);
        open_journal(&journal, name, 0, &found);
        assert_int_equal(found.items.count, 5);
        assert_item(&found, 0, "e1", true);
        assert_item(&found, 1, NULL, false);
        assert_item(&found, 2, "e2", true);
        assert_item(&found, 3, "e3", true);
        assert_item(&found, 4, "e4", false);
        assert_int_equal(journal.events, 4);
        assert_int_equal(journal.delivered, 3);
        assert_int_equal(count_files("journal-", false), 1);
        journal_found_release(&found);
        journal_close(&journal);
    }
}

static void journal_missing_mark_means_to_deliver_again(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_exit(&journal, "t", "e1");
    append_exit(&journal, "t", "e2");
    journal_delivered(&journal, 1); /* not all: the mark waits */
    journal_close(&journal);
    open_journal(&journal, "two", 0, &found);
    assert_item(&found, 0, "e1", false);
    assert_item(&found, 1, "e2", false);
    journal_found_release(&found);
    journal_close(&journal);
}

static void copy_file(const char *from, const char *to)
{
    char command[400];
    snprintf(command, sizeof command, "%s/%s", directory, from);
    FILE *in = fopen(command, "re");
    snprintf(command, sizeof command, "%s/%s", directory, to);
    FILE *out = fopen(command, "we");
    assert_non_null(in);
    assert_non_null(out);
    for (int byte = fgetc(in); byte != EOF; byte = fgetc(in)) {
        fputc(byte, out);
    }
    fclose(in);
    assert_int_equal(fclose(out), 0);
}

static int remove_file(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return remove(path);
}

static void link_file(const char *from, const char *to)
{
    char old[200], new[200];
    snprintf(old, sizeof old, "%s/%s", directory, from);
    snprintf(new, sizeof new, "%s/%s", directory, to);
    assert_int_equal(link(old, new), 0);
}

static void journal_that_was_copied_is_partial_and_leaves_the_start_to_its_writer(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    assert_int_equal(append(&journal, EVENT_WORKER_STARTED, NULL, "w1", true), 0);
    journal_delivered(&journal, 1);
    append_exit(&journal, "t", "e1");
    assert_int_equal(append(&journal, EVENT_WORKER_STARTED, NULL, "w2", true), 0);
    append_exit(&journal, "t", "e2");
    assert_int_equal(journal_compact(&journal, NULL), 0); /* the same journal in another file */
    journal_close(&journal);
    copy_file("journal-one", "journal-copy");
    assert_int_equal(remove_file("journal-one"), 0);
    open_as_it_is(&journal, "two", 0, &found);
    assert_true(found.copied);
    assert_true(found.partial);
    assert_int_equal(found.items.count, 2);
    assert_item(&found, 0, "e1", false);
    assert_item(&found, 1, "e2", false);
    assert_int_equal(journal.events, 2);
    journal_found_release(&found);
    journal_close(&journal);
    open_as_it_is(&journal, "three", 0, &found);
    assert_false(found.copied);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_crash_while_taking_over_doubles_nothing(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_exit(&journal, "t", "e1");
    append_intent(&journal, "t", 10);
    journal_close(&journal);
    link_file("journal-one", "kept");
    open_journal(&journal, "two", 0, &found);
    journal_found_release(&found);
    append_intent(&journal, "t", 20);
    append_exit(&journal, "t", "e2");
    journal_close(&journal);
    link_file("kept", "journal-one"); /* as if its deletion had not come about */
    open_journal(&journal, "three", 0, &found);
    assert_int_equal(found.items.count, 4);
    assert_item(&found, 0, "e1", false);
    assert_item(&found, 1, NULL, false);
    assert_item(&found, 2, NULL, false);
    assert_item(&found, 3, "e2", false);
    assert_int_equal(count_files("journal-", false), 1);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_torn_end_is_cut(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_exit(&journal, "t", "e1");
    append_exit(&journal, "t", "e2");
    assert_int_equal(truncate(journal.file.path, journal.file.size_bytes - 3), 0);
    journal_close(&journal);
    open_journal(&journal, "two", 0, &found);
    assert_true(found.any);
    assert_int_equal(found.items.count, 1);
    assert_item(&found, 0, "e1", false);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_that_is_none_is_set_aside_and_counts_as_lost(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/journal-bad", directory);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("this is no journal at all", file);
    assert_int_equal(fclose(file), 0);
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    assert_false(found.any);
    assert_true(found.partial);
    assert_int_equal(count_files("damaged-", false), 1);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_compaction_keeps_what_is_needed(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_exit(&journal, "old", "o1");
    append_intent(&journal, "old", 1);
    append_exit(&journal, "t", "e1");
    append_intent(&journal, "t", 2);
    assert_int_equal(append(&journal, EVENT_WORKER_STARTED, NULL, "w1", true), 0);
    journal_delivered(&journal, 3);
    append_exit(&journal, "old", "o2"); /* not delivered yet */
    closed_task = "old";
    off_t before = journal.file.size_bytes;
    assert_int_equal(journal_compact(&journal, NULL), 0);
    assert_true(journal.file.size_bytes < before);
    assert_int_equal(journal.events, 2);
    assert_int_equal(journal.delivered, 1);
    append_exit(&journal, "t", "e2");
    journal_close(&journal);
    assert_int_equal(count_files("", false), 1);
    open_journal(&journal, "two", 0, &found);
    assert_int_equal(found.items.count, 4);
    assert_item(&found, 0, "e1", true);
    assert_item(&found, 1, NULL, false);
    assert_item(&found, 2, "o2", false);
    assert_item(&found, 3, "e2", false);
    journal_found_release(&found);
    journal_close(&journal);
}

static void journal_full_of_ended_stops_makes_room(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 20000, &found);
    journal_found_release(&found);
    closed_task = "old";
    for (int i = 0; i < 1000; i++) {
        char id[16];
        snprintf(id, sizeof id, "o%d", i);
        append_exit(&journal, "old", id);
        journal_delivered(&journal, 1);
    }
    assert_true(journal.file.size_bytes <= 20000);
    journal_close(&journal);
}

static void journal_keeps_room_for_stops_under_way(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 8000, &found);
    journal_found_release(&found);
    int begun = 0;
    while (append(&journal, EVENT_CONTAINER_EXITED, "t", "b", true) == 0) {
        begun++;
    }
    assert_true(begun > 5);
    assert_in_range(journal.file.size_bytes, 4000, 6100);
    int64_t events = journal.events;
    append_exit(&journal, "t", "under way");
    append_intent(&journal, "t", 1);
    assert_int_equal(journal.events, events + 1);
    while (append(&journal, EVENT_CONTAINER_EXITED, "t", "b", false) == 0) {
    }
    assert_in_range(journal.file.size_bytes, 7000, 8100);
    journal_close(&journal);
}

static void journal_delivered_survives_compaction(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_exit(&journal, "t", "e1");
    append_exit(&journal, "t", "e2");
    journal_delivered(&journal, 1);
    assert_int_equal(journal_compact(&journal, NULL), 0);
    journal_delivered(&journal, 1);
    journal_close(&journal);
    open_journal(&journal, "two", 0, &found);
    assert_item(&found, 0, "e1", true);
    assert_item(&found, 1, "e2", true);
    journal_found_release(&found);
    journal_close(&journal);
}

/* ---- the lock beside it ---- */

static void state_lock_names_its_holder(void **state)
{
    (void)state;
    struct error err = {0};
    char deep[100];
    snprintf(deep, sizeof deep, "%s/new", directory);
    int fd = state_lock_take(deep, &err);
    assert_true(fd >= 0);
    assert_int_equal(state_lock_take(deep, &err), -1);
    assert_int_equal(err.code, ERROR_CONFLICT);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(err.message, pid));
    close(fd);
    fd = state_lock_take(deep, &err);
    assert_true(fd >= 0);
    close(fd);
    char path[128];
    snprintf(path, sizeof path, "%s/lock", deep);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(deep), 0);
}

static void state_lock_unusable_directory_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(state_lock_take("/proc/nowhere/state", &err), -1);
    assert_int_equal(err.code, ERROR_IO);
}

#define with_directory(test) cmocka_unit_test_setup_teardown(test, make_directory, drop_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_directory(journal_first_one_finds_nothing),
        with_directory(journal_that_was_copied_is_partial_and_leaves_the_start_to_its_writer),
        with_directory(journal_without_an_older_one_is_partial_until_it_is_called_whole),
        with_directory(journal_that_could_not_be_written_is_partial),
        with_directory(journal_keeps_facts_of_the_log_apart_from_what_is_to_be_sent),
        with_directory(journal_is_taken_over_in_order),
        with_directory(journal_missing_mark_means_to_deliver_again),
        with_directory(journal_crash_while_taking_over_doubles_nothing),
        with_directory(journal_torn_end_is_cut),
        with_directory(journal_that_is_none_is_set_aside_and_counts_as_lost),
        with_directory(journal_compaction_keeps_what_is_needed),
        with_directory(journal_full_of_ended_stops_makes_room),
        with_directory(journal_keeps_room_for_stops_under_way),
        with_directory(journal_delivered_survives_compaction),
        with_directory(state_lock_names_its_holder),
        with_directory(state_lock_unusable_directory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
