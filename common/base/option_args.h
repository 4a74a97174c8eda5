#ifndef COMMON_BASE_OPTION_ARGS_H
#define COMMON_BASE_OPTION_ARGS_H

/** Private to option: the walk over a command line. */

#include "common/base/option_state.h"

/** What one argument is. */
enum option_arg_kind {
    OPTION_ARG_END = 1,    /**< no more */
    OPTION_ARG_POSITIONAL, /**< text */
    OPTION_ARG_BUILTIN,    /**< builtin, and value for --config */
    OPTION_ARG_OPTION      /**< spec and value */
};

/** One argument, with its value where it has one; borrows from argv. */
struct option_arg {
    enum option_arg_kind kind;
    char *text;
    enum option_builtin builtin;
    const struct option_spec *spec;
    const char *value;
};

/** A walk; begin with {.program, .argc, .argv, .next = 1}. */
struct option_args {
    const struct option_program *program;
    int argc;
    char **argv;
    int next;
    bool only_positional; /**< "--" was seen */
};

/** The next argument. @return 0 or -1 with ERROR_INVALID */
int option_args_next(struct option_args *args, struct option_arg *ret_arg, struct error *err);

#endif
