#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/host/worker_options.h"

/* @return what option_parse says to the flag and the variable; err tells why not */
static int parse(const char *flag, const char *variable, struct error *err)
{
    struct worker_options options = {0};
    enum option_outcome outcome;
    char texts[2][64];
    char program[] = "stopfleet-worker";
    (void)snprintf(texts[0], sizeof texts[0], "%s", flag == NULL ? "" : flag);
    (void)snprintf(texts[1], sizeof texts[1], "%s", variable == NULL ? "" : variable);
    char *arguments[] = {program, texts[0], NULL};
    char *environment[] = {texts[1], NULL};
    int result = option_parse(&WORKER_OPTIONS_PROGRAM, &options, flag == NULL ? 1 : 2, arguments,
                              environment, NULL, stdout, &outcome, err);
    option_release(&WORKER_OPTIONS_PROGRAM, &options);
    return result;
}

/* The worker reads these without asking whether they are there. */
static void no_text_that_has_a_default_is_left_empty(void **state)
{
    (void)state;
    size_t seen = 0;
    for (size_t i = 0; i < WORKER_OPTIONS_PROGRAM.spec_count; i++) {
        const struct option_spec *spec = &WORKER_OPTIONS_PROGRAM.specs[i];
        char flag[64], begin[96];
        if (spec->type != OPTION_TEXT || spec->default_text == NULL) {
            continue;
        }
        struct error err = {0};
        (void)snprintf(flag, sizeof flag, "--%s=", spec->name);
        (void)snprintf(begin, sizeof begin, "flag --%s: bad value \"\" for %s: give ", spec->name,
                       spec->name);
        assert_int_equal(parse(flag, NULL, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        assert_int_equal(strncmp(err.message, begin, strlen(begin)), 0);
        seen++;
    }
    assert_int_equal(seen, 8);
}

static void an_empty_variable_leaves_the_default(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(parse(NULL, "STOPFLEET_CLUSTER=", &err), 0);
    assert_int_equal(parse(NULL, "DOCKER_HOST=", &err), 0);
    assert_int_equal(parse("--host-id=", NULL, &err), 0);
}

static void the_identity_is_checked_where_it_is_given(void **state)
{
    (void)state;
    static const char *const flags[][2] = {
        {"--region=x y", "flag --region: bad value \"x y\" for region: give up to 64 lower-case"},
        {"--account=12", "flag --account: bad value \"12\" for account: give 12 digits"},
        {"--cluster=a b", "flag --cluster: bad value \"a b\" for cluster: give up to 255 letters"},
        {"--cluster=a:b", "flag --cluster: bad value"},
        {"--host-id=a b", "flag --host-id: bad value \"a b\" for host-id: give up to 255 letters"},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        struct error err = {0};
        assert_int_equal(parse(flags[i][0], NULL, &err), -1);
        assert_int_equal(strncmp(err.message, flags[i][1], strlen(flags[i][1])), 0);
    }
    struct error err = {0};
    assert_int_equal(parse(NULL, "STOPFLEET_REGION=x y", &err), -1);
    assert_non_null(strstr(err.message, "environment variable STOPFLEET_REGION"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_text_that_has_a_default_is_left_empty),
        cmocka_unit_test(an_empty_variable_leaves_the_default),
        cmocka_unit_test(the_identity_is_checked_where_it_is_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
