#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "tests/unit/base/option_sample.h"

/* A NULL-terminated array of writable texts, as main has it. */
#define TEXTS(...) ((char *[]){__VA_ARGS__, NULL})
#define T(text)    ((char[]){text})

static int clean_up(void **state)
{
    (void)state;
    memory_fail_nth(0, false);
    sample_file_remove();
    return 0;
}

static void must_run(struct sample_run *run, char **arguments, char **environment)
{
    sample_run(run, arguments, environment);
    if (run->result < 0) {
        fail_msg("%s", run->err.message);
    }
    assert_int_equal(run->outcome, OPTION_RUN);
    assert_string_equal(run->output, "");
}

static void must_refuse(char **arguments, char **environment, const char *message)
{
    struct sample_run run;
    sample_run(&run, arguments, environment);
    assert_int_equal(run.result, -1);
    assert_int_equal(run.err.code, ERROR_INVALID);
    assert_string_equal(run.err.message, message);
    assert_int_equal(run.positional.count, 0);
    assert_null(run.positional.items);
    sample_run_release(&run);
}

static void defaults_are_parsed_like_values(void **state)
{
    (void)state;
    struct sample_run run;
    must_run(&run, NULL, NULL);
    assert_null(run.config.name);
    assert_int_equal(run.config.brokers.count, 2);
    assert_string_equal(run.config.brokers.items[0], "a:1");
    assert_string_equal(run.config.brokers.items[1], "b:2");
    assert_int_equal(run.config.depth, 3);
    assert_int_equal(run.config.grace_ms, 90000);
    assert_int_equal(run.config.cap_bytes, 65536);
    assert_false(run.config.verbose);
    assert_int_equal(run.config.format, 0);
    assert_int_equal(run.positional.count, 0);
    sample_run_release(&run);
    assert_null(run.config.brokers.items);
}

static void flags_take_values_in_both_ways(void **state)
{
    (void)state;
    struct sample_run run;
    must_run(&run,
             TEXTS(T("--name=a=b"), T("--depth"), T("-5"), T("--grace"), T("250s"), T("--cap=1MiB"),
                   T("--format"), T("json")),
             NULL);
    assert_string_equal(run.config.name, "a=b");
    assert_int_equal(run.config.depth, -5);
    assert_int_equal(run.config.grace_ms, 250000);
    assert_int_equal(run.config.cap_bytes, 1 << 20);
    assert_int_equal(run.config.format, 2);
    sample_run_release(&run);
}

static void a_bare_boolean_means_true_and_takes_no_argument(void **state)
{
    (void)state;
    struct sample_run run;
    must_run(&run, TEXTS(T("--verbose"), T("off")), NULL);
    assert_true(run.config.verbose);
    assert_int_equal(run.positional.count, 1);
    assert_string_equal(run.positional.items[0], "off");
    sample_run_release(&run);
    must_run(&run, TEXTS(T("--verbose"), T("--verbose=no")), NULL);
    assert_false(run.config.verbose);
    sample_run_release(&run);
}

static void the_last_flag_wins_and_lists_grow(void **state)
{
    (void)state;
    struct sample_run run;
    must_run(&run,
             TEXTS(T("--name=a"), T("--name=b"), T("--kafka-brokers=x"), T("--kafka-brokers=y, z")),
             NULL);
    assert_string_equal(run.config.name, "b");
    assert_int_equal(run.config.brokers.count, 3);
    assert_string_equal(run.config.brokers.items[0], "x");
    assert_string_equal(run.config.brokers.items[2], "z");
    sample_run_release(&run);
}

static void an_empty_text_unsets(void **state)
{
    (void)state;
    struct sample_run run;
    must_run(&run, TEXTS(T("--name=a"), T("--name="), T("--kafka-brokers= ")), NULL);
    assert_null(run.config.name);
    assert_int_equal(run.config.brokers.count, 0);
    sample_run_release(&run);
}

static void arguments_stand_anywhere_and_behind_two_dashes(void **state)
{
    (void)state;
    struct sample_run run;
    char **argv =
        TEXTS(T("one"), T("--depth=1"), T("-"), T("--"), T("--depth=2"), T("-x"), T("--"));
    must_run(&run, argv, NULL);
    static const char *const expected[] = {"one", "-", "--depth=2", "-x", "--"};
    assert_int_equal(run.positional.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(run.positional.items[i], expected[i]);
    }
    assert_ptr_equal(run.positional.items[0], argv[0]);
    assert_int_equal(run.config.depth, 1);
    sample_run_release(&run);
}

static void arguments_are_refused_where_there_are_none(void **state)
{
    (void)state;
    struct sample_run run;
    sample_run_without_positional(&run, TEXTS(T("--depth=1"), T("word")));
    assert_int_equal(run.result, -1);
    assert_string_equal(run.err.message, "unexpected argument \"word\": see sample --help");
    sample_run_release(&run);
    sample_run_without_positional(&run, TEXTS(T("--depth=1")));
    assert_int_equal(run.result, 0);
    sample_run_release(&run);
}

static void slips_in_flags_name_the_nearest(void **state)
{
    (void)state;
    must_refuse(TEXTS(T("--gracee=1s")), NULL,
                "unrecognized flag \"--gracee\": did you mean --grace?");
    must_refuse(TEXTS(T("--garce"), T("1s")), NULL,
                "unrecognized flag \"--garce\": did you mean --grace?");
    must_refuse(TEXTS(T("--kafka-broker=x")), NULL,
                "unrecognized flag \"--kafka-broker\": did you mean --kafka-brokers?");
    must_refuse(TEXTS(T("--verison")), NULL,
                "unrecognized flag \"--verison\": did you mean --version?");
    must_refuse(TEXTS(T("--something-else")), NULL,
                "unrecognized flag \"--something-else\": see sample --help");
    must_refuse(TEXTS(T("-help")), NULL, "unrecognized flag \"-help\": did you mean --help?");
    must_refuse(TEXTS(T("--pasword=geheim")), NULL,
                "unrecognized flag \"--pasword\": did you mean --password?");
    must_refuse(TEXTS(T("--\xFF=1")), NULL, "unrecognized flag \"(not UTF-8)\": see sample --help");
    must_refuse(TEXTS(T("-xyzzyx")), NULL, "unrecognized flag \"-xyzzyx\": see sample --help");
}

static void a_flag_without_its_value_is_refused(void **state)
{
    (void)state;
    must_refuse(TEXTS(T("--name")), NULL, "flag --name needs a value: write --name=VALUE");
    must_refuse(TEXTS(T("--name"), T("--verbose")), NULL,
                "flag --name needs a value: write --name=VALUE");
    must_refuse(TEXTS(T("--config")), NULL, "flag --config needs a value: write --config=VALUE");
    must_refuse(TEXTS(T("--help=yes")), NULL, "flag --help takes no value");
}

static void a_bad_value_is_said_with_its_place(void **state)
{
    (void)state;
    must_refuse(TEXTS(T("--depth=11")), NULL,
                "flag --depth: bad value \"11\" for depth: give a whole number, from -5 to 10");
    must_refuse(NULL, TEXTS(T("STOPFLEET_DEPTH=x")),
                "environment variable STOPFLEET_DEPTH: bad value \"x\" for depth: give a whole "
                "number, from -5 to 10");
    char expected[200];
    const char *path = sample_file("# first\n\ndepth = 1x\n", 19);
    (void)snprintf(expected, sizeof expected,
                   "%s:3: bad value \"1x\" for depth: give a whole number, from -5 to 10", path);
    char flag[100];
    (void)snprintf(flag, sizeof flag, "--config=%s", path);
    must_refuse(TEXTS(flag), NULL, expected);
}

static void flag_beats_environment_beats_file_beats_default(void **state)
{
    (void)state;
    static const char text[] = "name = file\ngrace = 2s\ncap = 2KiB\nkafka-brokers = f\n";
    char variable[100];
    (void)snprintf(variable, sizeof variable, "STOPFLEET_CONFIG=%s",
                   sample_file(text, sizeof text - 1));
    struct sample_run run;
    must_run(&run, TEXTS(T("--grace=4s"), T("--kafka-brokers=g")),
             TEXTS(variable, T("STOPFLEET_NAME=env"), T("STOPFLEET_GRACE=3s"),
                   T("STOPFLEET_KAFKA_BROKERS=e,e")));
    assert_string_equal(run.config.name, "env");
    assert_int_equal(run.config.grace_ms, 4000);
    assert_int_equal(run.config.cap_bytes, 2048);
    assert_int_equal(run.config.depth, 3);
    assert_int_equal(run.config.brokers.count, 1);
    assert_string_equal(run.config.brokers.items[0], "g");
    sample_run_release(&run);
}

static void an_alias_is_weaker_than_the_variable_and_stronger_than_the_file(void **state)
{
    (void)state;
    char flag[100];
    (void)snprintf(flag, sizeof flag, "--config=%s", sample_file("name = file\n", 12));
    struct sample_run run;
    must_run(&run, TEXTS(flag), TEXTS(T("SAMPLE_NAME=alias")));
    assert_string_equal(run.config.name, "alias");
    sample_run_release(&run);
    must_run(&run, TEXTS(flag), TEXTS(T("STOPFLEET_NAME=own"), T("SAMPLE_NAME=alias")));
    assert_string_equal(run.config.name, "own");
    sample_run_release(&run);
}

static void the_flag_for_the_file_beats_the_variable(void **state)
{
    (void)state;
    char flag[100];
    (void)snprintf(flag, sizeof flag, "--config=%s", sample_file("depth = 7", 9));
    struct sample_run run;
    must_run(&run, TEXTS(flag), TEXTS(T("STOPFLEET_CONFIG=/nonexistent")));
    assert_int_equal(run.config.depth, 7);
    sample_run_release(&run);
    must_run(&run, NULL, TEXTS(T("STOPFLEET_CONFIG=")));
    sample_run_release(&run);
    sample_run(&run, NULL, TEXTS(T("STOPFLEET_CONFIG=/nonexistent")));
    assert_int_equal(run.result, -1);
    assert_int_equal(run.err.code, ERROR_IO);
    assert_int_equal(run.err.sys_errno, ENOENT);
    assert_non_null(strstr(run.err.message, "/nonexistent"));
    sample_run_release(&run);
}

static void an_empty_variable_is_no_variable(void **state)
{
    (void)state;
    struct sample_run run;
    must_run(
        &run, NULL,
        TEXTS(T("STOPFLEET_DEPTH="), T("STOPFLEET_NAME="), T("SAMPLE_NAME=alias"), T("NOISE")));
    assert_int_equal(run.config.depth, 3);
    assert_string_equal(run.config.name, "alias");
    sample_run_release(&run);
}

static void a_variable_one_edit_away_is_a_slip(void **state)
{
    (void)state;
    must_refuse(NULL, TEXTS(T("STOPFLEET_KAFKA_BROKER=x")),
                "unrecognized environment variable \"STOPFLEET_KAFKA_BROKER\": did you mean "
                "STOPFLEET_KAFKA_BROKERS?");
    must_refuse(NULL, TEXTS(T("STOPFLEET_GARCE=1s")),
                "unrecognized environment variable \"STOPFLEET_GARCE\": did you mean "
                "STOPFLEET_GRACE?");
    must_refuse(NULL, TEXTS(T("STOPFLEET_BROKER=x")),
                "unrecognized environment variable \"STOPFLEET_BROKER\": did you mean "
                "STOPFLEET_BROKERS?");
    struct sample_run run;
    must_run(&run, NULL,
             TEXTS(T("STOPFLEET_BROKERS=x"), T("STOPFLEET_REDIS_URL=x"), T("STOPFLEET_GRACEFUL=1"),
                   T("STOPFLEET_CONFIG="), T("STOPFLEET=1"), T("stopfleet_grac=1")));
    sample_run_release(&run);
}

static void help_and_version_are_answered_whatever_else_is_wrong(void **state)
{
    (void)state;
    static const char *const answered[] = {"--help", "-h", "--version", "--options-markdown"};
    for (size_t i = 0; i < 4; i++) {
        char flag[32];
        strcpy(flag, answered[i]);
        struct sample_run run;
        sample_run(&run, TEXTS(T("--depth=bad"), flag, T("--nonsense")),
                   TEXTS(T("STOPFLEET_CONFIG=/nonexistent"), T("STOPFLEET_DEPTH=bad")));
        assert_int_equal(run.result, 0);
        assert_int_equal(run.outcome, OPTION_EXIT_OK);
        assert_string_not_equal(run.output, "");
        sample_run_release(&run);
    }
}

static void an_answer_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    static const char *const answered[] = {"--help", "--version", "--dump-config"};
    for (size_t i = 0; i < 3; i++) {
        char flag[32];
        strcpy(flag, answered[i]);
        FILE *full = fopen("/dev/full", "we");
        assert_non_null(full);
        struct sample config = {0};
        struct error err = {0};
        enum option_outcome outcome;
        assert_int_equal(option_parse(&sample_program, &config, 2, TEXTS(T("sample"), flag), NULL,
                                      NULL, full, &outcome, &err),
                         -1);
        assert_int_equal(err.sys_errno, ENOSPC);
        option_release(&sample_program, &config);
        (void)fclose(full);
    }
}

static void a_default_that_is_wrong_is_found(void **state)
{
    (void)state;
    struct option_spec spec = {.name = "x", .type = OPTION_INTEGER, .default_text = "many"};
    struct option_program program = {.name = "p", .specs = &spec, .spec_count = 1};
    int64_t config = 0;
    struct error err = {0};
    enum option_outcome outcome;
    assert_int_equal(
        option_parse(&program, &config, 1, TEXTS(T("p")), NULL, NULL, stdout, &outcome, &err), -1);
    assert_string_equal(err.message,
                        "default: bad value \"many\" for x: give a whole number, at least 0");
    spec = (struct option_spec){.name = "x", .default_text = ""};
    assert_int_equal(
        option_parse(&program, &config, 1, TEXTS(T("p")), NULL, NULL, stdout, &outcome, &err), -1);
    assert_int_equal(err.code, ERROR_BUG);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "name = file\nkafka-brokers = f,g\n";
    char config[100];
    (void)snprintf(config, sizeof config, "--config=%s", sample_file(text, sizeof text - 1));
    char **argv = TEXTS(config, T("--name=flag"), T("--kafka-brokers=h"), T("one"), T("two"),
                        T("--dump-config"));
    uint64_t n = 1;
    for (;; n++) {
        struct sample_run run;
        memory_fail_nth(n, false);
        sample_run(&run, argv, TEXTS(T("SAMPLE_NAME=alias")));
        memory_fail_nth(0, false);
        int result = run.result;
        if (result < 0) {
            assert_int_equal(run.err.code, ERROR_NO_MEMORY);
        }
        sample_run_release(&run);
        if (result == 0) {
            break;
        }
    }
    assert_in_range(n, 15, 60);
}

static void lack_of_memory_while_refusing_is_said_too(void **state)
{
    (void)state;
    struct sample_run run;
    uint64_t n = 1;
    do {
        memory_fail_nth(n++, true);
        sample_run(&run, TEXTS(T("--format=x")), NULL);
        memory_fail_nth(0, false);
        assert_int_equal(run.result, -1);
        sample_run_release(&run);
    } while (run.err.code == ERROR_NO_MEMORY);
    assert_string_equal(run.err.message,
                        "flag --format: bad value \"x\" for format: give one of text, json");
    assert_true(n > 5);
}

#define CLEAN(test) cmocka_unit_test_teardown(test, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLEAN(defaults_are_parsed_like_values),
        CLEAN(flags_take_values_in_both_ways),
        CLEAN(a_bare_boolean_means_true_and_takes_no_argument),
        CLEAN(the_last_flag_wins_and_lists_grow),
        CLEAN(an_empty_text_unsets),
        CLEAN(arguments_stand_anywhere_and_behind_two_dashes),
        CLEAN(arguments_are_refused_where_there_are_none),
        CLEAN(slips_in_flags_name_the_nearest),
        CLEAN(a_flag_without_its_value_is_refused),
        CLEAN(a_bad_value_is_said_with_its_place),
        CLEAN(flag_beats_environment_beats_file_beats_default),
        CLEAN(an_alias_is_weaker_than_the_variable_and_stronger_than_the_file),
        CLEAN(the_flag_for_the_file_beats_the_variable),
        CLEAN(an_empty_variable_is_no_variable),
        CLEAN(a_variable_one_edit_away_is_a_slip),
        CLEAN(help_and_version_are_answered_whatever_else_is_wrong),
        CLEAN(an_answer_that_cannot_be_written_is_an_error),
        CLEAN(a_default_that_is_wrong_is_found),
        CLEAN(every_allocation_may_fail),
        CLEAN(lack_of_memory_while_refusing_is_said_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
