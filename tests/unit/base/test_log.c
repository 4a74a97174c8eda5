#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/buffer.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/log_line.h"
#include "common/base/memory.h"

/* Standard error is a socket that keeps messages apart, so that each write is seen alone. */
static int real_stderr;
static int reader;
static char line[2 * LOG_LINE_MAX];

static int capture(void **state)
{
    (void)state;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        return -1;
    }
    real_stderr = dup(STDERR_FILENO);
    (void)dup2(pair[1], STDERR_FILENO);
    (void)close(pair[1]);
    reader = pair[0];
    return 0;
}

/* The next line that was written; "" if there is none. */
static const char *next_line(void)
{
    ssize_t got = recv(reader, line, sizeof line - 1, MSG_DONTWAIT);
    line[got < 0 ? 0 : got] = '\0';
    return line;
}

static int restore(void **state)
{
    (void)state;
    memory_fail_nth(0, false);
    (void)dup2(real_stderr, STDERR_FILENO);
    (void)close(real_stderr);
    /* What cmocka itself had to say. */
    while (next_line()[0] != '\0') {
        (void)fputs(line, stderr);
    }
    (void)close(reader);
    log_init("", LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    return 0;
}

static json_t *next_json(void)
{
    json_error_t error;
    json_t *json = json_loads(next_line(), JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        fail_msg("%s: %s", error.text, line);
    }
    return json;
}

static void expect_member(const json_t *json, const char *key, const char *value)
{
    assert_string_equal(json_string_value(json_object_get(json, key)), value);
}

static void text_lines_are_for_people(void **state)
{
    (void)state;
    log_init("stopfleet-api", LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    int64_t before = clock_wall_ms(clock_system());
    log_info("kafka.connected", "connected to Kafka", LOG_STR("broker", "a:9092"),
             LOG_STR("note", "two words"), LOG_INT("tries", -3), LOG_STR("none", NULL),
             LOG_STR("empty", ""));
    next_line();
    char time[25] = "";
    memcpy(time, line, 24);
    int64_t unix_ms;
    assert_int_equal(clock_parse_rfc3339(time, &unix_ms, NULL), 0);
    assert_in_range(unix_ms, before, clock_wall_ms(clock_system()));
    assert_string_equal(line + 24, " info  stopfleet-api kafka.connected: connected to Kafka "
                                   "broker=a:9092 note=\"two words\" tries=-3 none=null "
                                   "empty=\"\"\n");
}

static void quotes_are_escaped_within_quotes_alone(void **state)
{
    (void)state;
    log_init("", LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    log_error("worker.refused", "--attribute \"foo\" has no =", LOG_STR("value", "a \"b\""));
    assert_string_equal(
        next_line() + 24,
        " error worker.refused: --attribute \"foo\" has no = value=\"a \\\"b\\\"\"\n");
}

static void json_lines_are_for_collectors(void **state)
{
    (void)state;
    log_init("stopfleet-api", LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    log_warn("view.away", "Redis does not answer", LOG_STR("error", "say \"no\"\\n\ttwice\r"),
             LOG_INT("least", INT64_MIN), LOG_STR("none", NULL));
    json_t *json = next_json();
    assert_int_equal(json_object_size(json), 8);
    expect_member(json, "level", "warn");
    expect_member(json, "program", "stopfleet-api");
    expect_member(json, "event", "view.away");
    expect_member(json, "message", "Redis does not answer");
    expect_member(json, "error", "say \"no\"\\n\ttwice\r");
    assert_true(json_integer_value(json_object_get(json, "least")) == INT64_MIN);
    assert_true(json_is_null(json_object_get(json, "none")));
    int64_t unix_ms;
    assert_int_equal(
        clock_parse_rfc3339(json_string_value(json_object_get(json, "time")), &unix_ms, NULL), 0);
    json_decref(json);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_null(memchr(line, '\n', strlen(line) - 1));
}

static void a_line_needs_neither_fields_nor_program(void **state)
{
    (void)state;
    log_init("", LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
    log_error("a.b", "c");
    assert_string_equal(next_line() + 24, " error a.b: c\n");
    log_emit(LOG_LEVEL_DEBUG, "a.b", "c", NULL);
    assert_string_equal(next_line() + 24, " debug a.b: c\n");
    log_init("", LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
    log_debug("a.b", "c");
    json_t *json = next_json();
    assert_int_equal(json_object_size(json), 4);
    json_decref(json);
}

static void lower_levels_are_not_written(void **state)
{
    (void)state;
    log_init("p", LOG_FORMAT_TEXT, LOG_LEVEL_WARN);
    assert_false(log_enabled(LOG_LEVEL_DEBUG));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    assert_true(log_enabled(LOG_LEVEL_WARN));
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    log_debug("a", "b");
    log_info("a", "b");
    assert_string_equal(next_line(), "");
    log_warn("a", "b");
    assert_string_not_equal(next_line(), "");
}

static void expect_no_control(const char *text)
{
    assert_true(span_is_utf8(span_of(text)));
    for (; *text != '\n'; text++) {
        unsigned char at = (unsigned char)text[0];
        unsigned char after = (unsigned char)text[1];
        assert_true(at >= 0x20 && at != 0x7F && !(at == 0xC2 && after < 0xA0));
    }
    assert_string_equal(text, "\n");
}

static void no_control_character_gets_through(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * 255 * 2; i++) {
        char byte = (char)(i % 255 + 1);
        const char text[] = {'x', byte, 'y', '\0'};
        const char c1[] = {'x', (char)0xC2, byte, 'y', '\0'};
        const char *said = i / 255 % 2 == 0 ? text : c1;
        log_init("p", i / 510 == 0 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON, LOG_LEVEL_INFO);
        log_info("event", said, LOG_STR("value", said), LOG_STR(said, "v"));
        expect_no_control(next_line());
    }
}

static void json_says_what_was_said(void **state)
{
    (void)state;
    log_init("p", LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    log_info("e", "m", LOG_STR("good", "\x01\x7F\xC2\x85\xC3\xA4\xF0\x9F\x98\x80"),
             LOG_STR("bad", "a\xFFz"));
    json_t *json = next_json();
    expect_member(json, "good", "\x01\x7F\xC2\x85\xC3\xA4\xF0\x9F\x98\x80");
    expect_member(json, "bad", "a\xEF\xBF\xBDz");
    json_decref(json);
}

static void long_texts_are_cut_and_it_is_said(void **state)
{
    (void)state;
    char text[LOG_LINE_TEXT_MAX + 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_init("p", LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    log_info("e", "m", LOG_STR("text", text), LOG_STR("next", "n"));
    json_t *json = next_json();
    assert_int_equal(json_string_length(json_object_get(json, "text")), LOG_LINE_TEXT_MAX);
    expect_member(json, "next", "n");
    assert_true(json_is_true(json_object_get(json, "truncated")));
    json_decref(json);
    text[LOG_LINE_TEXT_MAX] = '\0';
    log_info("e", "m", LOG_STR("text", text));
    json = next_json();
    assert_null(json_object_get(json, "truncated"));
    json_decref(json);
    log_init("p", LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    text[LOG_LINE_TEXT_MAX] = 'x';
    log_info("e", "m", LOG_STR("text", text));
    assert_non_null(strstr(next_line(), "xx truncated=true\n"));
}

static void fields_that_do_not_fit_are_left_out_whole(void **state)
{
    (void)state;
    /* Each control character takes six bytes: no two such texts fit a line. */
    char text[1200];
    bool seen_whole = false;
    bool seen_cut = false;
    memset(text, '\x01', sizeof text);
    log_init("p", LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    for (size_t length = 0; length < sizeof text; length++) {
        text[length] = '\0';
        log_info("e", "m", LOG_STR("first", text), LOG_STR("second", text), LOG_STR("third", "3"));
        text[length] = '\x01';
        json_t *json = next_json();
        assert_in_range(strlen(line), 1, LOG_LINE_MAX);
        bool has_second = json_object_get(json, "second") != NULL;
        bool whole = has_second && json_object_get(json, "third") != NULL;
        assert_int_equal(whole, json_object_get(json, "truncated") == NULL);
        assert_int_equal(json_string_length(json_object_get(json, has_second ? "second" : "first")),
                         length);
        seen_whole = seen_whole || whole;
        seen_cut = seen_cut || !whole;
        json_decref(json);
    }
    assert_true(seen_whole && seen_cut);
}

static void a_message_too_long_for_the_line_is_cut(void **state)
{
    (void)state;
    char text[LOG_LINE_TEXT_MAX + 1];
    memset(text, '\x01', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_init("p", LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
    log_info("e", text, LOG_STR("key", "value"));
    assert_in_range(strlen(next_line()), LOG_LINE_MAX - 100, LOG_LINE_MAX);
    assert_non_null(strstr(line, " truncated=true\n"));
    log_init("p", LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    log_info("e", text, LOG_STR("key", "value"));
    json_t *json = next_json();
    expect_member(json, "key", "value");
    assert_true(json_is_true(json_object_get(json, "truncated")));
    json_decref(json);
}

static void a_line_is_written_without_memory(void **state)
{
    (void)state;
    log_init("p", LOG_FORMAT_JSON, LOG_LEVEL_INFO);
    uint64_t before = memory_count();
    memory_fail_nth(1, true);
    log_error("memory.out", "out of memory", LOG_STR("while", "testing"));
    assert_int_equal(memory_count(), before);
    memory_fail_nth(0, false);
    json_t *json = next_json();
    expect_member(json, "event", "memory.out");
    json_decref(json);
}

static void a_limit_lets_the_first_through_and_counts_the_rest(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    uint64_t suppressed = 99;
    assert_true(log_limit_pass(&limit, 5000, 1000, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(log_limit_pass(&limit, 5000, 1000, &suppressed));
    assert_false(log_limit_pass(&limit, 5999, 1000, &suppressed));
    assert_true(log_limit_pass(&limit, 6000, 1000, &suppressed));
    assert_int_equal(suppressed, 2);
    assert_true(log_limit_pass(&limit, 9000, 1000, &suppressed));
    assert_int_equal(suppressed, 0);
    assert_false(log_limit_pass(&limit, 9001, 1000, NULL));
    assert_true(log_limit_pass(&limit, 10000, 1000, NULL));
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAPTURED(text_lines_are_for_people),
        CAPTURED(quotes_are_escaped_within_quotes_alone),
        CAPTURED(json_lines_are_for_collectors),
        CAPTURED(a_line_needs_neither_fields_nor_program),
        CAPTURED(lower_levels_are_not_written),
        CAPTURED(no_control_character_gets_through),
        CAPTURED(json_says_what_was_said),
        CAPTURED(long_texts_are_cut_and_it_is_said),
        CAPTURED(fields_that_do_not_fit_are_left_out_whole),
        CAPTURED(a_message_too_long_for_the_line_is_cut),
        CAPTURED(a_line_is_written_without_memory),
        cmocka_unit_test(a_limit_lets_the_first_through_and_counts_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
