#ifndef TESTS_SIM_MUTANTS_H
#define TESTS_SIM_MUTANTS_H

#include <stdbool.h>

/** Deliberately broken variants: each has to be caught. */

struct mutants_result {
    int count, caught;
};
/** Runs each until it is caught; prints a line each. self: path of this program. audit: by what the log shows alone. */
struct mutants_result mutants_run(const char *self, bool audit);

#endif
