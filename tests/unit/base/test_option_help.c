#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/option_state.h"
#include "tests/unit/base/option_sample.h"

#define TEXTS(...) ((char *[]){__VA_ARGS__, NULL})
#define T(text)    ((char[]){text})

static void must_answer(struct sample_run *run, char **arguments, char **environment)
{
    sample_run(run, arguments, environment);
    if (run->result < 0) {
        fail_msg("%s", run->err.message);
    }
    assert_int_equal(run->outcome, OPTION_EXIT_OK);
}

static void expect_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no \"%s\" in:\n%s", part, text);
    }
}

static void version_is_one_line(void **state)
{
    (void)state;
    struct sample_run run;
    must_answer(&run, TEXTS(T("--version")), NULL);
    assert_string_equal(run.output, "sample 1.2.3\n");
    sample_run_release(&run);
}

static void help_has_all_that_there_is_to_know(void **state)
{
    (void)state;
    struct sample_run run;
    must_answer(&run, TEXTS(T("--help")), NULL);
    expect_part(run.output, "Usage: sample [OPTION]... [WORD]...\n\nTries all kinds of options.\n");
    expect_part(run.output, "\nIdentity:\n  --name=TEXT\n      What this instance is called. "
                            "Environment: STOPFLEET_NAME or SAMPLE_NAME.\n");
    expect_part(run.output, "\nKafka:\n  --kafka-brokers=TEXT,...\n");
    expect_part(run.output, "  --depth=NUMBER\n      How deep to go. Accepts from -5 to 10. "
                            "Default: 3. Environment:\n      STOPFLEET_DEPTH.\n");
    expect_part(run.output, "  --grace=DURATION\n      How long to wait. Accepts from 1s to 2h. "
                            "Default: 1m30s.");
    expect_part(run.output, "  --cap=SIZE\n      How much to keep. Accepts at least 1KiB.");
    expect_part(run.output, "\nOptions:\n  --verbose[=BOOLEAN]\n      Say more. Environment: "
                            "STOPFLEET_VERBOSE.\n");
    expect_part(run.output, "  --format=CHOICE\n      Either this | or that. Accepts one of text, "
                            "json.");
    expect_part(run.output, "  --config=FILE\n");
    expect_part(run.output, "  --dump-config\n");
    sample_run_release(&run);
}

static void help_fits_a_terminal(void **state)
{
    (void)state;
    struct sample_run run;
    must_answer(&run, TEXTS(T("--help")), NULL);
    char *rest = run.output;
    size_t longest = 0;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        longest = strlen(line) > longest ? strlen(line) : longest;
    }
    assert_in_range(longest, 60, 79);
    sample_run_release(&run);
}

static void dump_says_values_and_sources(void **state)
{
    (void)state;
    char flag[100];
    (void)snprintf(flag, sizeof flag, "--config=%s", sample_file("depth = 7\n", 10));
    struct sample_run run;
    must_answer(&run, TEXTS(flag, T("--dump-config"), T("--verbose"), T("--format=json")),
                TEXTS(T("SAMPLE_NAME=n"), T("STOPFLEET_PASSWORD=geheim"), T("STOPFLEET_CAP=2MiB")));
    assert_string_equal(run.output, "# sample 1.2.3\n"
                                    "\n# Identity\n"
                                    "# from environment\nname = n\n"
                                    "# from environment\n# password = ***\n"
                                    "\n# Kafka\n"
                                    "# from default\nkafka-brokers = a:1,b:2\n"
                                    "# from file\ndepth = 7\n"
                                    "\n# Stopping\n"
                                    "# from default\ngrace = 1m30s\n"
                                    "# from environment\ncap = 2MiB\n"
                                    "\n# Options\n"
                                    "# from flag\nverbose = true\n"
                                    "# from flag\nformat = json\n");
    sample_run_release(&run);
    sample_file_remove();
}

static void dump_leaves_out_what_is_not_set(void **state)
{
    (void)state;
    struct sample_run run;
    must_answer(&run, TEXTS(T("--dump-config"), T("--kafka-brokers=")), NULL);
    expect_part(run.output, "# from nowhere: not set\n# name =\n");
    expect_part(run.output, "# from nowhere: not set\n# password =\n");
    expect_part(run.output, "# from nowhere: not set\n# verbose =\n");
    expect_part(run.output, "# from nowhere: not set\n# format =\n");
    expect_part(run.output, "# from flag\nkafka-brokers =\n");
    sample_run_release(&run);
}

static void a_dump_is_a_file_of_the_same_meaning(void **state)
{
    (void)state;
    struct sample_run first;
    must_answer(&first,
                TEXTS(T("--dump-config"), T("--name=a = #b"), T("--kafka-brokers="),
                      T("--depth=-4"), T("--grace=1001ms"), T("--cap=1025"), T("--format=text")),
                NULL);
    char flag[100];
    (void)snprintf(flag, sizeof flag, "--config=%s",
                   sample_file(first.output, strlen(first.output)));
    struct sample_run second;
    sample_run(&second, TEXTS(flag), NULL);
    if (second.result < 0) {
        fail_msg("%s", second.err.message);
    }
    assert_string_equal(second.config.name, "a = #b");
    assert_int_equal(second.config.brokers.count, 0);
    assert_int_equal(second.config.depth, -4);
    assert_int_equal(second.config.grace_ms, 1001);
    assert_int_equal(second.config.cap_bytes, 1025);
    assert_int_equal(second.config.format, 1);
    sample_run_release(&first);
    sample_run_release(&second);
    sample_file_remove();
}

static void markdown_is_a_table_for_each_group(void **state)
{
    (void)state;
    struct sample_run run;
    must_answer(&run, TEXTS(T("--options-markdown")), NULL);
    expect_part(run.output,
                "## sample\n\nTries all kinds of options.\n\n### Identity\n\n"
                "| option, variable | default | accepts | meaning |\n|---|---|---|---|\n"
                "| `--name=TEXT`<br>`STOPFLEET_NAME`<br>`SAMPLE_NAME` |  |  | What "
                "this instance is called. |\n");
    expect_part(run.output, "| `--depth=NUMBER`<br>`STOPFLEET_DEPTH` | `3` | from -5 to 10 | "
                            "How deep to go. |\n\n### Stopping\n");
    expect_part(run.output, "\n### Options\n");
    expect_part(run.output, "| one of text, json | Either this \\| or that. |\n");
    sample_run_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_is_one_line),
        cmocka_unit_test(help_has_all_that_there_is_to_know),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(dump_says_values_and_sources),
        cmocka_unit_test(dump_leaves_out_what_is_not_set),
        cmocka_unit_test(a_dump_is_a_file_of_the_same_meaning),
        cmocka_unit_test(markdown_is_a_table_for_each_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
