/** stopfleet-audit: reads the log. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/standard_output.h"
#include "worker/audit/command.h"

static int run(const struct option_list *words, struct audit_options *options)
{
    struct error err = {0};
    if (words->count != 1) {
        fprintf(stderr, "stopfleet-audit: %s: one of %s(see --help)\n",
                words->count == 0 ? "no command given" : "more than one command given",
                command_words());
        return AUDIT_EXIT_USAGE;
    }
    command_fn *command = command_find(words->items[0]);
    if (command == NULL) {
        fprintf(stderr, "stopfleet-audit: unknown command \"%s\": one of %s(see --help)\n",
                words->items[0], command_words());
        return AUDIT_EXIT_USAGE;
    }
    if (command_check_options(words->items[0], options, &err) != 0 ||
        audit_options_finish(options, &err) != 0) {
        fprintf(stderr, "stopfleet-audit: %s\n", err.message);
        return AUDIT_EXIT_USAGE;
    }
    enum audit_exit status = command(options, &err);
    if (err.code != ERROR_NONE) {
        fprintf(stderr, "stopfleet-audit: %s\n", err.message);
    }
    if (fflush(stdout) != 0) {
        (void)standard_output_failed(&err);
        fprintf(stderr, "stopfleet-audit: %s\n", err.message);
        status = status == AUDIT_EXIT_OK ? AUDIT_EXIT_USAGE : status;
    }
    return (int)status;
}

int main(int argc, char **argv)
{
    struct audit_options options = {0};
    struct option_list words = {0};
    enum option_outcome outcome = OPTION_RUN;
    struct error err = {0};
    int status = AUDIT_EXIT_OK;
    if (option_parse(&AUDIT_OPTIONS_PROGRAM, &options, argc, argv, environ, &words, stdout,
                     &outcome, &err) != 0) {
        fprintf(stderr, "stopfleet-audit: %s\n", err.message);
        status = AUDIT_EXIT_USAGE;
    } else if (outcome == OPTION_RUN) {
        log_init("stopfleet-audit", (enum log_format)options.log_format,
                 (enum log_level)options.log_level);
        status = run(&words, &options);
    }
    option_positional_release(&words);
    option_release(&AUDIT_OPTIONS_PROGRAM, &options);
    return status;
}
