/** Lines of stopfleet-audit events. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/sample_events.h"
#include "worker/audit/event_line.h"

static void detail_of(const struct event *event, struct buffer *ret_text)
{
    struct error err = {0};
    buffer_init(ret_text, 65536);
    assert_int_equal(event_line_detail(event, ret_text, &err), 0);
    assert_int_equal(err.code, ERROR_NONE);
}

static void assert_contains(const struct buffer *text, const char *part)
{
    if (text->data == NULL || strstr(text->data, part) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", text->data == NULL ? "" : text->data, part);
    }
}

static void event_line_says_who_asked_for_a_stop_and_why(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_STOP_REQUESTED};
    struct buffer text;
    event.stop_requested = (struct event_stop_requested){.principal = "anonymous",
                                                         .source_address = "127.0.0.1",
                                                         .reason = "rolling node 7",
                                                         .stop_timeout_ms = {true, 1500}};
    detail_of(&event, &text);
    assert_string_equal(
        text.data, "by anonymous from=\"127.0.0.1\" reason=\"rolling node 7\" stop-timeout=1500ms");
    buffer_release(&text);
}

static void event_line_escapes_what_would_move_the_cursor(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_STOP_REQUESTED};
    struct buffer text;
    event.stop_requested =
        (struct event_stop_requested){.principal = "a", .reason = "\x1b[2Jgone\nline\x7f"};
    detail_of(&event, &text);
    assert_string_equal(text.data, "by a reason=\"\\x1b[2Jgone\\x0aline\\x7f\"");
    buffer_release(&text);
}

static void event_line_says_an_unknown_exit_code_is_unknown(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_CONTAINER_EXITED};
    struct buffer text;
    event.container_exited.result =
        (struct run_result){.container_id = "0123456789abcdef", .name = "web"};
    detail_of(&event, &text);
    assert_string_equal(text.data, "web(0123456789abcdef) exit code unknown");
    buffer_release(&text);
    event.container_exited.result.exit_code = (struct optional_integer){true, 0};
    detail_of(&event, &text);
    assert_string_equal(text.data, "web(0123456789abcdef) exit code 0");
    buffer_release(&text);
}

static void event_line_says_which_containers_of_a_task_have_ended(void **state)
{
    (void)state;
    struct described_container containers[] = {
        {.container_id = "c1",
         .name = "migrate",
         .ended = true,
         .exit_code = {.known = true, .value = 3}},
        {.container_id = "c2", .name = "seed", .ended = true},
        {.container_id = "c3", .name = "web"}};
    struct event event = {.type = EVENT_TASK_OBSERVED};
    struct buffer text;
    event.task_observed.revision = 2;
    event.task_observed.description.containers.items = containers;
    event.task_observed.description.containers.count = 3;
    detail_of(&event, &text);
    assert_string_equal(text.data, "revision 2: migrate(c1) ended, exit code 3 seed(c2) ended, "
                                   "exit code unknown web(c3)");
    buffer_release(&text);
}

static void event_line_says_the_deadline_and_a_repeat_of_a_signal(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_SIGNAL_SENT};
    struct buffer text;
    event.signal_sent = (struct event_signal_sent){.run = {"c1", 5},
                                                   .signal = "SIGTERM",
                                                   .answer = "204",
                                                   .sent_unix_ms = 1000,
                                                   .deadline_unix_ms = 31000,
                                                   .maybe_repeated = true};
    detail_of(&event, &text);
    assert_string_equal(text.data,
                        "SIGTERM to c1 at 1970-01-01T00:00:01.000Z answer=\"204\" deadline "
                        "1970-01-01T00:00:31.000Z maybe-repeated");
    buffer_release(&text);
}

static void event_line_says_which_host_an_event_is_of(void **state)
{
    (void)state;
    static const enum event_type types[] = {EVENT_WORKER_STARTED, EVENT_HOST_STATE_CHANGED,
                                            EVENT_HOST_DEREGISTERED};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct event event = {.type = types[i], .host = "5f0c6e1b8f9a4c7d9e2b3a4c5d6e7f80"};
        struct buffer text;
        detail_of(&event, &text);
        assert_contains(&text, "host 5f0c6e1b8f9a4c7d9e2b3a4c5d6e7f80");
        buffer_release(&text);
    }
}

static void event_line_says_how_each_container_will_be_stopped(void **state)
{
    (void)state;
    const char *after[] = {"aaaaaaaaaaaa", "eeeeeeeeeeeeeeeeeeee"};
    struct planned_run runs[] = {
        {.container_id = "aaaaaaaaaaaa", .name = "web", .signal = "SIGTERM"},
        {.container_id = "bbbbbbbbbbbb",
         .name = "envoy",
         .signal = "SIGINT",
         .grace_ms = 12000,
         .drain_delay_ms = 1500,
         .pre_stop = "/bin/drain --now",
         .after = {.items = after, .count = 2}},
    };
    struct event event = {.type = EVENT_STOP_ACCEPTED};
    struct buffer text;
    event.stop_accepted.plan.items = runs;
    event.stop_accepted.plan.count = 2;
    detail_of(&event, &text);
    assert_string_equal(text.data,
                        "plan: web SIGKILL at once, envoy SIGINT grace 12000ms after web and "
                        "eeeeeeeeeeeeeeee drain-delay 1500ms pre-stop=\"/bin/drain --now\"");
    buffer_release(&text);
}

static void event_line_has_a_detail_for_every_type(void **state)
{
    (void)state;
    for (int type = EVENT_UNKNOWN_TYPE + 1; type < EVENT_TYPE_COUNT; type++) {
        struct event event = {0};
        struct buffer text;
        sample_full_event(&event, (enum event_type)type, 1);
        detail_of(&event, &text);
        assert_true(text.length > 0);
        buffer_release(&text);
        event_release(&event);
    }
}

static void event_line_prints_time_place_type_and_task(void **state)
{
    (void)state;
    struct event event = {.type = EVENT_UNKNOWN_TYPE,
                          .type_name = "Novelty",
                          .ts = 0,
                          .cluster = "prod",
                          .task = SAMPLE_TASK};
    struct kafka_record record = {.partition = 3, .offset = 17};
    struct error err = {0};
    struct buffer expected;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(event_line_print(out, &record, &event, &err), 0);
    assert_int_equal(fclose(out), 0);
    buffer_init(&expected, 1024);
    buffer_append_text(&expected, text, &err);
    assert_contains(&expected, "1970-01-01T00:00:00.000Z  3:17");
    assert_contains(&expected, "Novelty");
    assert_contains(&expected, "prod/" SAMPLE_TASK "  (a type that this version does not know");
    buffer_release(&expected);
    free(text);
}

static void event_line_says_when_memory_is_out(void **state)
{
    (void)state;
    struct event event = {0};
    int failures = 0;
    sample_full_event(&event, EVENT_TASK_STOPPED, 1);
    for (uint64_t n = 1; n < 20; n++) {
        struct buffer text;
        struct error err = {0};
        buffer_init(&text, 65536);
        memory_fail_nth(n, false);
        if (event_line_detail(&event, &text, &err) != 0) {
            assert_int_equal(err.code, ERROR_NO_MEMORY);
            failures++;
        }
        memory_fail_nth(0, false);
        buffer_release(&text);
    }
    assert_true(failures > 0);
    event_release(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_line_says_who_asked_for_a_stop_and_why),
        cmocka_unit_test(event_line_escapes_what_would_move_the_cursor),
        cmocka_unit_test(event_line_says_an_unknown_exit_code_is_unknown),
        cmocka_unit_test(event_line_says_which_containers_of_a_task_have_ended),
        cmocka_unit_test(event_line_says_the_deadline_and_a_repeat_of_a_signal),
        cmocka_unit_test(event_line_says_which_host_an_event_is_of),
        cmocka_unit_test(event_line_says_how_each_container_will_be_stopped),
        cmocka_unit_test(event_line_has_a_detail_for_every_type),
        cmocka_unit_test(event_line_prints_time_place_type_and_task),
        cmocka_unit_test(event_line_says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
