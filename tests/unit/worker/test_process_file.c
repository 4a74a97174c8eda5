/* Task files and status files as text, and /proc/PID/stat. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/runtime/process_file.h"
#include "worker/runtime/process_proc.h"

static struct arena arena;
static struct error err;

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static int read_file(const char *text, struct process_file *file)
{
    err = (struct error){0};
    return process_file_read(span_of(text), &arena, file, &err);
}

#define FULL                                                                                       \
    "{\"task\":\"web\",\"cluster\":\"prod\",\"group\":\"g\",\"family\":\"f\",\"started_by\":"      \
    "\"me\","                                                                                      \
    "\"boot_id\":\"0123456789abcdef0123456789abcdef\",\"remove_ended\":true,\"processes\":["       \
    "{\"name\":\"app\",\"pid\":7,\"start_time\":99,\"stop_signal\":\"int\",\"stop_timeout\":5,"    \
    "\"essential\":false,\"sidecar\":true,\"depends_on\":[\"db\",\"cache\"],"                      \
    "\"status_file\":\"web.status\",\"process_group\":true},"                                      \
    "{\"name\":\"db\",\"pid\":8,\"start_time\":100}]}"

static void a_full_file_is_read(void **state)
{
    struct process_file file;
    (void)state;
    assert_int_equal(read_file(FULL, &file), 0);
    assert_string_equal(file.task, "web");
    assert_string_equal(file.cluster, "prod");
    assert_string_equal(file.started_by, "me");
    assert_true(file.remove_ended);
    assert_int_equal(file.processes.count, 2);
    const struct process_entry *app = &file.processes.items[0], *db = &file.processes.items[1];
    assert_int_equal(app->pid, 7);
    assert_int_equal(app->start_time, 99);
    assert_string_equal(app->stop_signal, "SIGINT");
    assert_int_equal(app->stop_timeout_s.value, 5);
    assert_false(app->essential);
    assert_true(app->sidecar);
    assert_true(app->process_group);
    assert_int_equal(app->depends_on.count, 2);
    assert_string_equal(app->status_file, "web.status");
    assert_true(db->essential);
    assert_false(db->stop_timeout_s.known);
    assert_null(db->stop_signal);
}

static void a_file_written_is_the_file_read(void **state)
{
    struct process_file file, again;
    struct buffer first, second;
    (void)state;
    assert_int_equal(read_file(FULL, &file), 0);
    buffer_init(&first, 1 << 16);
    buffer_init(&second, 1 << 16);
    assert_int_equal(process_file_write(&file, &first, &err), 0);
    assert_int_equal(read_file(first.data, &again), 0);
    assert_false(again.processes.items[0].essential);
    assert_true(again.processes.items[1].essential);
    assert_int_equal(process_file_write(&again, &second, &err), 0);
    assert_string_equal(first.data, second.data);
    buffer_release(&first);
    buffer_release(&second);
}

#define WITH(process) "{\"task\":\"t\",\"processes\":[" process "]}"

static void bad_files_are_refused_with_the_path(void **state)
{
    static const struct {
        const char *text, *names;
    } cases[] = {
        {"", "JSON"},
        {"[]", ""},
        {"{", "line 1"},
        {"{\"task\":\"t\",\"task\":\"u\",\"processes\":[]}", "JSON"},
        {"{\"processes\":[]}", "task"},
        {"{\"task\":\"t\"}", "processes"},
        {"{\"task\":\"t\",\"processes\":[]}", "processes"},
        {"{\"task\":\"\",\"processes\":[{\"name\":\"a\",\"pid\":1,\"start_time\":1}]}", "task"},
        {"{\"task\":7,\"processes\":[]}", "task"},
        {"{\"task\":\"t\",\"tusk\":1,\"processes\":[]}", "tusk"},
        {WITH("{\"pid\":1,\"start_time\":1}"), "processes[0].name"},
        {WITH("{\"name\":\"a\",\"start_time\":1}"), "processes[0].pid"},
        {WITH("{\"name\":\"a\",\"pid\":1}"), "processes[0].start_time"},
        {WITH("{\"name\":\"a\",\"pid\":0,\"start_time\":1}"), "processes[0].pid"},
        {WITH("{\"name\":\"a\",\"pid\":-1,\"start_time\":1}"), "processes[0].pid"},
        {WITH("{\"name\":\"a\",\"pid\":4294967297,\"start_time\":1}"), "processes[0].pid"},
        {WITH("{\"name\":\"a\",\"pid\":\"1\",\"start_time\":1}"), "processes[0].pid"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":0}"), "processes[0].start_time"},
        {WITH("{\"name\":\"a,b\",\"pid\":1,\"start_time\":1}"), "processes[0].name"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":1,\"stop_signal\":\"X\"}"),
         "processes[0].stop_signal"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":1,\"stop_timeout\":-1}"),
         "processes[0].stop_timeout"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":1,\"status_file\":\"../x\"}"),
         "processes[0].status_file"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":1,\"status_file\":\".x\"}"),
         "processes[0].status_file"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":1,\"essential\":1}"),
         "processes[0].essential"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":1},{\"name\":\"a\",\"pid\":2,"
              "\"start_time\":1}"),
         "processes[1].name"},
        {WITH("{\"name\":\"a\",\"pid\":1,\"start_time\":1},{\"name\":\"b\",\"pid\":1,"
              "\"start_time\":1}"),
         "processes[1].pid"},
        {"{\"task\":\"t\",\"boot_id\":\"x\",\"processes\":[{\"name\":\"a\",\"pid\":1,"
         "\"start_time\":1}]}",
         "boot_id"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct process_file file;
        assert_int_equal(read_file(cases[i].text, &file), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        if (strstr(err.message, cases[i].names) == NULL) {
            fail_msg("\"%s\" does not name %s", err.message, cases[i].names);
        }
    }
}

static void a_status_goes_there_and_back(void **state)
{
    struct process_status status = {.pid = 7, .start_time = 9, .exit_code = 137, .finished_at = 55};
    struct process_status again = {0};
    struct buffer text;
    (void)state;
    buffer_init(&text, 4096);
    assert_int_equal(process_status_write(&status, &text, &err), 0);
    assert_int_equal(process_status_read(buffer_span(&text), &again, &err), 0);
    assert_memory_equal(&status, &again, sizeof status);
    buffer_release(&text);
    static const char *const bad[] = {
        "", "{}", "{\"pid\":1,\"start_time\":1,\"exit_code\":256,\"finished_at\":1}",
        "{\"pid\":1,\"start_time\":1,\"exit_code\":-1,\"finished_at\":1}",
        "{\"pid\":1,\"start_time\":1,\"exit_code\":\"1\",\"finished_at\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(process_status_read(span_of(bad[i]), &again, &err), -1);
    }
}

static void the_command_in_a_stat_may_hold_anything(void **state)
{
    static const char tail[] = " 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 2 3\n";
    static const char *const commands[] = {"(sh) S",     "(a b) S", "(a) R) S",
                                           "(((()))) S", "() S",    "(x\n) S"};
    struct process_stat stat;
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "12 %s%s", commands[i], tail);
        assert_true(process_stat_parse(span_of(text), &stat));
        assert_int_equal(stat.state, 'S');
        assert_int_equal(stat.start_time, 4711);
        for (size_t length = 0; length < strlen(text) - strlen("4711 1 2 3\n"); length++) {
            assert_false(process_stat_parse((struct span){text, length}, &stat));
        }
    }
    assert_false(process_stat_parse((struct span){0}, &stat));
    assert_false(process_stat_parse(span_of(")"), &stat));
}

static void this_process_has_a_stat(void **state)
{
    struct process_stat stat;
    (void)state;
    assert_int_equal(process_stat_read(getpid(), &stat, &err), 0);
    assert_int_equal(stat.state, 'R');
    assert_true(stat.start_time > 0);
    assert_int_equal(process_stat_read(1 << 22, &stat, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void names_of_files_stay_in_the_directory(void **state)
{
    (void)state;
    assert_true(process_file_name_is_valid("web.status"));
    static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "/etc/x", "a\nb", "a\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(process_file_name_is_valid(bad[i]));
    }
}

/* The documentation has the tables as they are. */
static void the_documentation_is_that_of_the_tables(void **state)
{
    char *tables = NULL;
    size_t size = 0;
    struct buffer page;
    char block[4096];
    size_t length;
    (void)state;
    FILE *out = open_memstream(&tables, &size);
    assert_non_null(out);
    process_file_write_markdown(out);
    (void)fclose(out);
    FILE *file = fopen("docs/process-tasks.md", "re");
    assert_non_null(file);
    buffer_init(&page, 1 << 20);
    while ((length = fread(block, 1, sizeof block, file)) > 0) {
        assert_int_equal(buffer_append(&page, block, length, &err), 0);
    }
    (void)fclose(file);
    if (strstr(page.data, tables) == NULL) {
        fail_msg("docs/process-tasks.md does not hold these tables:\n%s", tables);
    }
    buffer_release(&page);
    free(tables);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_full_file_is_read),
        TEST(a_file_written_is_the_file_read),
        TEST(bad_files_are_refused_with_the_path),
        TEST(a_status_goes_there_and_back),
        TEST(the_command_in_a_stat_may_hold_anything),
        TEST(this_process_has_a_stat),
        TEST(names_of_files_stay_in_the_directory),
        TEST(the_documentation_is_that_of_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
