#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fail_allocations.h"
#include "tests/support/sample_events.h"

static struct buffer encoded(const struct event *event)
{
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 1 << 20);
    if (event_encode(event, &buf, &err) < 0) {
        fail_msg("%s", err.message);
    }
    return buf;
}

static void event_round_trip_keeps_every_field_of_every_type(void **state)
{
    (void)state;
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        struct event event;
        struct event read;
        sample_full_event(&event, (enum event_type)type, 7);
        struct buffer buf = encoded(&event);
        assert_int_equal(event_decode(buffer_span(&buf), &read, NULL), 0);
        assert_int_equal(read.type, type);
        assert_true(record_equal(event_spec(event.type), &event, &read));
        struct buffer again = encoded(&read);
        assert_true(span_equal(buffer_span(&buf), buffer_span(&again)));
        buffer_release(&buf);
        buffer_release(&again);
        event_release(&event);
        event_release(&read);
    }
}

/* A field that no sample sets could be mistyped in its table without anybody seeing it. */
static void event_samples_set_every_field(void **state)
{
    (void)state;
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        struct event event;
        sample_full_event(&event, (enum event_type)type, 7);
        event.truncated = true;
        const struct record_spec *spec = event_spec(event.type);
        json_t *json = record_to_json(spec, &event, NULL);
        for (size_t i = 0; i < spec->field_count; i++) {
            bool absent = event.task == NULL && strcmp(spec->fields[i].key, "task") == 0;
            if (!absent && json_object_get(json, spec->fields[i].key) == NULL) {
                fail_msg("%s.%s is not set", spec->name, spec->fields[i].key);
            }
        }
        json_decref(json);
        event_release(&event);
    }
}

static void event_json_is_what_the_bytes_hold(void **state)
{
    (void)state;
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        struct event event;
        sample_full_event(&event, (enum event_type)type, 7);
        struct buffer buf = encoded(&event);
        json_t *shown = event_to_json(buffer_span(&buf), NULL);
        json_t *made = record_to_json(event_spec(event.type), &event, NULL);
        assert_true(json_equal(shown, made));
        json_decref(shown);
        json_decref(made);
        buffer_release(&buf);
        event_release(&event);
    }
}

static void event_names_go_both_ways(void **state)
{
    (void)state;
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        const char *name = event_type_name((enum event_type)type);
        assert_non_null(name);
        assert_int_equal(event_type_from_name(span_of(name)), type);
    }
    assert_null(event_type_name(EVENT_UNKNOWN_TYPE));
    assert_null(event_type_name(EVENT_TYPE_COUNT));
    assert_int_equal(event_type_from_name(span_of("stoprequested")), EVENT_UNKNOWN_TYPE);
    assert_int_equal(event_type_from_name((struct span){0}), EVENT_UNKNOWN_TYPE);
}

static void event_workers_own_types_are_those_of_a_stop(void **state)
{
    (void)state;
    assert_true(event_is_workers_own(EVENT_STOP_ACCEPTED));
    assert_true(event_is_workers_own(EVENT_TASK_GONE));
    assert_false(event_is_workers_own(EVENT_STOP_REQUESTED));
    assert_false(event_is_workers_own(EVENT_TASK_OBSERVED));
    assert_false(event_is_workers_own(EVENT_WORKER_STARTED));
    assert_false(event_is_workers_own(EVENT_UNKNOWN_TYPE));
}

static void event_of_unknown_type_is_read_for_its_common_fields(void **state)
{
    (void)state;
    struct event event;
    struct event read;
    sample_full_event(&event, EVENT_STOP_STUCK, 7);
    struct buffer buf = encoded(&event);
    memcpy(memmem(buf.data, buf.length, "StopStuck", 9), "StopStare", 9);
    assert_int_equal(event_decode(buffer_span(&buf), &read, NULL), 0);
    assert_int_equal(read.type, EVENT_UNKNOWN_TYPE);
    assert_string_equal(read.type_name, "StopStare");
    assert_string_equal(read.task, SAMPLE_TASK);
    struct error err = {0};
    assert_int_equal(event_encode(&read, &buf, &err), -1);
    assert_int_equal(err.code, ERROR_BUG);
    buffer_release(&buf);
    event_release(&event);
    event_release(&read);
}

static void assert_not_decoded(struct span bytes, enum error_code code, const char *message)
{
    struct event event;
    struct error err = {0};
    assert_int_equal(event_decode(bytes, &event, &err), -1);
    assert_int_equal(err.code, code);
    assert_string_equal(err.message, message);
    event_release(&event);
}

static void event_of_another_major_version_is_refused(void **state)
{
    (void)state;
    struct event event;
    sample_full_event(&event, EVENT_STOP_STUCK, 7);
    struct buffer buf = encoded(&event);
    char *version = memmem(buf.data, buf.length, "\xa1v\x01", 3);
    version[2] = 2;
    assert_not_decoded(buffer_span(&buf), ERROR_UNSUPPORTED,
                       "an event of major version 2: this program reads 1");
    buffer_release(&buf);
    event_release(&event);
}

static void event_decode_refuses_what_is_no_event(void **state)
{
    (void)state;
    assert_not_decoded((struct span){0}, ERROR_CORRUPT,
                       "an event: the bytes end too early or are not msgpack");
    assert_not_decoded((struct span){.data = "\x80", .length = 1}, ERROR_CORRUPT,
                       "an event: v: missing");
    char *large = test_calloc(1, EVENT_MAX_BYTES + 1);
    assert_not_decoded((struct span){.data = large, .length = EVENT_MAX_BYTES + 1}, ERROR_CORRUPT,
                       "an event of 65537 bytes: more than 65536");
    test_free(large);
    struct event event;
    sample_full_event(&event, EVENT_STOP_REQUESTED, 7);
    struct buffer buf = encoded(&event);
    char *key = memmem(buf.data, buf.length, "\xa4task", 5);
    memcpy(key + 1, "tusk", 4);
    assert_not_decoded(buffer_span(&buf), ERROR_CORRUPT, "StopRequested: task: missing");
    buffer_release(&buf);
    event_release(&event);
}

static void event_encode_refuses_an_event_without_id(void **state)
{
    (void)state;
    struct event event;
    struct buffer buf;
    struct error err = {0};
    sample_full_event(&event, EVENT_STOP_REQUESTED, 7);
    event.id = NULL;
    buffer_init(&buf, 4096);
    assert_int_equal(event_encode(&event, &buf, &err), -1);
    assert_int_equal(err.code, ERROR_BUG);
    assert_string_equal(err.message, "cannot write a StopRequested: id: required but not set");
    buffer_release(&buf);
    event_release(&event);
}

static const char *long_text(struct event *event, size_t length)
{
    char *text = arena_alloc(&event->arena, length + 1);
    assert_non_null(text);
    memset(text, 'x', length);
    return text;
}

static void event_that_is_too_long_is_cut_and_says_so(void **state)
{
    (void)state;
    struct event event;
    struct event read;
    sample_full_event(&event, EVENT_STOP_REQUESTED, 7);
    event.stop_requested.user_agent = long_text(&event, 100000);
    struct buffer buf = encoded(&event);
    assert_int_equal(event_decode(buffer_span(&buf), &read, NULL), 0);
    assert_true(read.truncated);
    assert_int_equal(strlen(read.stop_requested.user_agent), 512);
    assert_string_equal(read.stop_requested.reason, "rolling node 7");
    struct buffer again = encoded(&read);
    assert_true(span_equal(buffer_span(&buf), buffer_span(&again)));
    buffer_release(&buf);
    buffer_release(&again);
    event_release(&event);
    event_release(&read);
}

/* A description with as much of everything as can be. */
static void fill_enormous(struct event *event, size_t containers)
{
    struct description *description = &event->task_observed.description;
    struct described_container sample = description->containers.items[0];
    const char *text = long_text(event, 3000);
    const char **texts = arena_alloc(&event->arena, 256 * sizeof *texts);
    struct network_binding *bindings = arena_alloc(&event->arena, 256 * sizeof *bindings);
    struct tag *tags = arena_alloc(&event->arena, 1000 * sizeof *tags);
    struct described_container *items = arena_alloc(&event->arena, containers * sizeof *items);
    for (size_t i = 0; i < 256; i++) {
        texts[i] = text;
        bindings[i] = (struct network_binding){.bind_ip = text, .container_port = 65535};
    }
    for (size_t i = 0; i < 1000; i++) {
        tags[i] = (struct tag){.key = text, .value = text};
    }
    sample.name = sample.image = sample.image_digest = sample.pre_stop = text;
    sample.depends_on = sample.gpu_ids = (struct text_list){.items = texts, .count = 256};
    sample.network_bindings.items = bindings;
    sample.network_bindings.count = 256;
    for (size_t i = 0; i < containers; i++) {
        char *id = arena_strdup(&event->arena, long_text(event, 80));
        id[i % 80] = 'y';
        items[i] = sample;
        items[i].container_id = id;
    }
    description->family = description->group = description->started_by = text;
    description->containers.items = items;
    description->containers.count = containers;
    description->tags.items = tags;
    description->tags.count = 1000;
}

static void event_task_observed_with_256_containers_always_fits(void **state)
{
    (void)state;
    for (size_t containers = 1; containers <= 256; containers += containers < 8 ? 1 : 31) {
        struct event event;
        struct event read;
        sample_full_event(&event, EVENT_TASK_OBSERVED, 7);
        fill_enormous(&event, containers);
        struct buffer buf = encoded(&event);
        assert_true(buf.length <= EVENT_MAX_BYTES);
        assert_int_equal(event_decode(buffer_span(&buf), &read, NULL), 0);
        assert_true(read.truncated);
        const struct description *description = &read.task_observed.description;
        assert_int_equal(description->containers.count, containers);
        for (size_t i = 0; i < containers; i++) {
            const struct described_container *c = &description->containers.items[i];
            assert_int_equal(strlen(c->container_id), 80);
            assert_true(strlen(c->name) >= 24);
            assert_string_equal(c->stop_signal, "SIGTERM");
            assert_true(c->started_at != 0 && c->sidecar && c->non_essential);
            assert_true(c->stop_timeout_ms.known && c->drain_delay_ms == 1500);
        }
        struct buffer again = encoded(&read);
        assert_true(span_equal(buffer_span(&buf), buffer_span(&again)));
        buffer_release(&buf);
        buffer_release(&again);
        event_release(&event);
        event_release(&read);
    }
}

static void event_results_are_cut_in_words_only(void **state)
{
    (void)state;
    struct event event;
    struct event read;
    sample_full_event(&event, EVENT_TASK_STOPPED, 7);
    struct run_result *results = arena_alloc(&event.arena, 300 * sizeof *results);
    for (size_t i = 0; i < 300; i++) {
        results[i] = event.task_ended.results.items[1];
        results[i].started_at = (int64_t)i;
        results[i].reason = long_text(&event, 1024);
    }
    event.task_ended.results.items = results;
    event.task_ended.results.count = 300;
    struct buffer buf = encoded(&event);
    assert_true(buf.length <= EVENT_MAX_BYTES);
    assert_int_equal(event_decode(buffer_span(&buf), &read, NULL), 0);
    assert_true(read.truncated);
    assert_int_equal(read.task_ended.results.count, 300);
    assert_int_equal(read.task_ended.results.items[299].exit_code.value, 137);
    buffer_release(&buf);
    event_release(&event);
    event_release(&read);
}

static void event_plan_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct event event;
    struct error err = {0};
    struct buffer buf;
    sample_full_event(&event, EVENT_STOP_ACCEPTED, 7);
    struct planned_run *plan = arena_alloc(&event.arena, 1000 * sizeof *plan);
    for (size_t i = 0; i < 1000; i++) {
        plan[i] = event.stop_accepted.plan.items[1];
    }
    event.stop_accepted.plan.items = plan;
    event.stop_accepted.plan.count = 1000;
    buffer_init(&buf, 1 << 20);
    assert_int_equal(event_encode(&event, &buf, &err), -1);
    assert_int_equal(err.code, ERROR_FULL);
    assert_int_equal(buf.length, 0);
    buffer_release(&buf);
    event_release(&event);
}

static void event_copy_lives_on_its_own(void **state)
{
    (void)state;
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        struct event event;
        struct event copy;
        struct arena arena = {0};
        sample_full_event(&event, (enum event_type)type, 7);
        struct buffer before = encoded(&event);
        assert_int_equal(record_copy(event_spec(event.type), &event, &arena, &copy, NULL), 0);
        copy.type = event.type;
        event_release(&event);
        struct buffer after = encoded(&copy);
        assert_true(span_equal(buffer_span(&before), buffer_span(&after)));
        arena_release(&arena);
        buffer_release(&before);
        buffer_release(&after);
    }
}

static void event_without_memory_says_so(void **state)
{
    (void)state;
    struct event event;
    struct event other;
    sample_full_event(&event, EVENT_TASK_OBSERVED, 7);
    struct buffer whole = encoded(&event);
    struct buffer buf;
    struct error err;
    int rc = 0;
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         rc = event_decode(buffer_span(&whole), &other, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         event_release(&other));
    FAIL_EACH_ALLOCATION(err = (struct error){0};
                         buffer_init(&buf, 1 << 20), rc = event_encode(&event, &buf, &err),
                         assert_int_equal(err.code, rc < 0 ? ERROR_NO_MEMORY : ERROR_NONE);
                         buffer_release(&buf));
    assert_int_equal(rc, -1);
    buffer_release(&whole);
    event_release(&event);
}

static void event_run_equality_wants_both_members(void **state)
{
    (void)state;
    char same[] = "abc";
    assert_true(run_equal((struct run){"abc", 1}, (struct run){same, 1}));
    assert_false(run_equal((struct run){"abc", 1}, (struct run){same, 2}));
    assert_false(run_equal((struct run){"abd", 1}, (struct run){same, 1}));
    assert_false(run_equal((struct run){NULL, 1}, (struct run){NULL, 1}));
}

static void event_id_of_invocation_tells_every_part_apart(void **state)
{
    (void)state;
    const struct optional_integer none = {0};
    const struct optional_integer zero = {.known = true};
    char ids[8][37];
    event_id_of_invocation("jane", "inv", span_of("body"), none, ids[0]);
    event_id_of_invocation("jan", "einv", span_of("body"), none, ids[1]);
    event_id_of_invocation("jane", "invb", span_of("ody"), none, ids[2]);
    event_id_of_invocation("jane", "inv", span_of("body2"), none, ids[3]);
    event_id_of_invocation("jane", "inv", span_of("body"), zero, ids[4]);
    event_id_of_invocation(NULL, "inv", span_of("body"), none, ids[5]);
    event_id_of_invocation("jane", "inv", (struct span){0}, none, ids[6]);
    event_id_of_invocation("jane", "inv", span_of("body"), none, ids[7]);
    assert_string_equal(ids[0], ids[7]);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(strlen(ids[i]), 36);
        assert_int_equal(strspn(ids[i], "0123456789abcdef-"), 36);
        assert_true(ids[i][8] == '-' && ids[i][13] == '-' && ids[i][18] == '-');
        assert_true(ids[i][23] == '-' && ids[i][14] == '8' && strchr("89ab", ids[i][19]) != NULL);
        for (size_t other = 0; other < i; other++) {
            assert_string_not_equal(ids[i], ids[other]);
        }
    }
    /* SHA-256 of the parts with their lengths, made with another program. For ever: a retry may
     * come to a newer version of the program. */
    assert_string_equal(ids[0], "af46ad9a-be4b-869a-8c15-12e4de781cab");
}

static void event_minted_task_id_is_stable(void **state)
{
    (void)state;
    char id[33];
    char other[33];
    event_mint_task_id("host", "shop", "abc", 1700000000000, id);
    assert_string_equal(id, "89d361e2f0bb7a8d51afafe80622cb8e");
    event_mint_task_id("host", "shop", "abc", 1700000000001, other);
    assert_string_not_equal(id, other);
    event_mint_task_id("hosts", "hop", "abc", 1700000000000, other);
    assert_string_not_equal(id, other);
}

static void event_document_is_made_from_the_tables(void **state)
{
    (void)state;
    char *made = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&made, &length);
    assert_non_null(out);
    event_write_markdown(out);
    assert_int_equal(fclose(out), 0);
    FILE *file = fopen("docs/events.md", "re");
    assert_non_null(file);
    char *kept = test_calloc(1, length + 2);
    size_t kept_length = fread(kept, 1, length + 1, file);
    assert_int_equal(fclose(file), 0);
    if (kept_length != length || memcmp(kept, made, length) != 0) {
        fail_msg("docs/events.md differs from the tables: print_docs events > docs/events.md");
    }
    test_free(kept);
    free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_round_trip_keeps_every_field_of_every_type),
        cmocka_unit_test(event_samples_set_every_field),
        cmocka_unit_test(event_json_is_what_the_bytes_hold),
        cmocka_unit_test(event_names_go_both_ways),
        cmocka_unit_test(event_workers_own_types_are_those_of_a_stop),
        cmocka_unit_test(event_of_unknown_type_is_read_for_its_common_fields),
        cmocka_unit_test(event_of_another_major_version_is_refused),
        cmocka_unit_test(event_decode_refuses_what_is_no_event),
        cmocka_unit_test(event_encode_refuses_an_event_without_id),
        cmocka_unit_test(event_that_is_too_long_is_cut_and_says_so),
        cmocka_unit_test(event_task_observed_with_256_containers_always_fits),
        cmocka_unit_test(event_results_are_cut_in_words_only),
        cmocka_unit_test(event_plan_that_does_not_fit_is_refused),
        cmocka_unit_test(event_copy_lives_on_its_own),
        cmocka_unit_test(event_without_memory_says_so),
        cmocka_unit_test(event_run_equality_wants_both_members),
        cmocka_unit_test(event_id_of_invocation_tells_every_part_apart),
        cmocka_unit_test(event_minted_task_id_is_stable),
        cmocka_unit_test(event_document_is_made_from_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
