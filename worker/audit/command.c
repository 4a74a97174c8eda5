#include "worker/audit/command.h"

#include <stdio.h>
#include <string.h>

/** Options that not every command takes. rebuild takes --cluster, and always all clusters: STOPFLEET_CLUSTER names
 *  the cluster of a person's calls. */
enum {
    TAKES_CLUSTER = 1U << 0,
    TAKES_TASK = 1U << 1,
    TAKES_HOST = 1U << 2,
    TAKES_TYPE = 1U << 3,
    TAKES_SINCE = 1U << 4,
    TAKES_UNTIL = 1U << 5,
    TAKES_JSON = 1U << 6,
    TAKES_FOLLOW = 1U << 7,
    TAKES_WATCH = 1U << 8
};

static const struct {
    const char *word;
    command_fn *fn;
    unsigned takes; /**< options that not every command takes */
} COMMANDS[] = {
#define COMMAND(word, fn, takes, what) {word, fn, takes},
#include "worker/audit/command.def"
#undef COMMAND
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

command_fn *command_find(const char *word)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(COMMANDS[i].word, word) == 0) {
            return COMMANDS[i].fn;
        }
    }
    return NULL;
}

static int refuse(const char *option, unsigned bit, const char *word, struct error *err)
{
    char takers[64] = "";
    size_t length = 0;
    for (size_t i = 0; i < COMMAND_COUNT && length < sizeof takers; i++) {
        if ((COMMANDS[i].takes & bit) != 0) {
            length += (size_t)snprintf(takers + length, sizeof takers - length, "%s%s",
                                       length == 0 ? "" : ", ", COMMANDS[i].word);
        }
    }
    return error_set(err, ERROR_INVALID, "--%s does not go with %s; commands that take it: %s",
                     option, word, takers);
}

int command_check_options(const char *word, const struct audit_options *options, struct error *err)
{
    const struct {
        const char *name;
        unsigned bit;
        bool given;
    } asked[] = {
        {"cluster", TAKES_CLUSTER, options->cluster != NULL},
        {"task", TAKES_TASK, options->tasks.count > 0},
        {"host", TAKES_HOST, options->host != NULL},
        {"type", TAKES_TYPE, options->types.count > 0},
        {"since", TAKES_SINCE, options->since != NULL},
        {"until", TAKES_UNTIL, options->until != NULL},
        {"json", TAKES_JSON, options->json},
        {"follow", TAKES_FOLLOW, options->follow},
        {"watch", TAKES_WATCH, options->watch},
    };
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        for (size_t k = 0; k < sizeof asked / sizeof asked[0]; k++) {
            if (strcmp(COMMANDS[i].word, word) == 0 && asked[k].given &&
                (COMMANDS[i].takes & asked[k].bit) == 0) {
                return refuse(asked[k].name, asked[k].bit, word, err);
            }
        }
    }
    return 0;
}

const char *command_words(void)
{
    return ""
#define COMMAND(word, fn, takes, what) word " "
#include "worker/audit/command.def"
#undef COMMAND
        ;
}
