/* Events as real engines write them, and what they prove. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/docker_sample.h"
#include "worker/runtime/docker_event.h"
#include "worker/runtime/docker_history.h"
#include "worker/runtime/line_splitter.h"

enum { EVENTS_MAX = 64 };

static struct arena arena;
static struct docker_event events[EVENTS_MAX];
static size_t event_count;

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void read_sample(const char *name)
{
    struct buffer text = docker_sample_text(name);
    struct line_splitter lines;
    struct span line;
    struct error err = {0};

    line_splitter_init(&lines, 1 << 20);
    assert_int_equal(line_splitter_feed(&lines, buffer_span(&text), &err), 0);
    for (event_count = 0; line_splitter_next(&lines, &line); event_count++) {
        assert_true(event_count < EVENTS_MAX);
        assert_int_equal(docker_event_read(line, &arena, &events[event_count], &err), 0);
    }
    line_splitter_release(&lines);
    buffer_release(&text);
}

static const struct docker_event *find(enum docker_action action, const char *id_begin)
{
    for (size_t i = 0; i < event_count; i++) {
        if (events[i].action == action && events[i].container_id != NULL &&
            strncmp(events[i].container_id, id_begin, strlen(id_begin)) == 0) {
            return &events[i];
        }
    }
    return NULL;
}

static void dockers_events_are_read(void **state)
{
    (void)state;
    read_sample("docker_events.jsonl");
    assert_non_null(find(DOCKER_ACTION_CREATE, "ba50"));
    assert_non_null(find(DOCKER_ACTION_START, "ba50"));
    assert_non_null(find(DOCKER_ACTION_CHANGE, "ba50")); /* health_status: healthy */
    assert_non_null(find(DOCKER_ACTION_CHANGE, "a336")); /* oom */
    assert_non_null(find(DOCKER_ACTION_OTHER, "ba50"));  /* exec_start */
    assert_non_null(find(DOCKER_ACTION_CHANGE, "1ab8")); /* rename */
    assert_non_null(find(DOCKER_ACTION_DESTROY, "ba50"));
    const struct docker_event *kill = find(DOCKER_ACTION_KILL, "df9d");
    assert_non_null(kill);
    assert_int_equal(kill->signal, 2);
    const struct docker_event *die = find(DOCKER_ACTION_DIE, "df9d");
    assert_non_null(die);
    assert_true(die->exit_code.known);
    assert_int_equal(die->exit_code.value, 7);
    assert_int_equal(die->time_nanos, 1795413868307905288);
    assert_int_equal(die->time_unix_ms, 1795413868307);
    assert_int_equal(find(DOCKER_ACTION_DIE, "a336")->exit_code.value, 137);
    /* A network's event is nobody's. */
    size_t foreign = 0;
    for (size_t i = 0; i < event_count; i++) {
        foreign += events[i].container_id == NULL ? 1 : 0;
    }
    assert_true(foreign >= 1);
}

static void podmans_events_are_read(void **state)
{
    (void)state;
    read_sample("podman_events.jsonl");
    assert_int_equal(find(DOCKER_ACTION_DIE, "d06e")->exit_code.value, 137);
    assert_int_equal(find(DOCKER_ACTION_KILL, "d06e")->signal, 0);
    assert_non_null(find(DOCKER_ACTION_START, "d06e"));
}

static int read_text(const char *text, struct docker_event *event)
{
    struct error err = {0};
    int result = docker_event_read(span_of(text), &arena, event, &err);
    assert_true(result == 0 || err.code == ERROR_CORRUPT);
    return result;
}

static void newer_and_stranger_events_are_read_or_refused(void **state)
{
    struct docker_event event;
    (void)state;
    /* API 1.52: without the older members. */
    assert_int_equal(read_text("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"a\","
                               "\"Attributes\":{\"exitCode\":\"0\"}},\"timeNano\":1000000}",
                               &event),
                     0);
    assert_int_equal(event.action, DOCKER_ACTION_DIE);
    assert_true(event.exit_code.known);
    /* An older Podman. */
    assert_int_equal(
        read_text("{\"Type\":\"container\",\"Action\":\"died\",\"Actor\":{\"ID\":\"a\","
                  "\"Attributes\":{\"containerExitCode\":\"4\"}},\"time\":7}",
                  &event),
        0);
    assert_int_equal(event.exit_code.value, 4);
    assert_int_equal(event.time_unix_ms, 7000);
    assert_int_equal(read_text("{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":\"a\","
                               "\"Attributes\":{\"exitCode\":\"-1\"}}}",
                               &event),
                     0);
    assert_false(event.exit_code.known);
    assert_int_equal(event.time_nanos, 0);
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{",
        "{\"Type\":\"container\"}",
        "{\"Action\":\"die\"}",
        "\xff{}",
        "{\"Type\":\"container\",\"Action\":\"die\"}",
        "{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{\"ID\":7}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_text(bad[i], &event), -1);
    }
}

/* ---- history ---- */

static void add(struct docker_history *history, const char *id, enum docker_action action,
                int64_t time_ms, int signal)
{
    const struct docker_event event = {
        .action = action, .container_id = id, .time_unix_ms = time_ms, .signal = signal};
    docker_history_add(history, &event);
}

static struct docker_history history_since(int64_t since_ms)
{
    return (struct docker_history){.container_id = "a", .signal = 15, .since_unix_ms = since_ms};
}

static void a_recorded_signal_is_sent(void **state)
{
    struct docker_history history = history_since(100);
    (void)state;
    add(&history, "a", DOCKER_ACTION_KILL, 50, 15); /* before it is asked about */
    add(&history, "b", DOCKER_ACTION_KILL, 150, 15);
    add(&history, "a", DOCKER_ACTION_KILL, 150, 9);
    assert_int_equal(docker_history_answer(&history), RUNTIME_HISTORY_NOT_SENT);
    add(&history, "a", DOCKER_ACTION_KILL, 160, 15);
    add(&history, "a", DOCKER_ACTION_KILL, 170, 15);
    assert_int_equal(docker_history_answer(&history), RUNTIME_HISTORY_SENT);
    assert_int_equal(history.times, 2);
    assert_int_equal(history.last_unix_ms, 170);
}

static void silence_counts_only_if_the_memory_reaches_back(void **state)
{
    struct docker_history history = history_since(100);
    (void)state;
    assert_int_equal(docker_history_answer(&history), RUNTIME_HISTORY_UNKNOWN);
    add(&history, "b", DOCKER_ACTION_START, 100, 0);
    assert_int_equal(docker_history_answer(&history), RUNTIME_HISTORY_UNKNOWN);
    struct docker_history reaching = history_since(100);
    add(&reaching, NULL, DOCKER_ACTION_OTHER, 99, 0);
    assert_int_equal(docker_history_answer(&reaching), RUNTIME_HISTORY_NOT_SENT);
}

static void an_answer_that_took_its_time_is_no_other_clock(void **state)
{
    (void)state;
    assert_int_equal(docker_clock_ahead(0, 100000, 100010), 0);
    assert_int_equal(docker_clock_ahead(100900, 100000, 100010), 0);
    assert_int_equal(docker_clock_ahead(99100, 100000, 100010), 0);
    assert_int_equal(docker_clock_ahead(100001, 100000, 108000), 0);
    assert_int_equal(docker_clock_ahead(3700000, 100000, 100010), 3599995);
    assert_int_equal(docker_clock_ahead(40000, 100000, 104000), -62000);
}

static void signals_to_a_later_run_are_not_this_runs(void **state)
{
    struct docker_history history = history_since(100);
    (void)state;
    add(&history, "a", DOCKER_ACTION_START, 90, 0);
    add(&history, "a", DOCKER_ACTION_START, 101, 0); /* its own start, told late */
    add(&history, "a", DOCKER_ACTION_DIE, 150, 0);
    add(&history, "a", DOCKER_ACTION_START, 160, 0);
    add(&history, "a", DOCKER_ACTION_KILL, 170, 15);
    assert_int_equal(docker_history_answer(&history), RUNTIME_HISTORY_NOT_SENT);
    struct docker_history late = history_since(100);
    add(&late, "a", DOCKER_ACTION_DIE, 150, 0);
    add(&late, "a", DOCKER_ACTION_KILL, 151, 15); /* written after the death that it caused */
    assert_int_equal(docker_history_answer(&late), RUNTIME_HISTORY_SENT);
}

static void unnamed_signals_prove_nothing(void **state)
{
    struct docker_history history = history_since(100);
    (void)state;
    add(&history, "a", DOCKER_ACTION_START, 90, 0);
    add(&history, "a", DOCKER_ACTION_KILL, 170, 0);
    assert_int_equal(docker_history_answer(&history), RUNTIME_HISTORY_UNKNOWN);
}

/* ---- lines ---- */

static struct line_splitter lines;
static char seen[4096];

static void collect(const char *bytes, size_t length)
{
    struct span line;
    struct error err = {0};
    assert_int_equal(line_splitter_feed(&lines, (struct span){bytes, length}, &err), 0);
    while (line_splitter_next(&lines, &line)) {
        size_t used = strlen(seen);
        (void)snprintf(seen + used, sizeof seen - used, "[%.*s]", (int)line.length, line.data);
    }
}

static void lines_come_whole_however_they_are_cut(void **state)
{
    static const char text[] = "one\ntwo\r\n\n\r\nthree\nfour";
    (void)state;
    for (size_t step = 1; step <= sizeof text - 1; step++) {
        line_splitter_init(&lines, 16);
        seen[0] = '\0';
        for (size_t at = 0; at < sizeof text - 1; at += step) {
            size_t left = sizeof text - 1 - at;
            collect(text + at, left < step ? left : step);
        }
        assert_string_equal(seen, "[one][two][three]");
        collect("\n", 1);
        assert_string_equal(seen, "[one][two][three][four]");
        assert_int_equal(lines.dropped, 0);
        line_splitter_release(&lines);
    }
}

static void lines_that_are_too_long_are_dropped_alone(void **state)
{
    static const char text[] = "ok\n0123456789abcdefX\nfine\n0123456789abcdef\n";
    (void)state;
    for (size_t step = 1; step <= 12; step++) {
        line_splitter_init(&lines, 16);
        seen[0] = '\0';
        for (size_t at = 0; at < sizeof text - 1; at += step) {
            size_t left = sizeof text - 1 - at;
            collect(text + at, left < step ? left : step);
        }
        assert_string_equal(seen, "[ok][fine][0123456789abcdef]");
        assert_int_equal(lines.dropped, 1);
        line_splitter_release(&lines);
    }
}

static void lines_that_nobody_takes_do_not_pile_up(void **state)
{
    struct error err = {0};
    (void)state;
    line_splitter_init(&lines, 16);
    assert_int_equal(line_splitter_feed(&lines, span_of("0123456789abcdef\n"), &err), 0);
    assert_int_equal(line_splitter_feed(&lines, span_of("0123456789abcdef\n"), &err), -1);
    assert_int_equal(err.code, ERROR_FULL);
    line_splitter_release(&lines);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(dockers_events_are_read),
        TEST(podmans_events_are_read),
        TEST(newer_and_stranger_events_are_read_or_refused),
        TEST(a_recorded_signal_is_sent),
        TEST(silence_counts_only_if_the_memory_reaches_back),
        TEST(signals_to_a_later_run_are_not_this_runs),
        TEST(unnamed_signals_prove_nothing),
        TEST(an_answer_that_took_its_time_is_no_other_clock),
        TEST(lines_come_whole_however_they_are_cut),
        TEST(lines_that_are_too_long_are_dropped_alone),
        TEST(lines_that_nobody_takes_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
