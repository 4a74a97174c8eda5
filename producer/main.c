#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "producer/api_options.h"
#include "producer/serve.h"
#include "producer/topics.h"

enum { EXIT_USAGE = 2 };

extern char **environ;

/* Says which word it is that is not understood. */
static int refuse(const struct option_list *words, struct error *err)
{
    static const char *const subcommands[] = {"create", "check", NULL};
    if (strcmp(words->items[0], "topics") != 0) {
        (void)error_set(err, ERROR_INVALID,
                        "\"%s\" is no command: the commands are `topics create` and `topics "
                        "check`; without one, the service is served",
                        words->items[0]);
    } else if (words->count == 1) {
        (void)error_set(err, ERROR_INVALID,
                        "topics needs a word: `topics create` or `topics check`");
    } else if (words->count > 2) {
        (void)error_set(err, ERROR_INVALID,
                        "\"%s\" is one word too many: `topics create` and `topics check` take none",
                        words->items[2]);
    } else {
        const char *nearest = option_nearest_word(span_of(words->items[1]), subcommands);
        (void)error_set(err, ERROR_INVALID,
                        "\"%s\" is nothing that topics does%s%s%s (it does `topics create` "
                        "and `topics check`)",
                        words->items[1], nearest == NULL ? "" : "; did you mean ",
                        nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
    }
    return EXIT_USAGE;
}

/* Why the service is not there stands among its other lines, in their format. */
static int serve_logged(const struct api_options *options)
{
    struct error err = {0};
    int result = api_options_check(options, &err) != 0 ? EXIT_USAGE : serve(options, &err);
    if (err.code != ERROR_NONE) {
        log_error("api.failed", err.message);
    }
    return result;
}

/** Runs what the words behind the options ask for. */
static int run(const struct api_options *options, const struct option_list *words,
               struct error *err)
{
    log_init("stopfleet-api", (enum log_format)options->log_format,
             (enum log_level)options->log_level);
    if (words->count == 0) {
        return serve_logged(options);
    }
    if (api_options_check(options, err) != 0) {
        return EXIT_USAGE;
    }
    if (words->count == 2 && strcmp(words->items[0], "topics") == 0) {
        if (strcmp(words->items[1], "create") == 0) {
            return topics_create(options, stdout, err);
        }
        if (strcmp(words->items[1], "check") == 0) {
            return topics_check(options, stdout, err);
        }
    }
    return refuse(words, err);
}

int main(int argc, char **argv)
{
    struct api_options options = {0};
    struct option_list words = {0};
    struct error err = {0};
    enum option_outcome outcome = OPTION_RUN;
    int result = EXIT_USAGE;
    if (option_parse(&API_OPTIONS_PROGRAM, &options, argc, argv, environ, &words, stdout, &outcome,
                     &err) == 0) {
        result = outcome == OPTION_EXIT_OK ? 0 : run(&options, &words, &err);
    }
    if (err.code != ERROR_NONE) {
        (void)fprintf(stderr, "stopfleet-api: %s\n", err.message);
    }
    option_positional_release(&words);
    option_release(&API_OPTIONS_PROGRAM, &options);
    return result;
}
