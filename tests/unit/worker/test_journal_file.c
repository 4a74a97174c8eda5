/* The file of a journal: damage, compaction, and room for the stops under way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/worker/journal_make.h"

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

/** kill -9 between the first byte of the new file and its renaming. */
static void journal_compaction_that_was_cut_short_leaves_nothing_behind(void **state)
{
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    append_exit(&journal, "t", "e1");
    journal_close(&journal);
    char path[200];
    snprintf(path, sizeof path, "%s/compacting-one", directory);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    open_journal(&journal, "two", 0, &found);
    assert_int_equal(found.items.count, 1);
    assert_item(&found, 0, "e1", false);
    assert_int_equal(count_files("", false), 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(journal_torn_end_is_cut),
        TEST(journal_that_is_none_is_set_aside_and_counts_as_lost),
        TEST(journal_compaction_keeps_what_is_needed),
        TEST(journal_compaction_that_was_cut_short_leaves_nothing_behind),
        TEST(journal_full_of_ended_stops_makes_room),
        TEST(journal_keeps_room_for_stops_under_way),
        TEST(journal_delivered_survives_compaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
