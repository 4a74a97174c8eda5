#ifndef TESTS_SIM_MUTANTS_H
#define TESTS_SIM_MUTANTS_H

/** Deliberately broken variants: each has to be caught. */

struct mutants_result {
    int count, caught;
};
/** Runs each until it is caught; prints a line each. self: path of this program. */
struct mutants_result mutants_run(const char *self);

#endif
