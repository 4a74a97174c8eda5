#include "tests/sim/mutants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/sim/sim.h"

/** Rules of the world's own Redis, engine and API. */
static const struct {
    const char *name;
    enum sim_break rule;
    const char *what;
} RULES[] = {
    {"put-older", SIM_BREAK_PUT_OLDER, "put accepts an older base"},
    {"pend-below", SIM_BREAK_PEND_BELOW, "pend keeps what the base holds already"},
    {"put-drops", SIM_BREAK_PUT_DROPS, "put drops all pending"},
    {"engine-lies", SIM_BREAK_ENGINE_LIES, "the engine says sent and sends nothing"},
    {"api-early", SIM_BREAK_API_EARLY, "the API answers before Kafka acknowledged"},
    {"intent-lost", SIM_BREAK_INTENT_LOST, "intents do not reach the journal"},
};

/** Variants of shipped lines, built by tests/sim/mutants.cmake. */
static const struct {
    const char *name, *what;
} VARIANTS[] = {
#define MUTANT(name, what) {name, what},
#include "sim_mutants.def"
#undef MUTANT
};

enum { HISTORIES = 3000, COMMAND_BYTES = 4096, LINE_BYTES = 1024 };

enum sim_break sim_break_find(const char *name)
{
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        if (strcmp(RULES[i].name, name) == 0) {
            return RULES[i].rule;
        }
    }
    fprintf(stderr, "sim: no rule \"%s\"\n", name);
    exit(2);
}

/** @return true if it was caught */
static bool run(const char *command, const char *name, const char *what)
{
    char line[LINE_BYTES], caught[LINE_BYTES] = "";
    long long histories = 0;
    FILE *pipe = popen(command, "r");
    while (pipe != NULL && fgets(line, sizeof line, pipe) != NULL) {
        if (strncmp(line, "seed ", 5) == 0 && caught[0] == '\0') {
            line[strcspn(line, "\n")] = '\0';
            memcpy(caught, line, sizeof caught);
        }
        (void)sscanf(line, "sim: %lld histories", &histories);
    }
    int status = pipe == NULL ? 2 : pclose(pipe);
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 1 && caught[0] != '\0';
    printf("%-10s %-16s %s: %s\n", good ? "caught" : "NOT CAUGHT", name, what,
           good          ? ""
           : status == 0 ? "no promise broken"
                         : "it did not run");
    if (good) {
        printf("           within %lld histories: %s\n", histories, caught);
    }
    fflush(stdout);
    return good;
}

struct mutants_result mutants_run(const char *self, bool audit)
{
    struct mutants_result result = {0};
    char command[COMMAND_BYTES];
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        snprintf(command, sizeof command, "'%s' --first --histories %d --break %s%s", self,
                 HISTORIES, RULES[i].name, audit ? " --audit" : "");
        result.count++;
        result.caught += run(command, RULES[i].name, RULES[i].what);
    }
    for (size_t i = 0; i < sizeof VARIANTS / sizeof VARIANTS[0]; i++) {
        snprintf(command, sizeof command, "'%s-%s' --first --histories %d%s", self,
                 VARIANTS[i].name, HISTORIES, audit ? " --audit" : "");
        result.count++;
        result.caught += run(command, VARIANTS[i].name, VARIANTS[i].what);
    }
    return result;
}
