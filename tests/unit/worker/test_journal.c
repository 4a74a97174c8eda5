/* What journals are found, and what is taken over of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/worker/journal_make.h"

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

/** So many that looking through all for each does not come to an end in the time of a test. */
static void journal_crash_while_taking_over_many_doubles_none(void **state)
{
    enum { EVENTS = 60000 };
    (void)state;
    struct journal journal;
    struct journal_found found;
    open_journal(&journal, "one", 0, &found);
    journal_found_release(&found);
    for (int i = 0; i < EVENTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "e%d", i);
        append_exit(&journal, "t", id);
    }
    journal_close(&journal);
    link_file("journal-one", "kept");
    open_journal(&journal, "two", 0, &found);
    assert_int_equal(found.items.count, EVENTS);
    journal_found_release(&found);
    append_exit(&journal, "t", "last");
    journal_close(&journal);
    link_file("kept", "journal-one");
    open_journal(&journal, "three", 0, &found);
    assert_int_equal(found.items.count, EVENTS + 1);
    assert_item(&found, 0, "e0", false);
    assert_item(&found, EVENTS, "last", false);
    journal_found_release(&found);
    journal_close(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(journal_first_one_finds_nothing),
        TEST(journal_that_was_copied_is_partial_and_leaves_the_start_to_its_writer),
        TEST(journal_without_an_older_one_is_partial_until_it_is_called_whole),
        TEST(journal_that_could_not_be_written_is_partial),
        TEST(journal_keeps_facts_of_the_log_apart_from_what_is_to_be_sent),
        TEST(journal_is_taken_over_in_order),
        TEST(journal_missing_mark_means_to_deliver_again),
        TEST(journal_crash_while_taking_over_doubles_nothing),
        TEST(journal_crash_while_taking_over_many_doubles_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
