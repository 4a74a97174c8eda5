#include "worker/audit/command.h"

#include <string.h>

static const struct {
    const char *word;
    command_fn *fn;
} COMMANDS[] = {
#define COMMAND(word, fn, what) {word, fn},
#include "worker/audit/command.def"
#undef COMMAND
};

command_fn *command_find(const char *word)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(COMMANDS[i].word, word) == 0) {
            return COMMANDS[i].fn;
        }
    }
    return NULL;
}

const char *command_words(void)
{
    return ""
#define COMMAND(word, fn, what) word " "
#include "worker/audit/command.def"
#undef COMMAND
        ;
}
