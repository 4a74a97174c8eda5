#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "common/base/option_state.h"
#include "tests/unit/base/option_sample.h"

/* Parses the text as the file "f" into config. */
static int parse(struct span text, struct sample *config, struct error *err)
{
    enum option_source *set_by = memory_calloc(sample_program.spec_count, sizeof *set_by);
    assert_non_null(set_by);
    struct option_state state = {.program = &sample_program, .config = config, .set_by = set_by};
    int result = option_file_parse(&state, text, "f", err);
    memory_free(set_by);
    return result;
}

static void must_parse(const char *text, struct sample *ret_config)
{
    struct error err = {0};
    *ret_config = (struct sample){0};
    if (parse(span_of(text), ret_config, &err) < 0) {
        fail_msg("%s", err.message);
    }
}

static void must_refuse(struct span text, const char *message)
{
    struct error err = {0};
    struct sample config = {0};
    assert_int_equal(parse(text, &config, &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    assert_string_equal(err.message, message);
    option_release(&sample_program, &config);
}

static void lines_are_keys_and_values(void **state)
{
    (void)state;
    struct sample config;
    must_parse("# comment = no\n"
               "\n"
               "   \t \n"
               "name=a = b # c\n"
               "  depth\t=  -2  \r\n"
               " # another\n"
               "verbose = yes",
               &config);
    assert_string_equal(config.name, "a = b # c");
    assert_int_equal(config.depth, -2);
    assert_true(config.verbose);
    option_release(&sample_program, &config);
}

static void an_empty_file_says_nothing(void **state)
{
    (void)state;
    struct sample config;
    must_parse("", &config);
    assert_null(config.name);
    must_parse("\n", &config);
    assert_null(config.name);
}

static void a_list_may_stand_on_several_lines(void **state)
{
    (void)state;
    struct sample config;
    must_parse("kafka-brokers = a,b\nkafka-brokers = c\n", &config);
    assert_int_equal(config.brokers.count, 3);
    assert_string_equal(config.brokers.items[2], "c");
    option_release(&sample_program, &config);
}

static void all_else_may_stand_once(void **state)
{
    (void)state;
    must_refuse(span_of("depth = 1\ngrace = 2s\ndepth = 1\n"),
                "f:3: depth is given twice: keep one of the lines");
}

static void slips_name_the_nearest_option(void **state)
{
    (void)state;
    must_refuse(span_of("\n\ndepht = 1"),
                "f:3: unrecognized option \"depht\": did you mean depth?");
    must_refuse(span_of("something = 1"),
                "f:1: unrecognized option \"something\": see sample --help");
    must_refuse(span_of(" = 1"), "f:1: unrecognized option \"\": see sample --help");
    must_refuse(span_of("confi = x"), "f:1: unrecognized option \"confi\": see sample --help");
    must_refuse(span_of("\xFF = 1"), "f:1: unrecognized option \"(not UTF-8)\": see sample --help");
}

static void lines_that_are_none_are_refused(void **state)
{
    (void)state;
    must_refuse(span_of("depth 1"), "f:1: no \"=\" in the line: write \"key = value\"");
    must_refuse((struct span){.data = "name = a\0b\n", .length = 11},
                "f:1: the line has a NUL byte: options are text");
}

static void a_file_is_loaded_whole(void **state)
{
    (void)state;
    static const char line[] = "kafka-brokers = 0123456789,0123456789\n";
    enum { LINES = 1000 };
    size_t length = sizeof line - 1;
    char *text = malloc(LINES * length);
    assert_non_null(text);
    for (size_t i = 0; i < LINES; i++) {
        memcpy(text + i * length, line, length);
    }
    struct sample config = {0};
    enum option_source set_by[16] = {0};
    struct option_state options = {.program = &sample_program, .config = &config, .set_by = set_by};
    struct error err = {0};
    assert_int_equal(option_file_load(&options, sample_file(text, LINES * length), &err), 0);
    assert_int_equal(config.brokers.count, 2 * LINES);
    assert_string_equal(config.brokers.items[2 * LINES - 1], "0123456789");
    option_release(&sample_program, &config);
    free(text);
    sample_file_remove();
}

static void what_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    struct sample config = {0};
    enum option_source set_by[16] = {0};
    struct option_state options = {.program = &sample_program, .config = &config, .set_by = set_by};
    struct error err = {0};
    assert_int_equal(option_file_load(&options, "/tmp", &err), -1);
    assert_int_equal(err.code, ERROR_IO);
    assert_int_equal(err.sys_errno, EISDIR);
    assert_int_equal(option_file_load(&options, "/dev/zero", &err), -1);
    assert_int_equal(err.code, ERROR_INVALID);
    assert_string_equal(err.message, "the configuration \"/dev/zero\" has over 1048576 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_keys_and_values),
        cmocka_unit_test(an_empty_file_says_nothing),
        cmocka_unit_test(a_list_may_stand_on_several_lines),
        cmocka_unit_test(all_else_may_stand_once),
        cmocka_unit_test(slips_name_the_nearest_option),
        cmocka_unit_test(lines_that_are_none_are_refused),
        cmocka_unit_test(a_file_is_loaded_whole),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
