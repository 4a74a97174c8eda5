#ifndef TESTS_SUPPORT_RUN_SHELL_H
#define TESTS_SUPPORT_RUN_SHELL_H

/** A line for the shell, for tests. */

#include <stddef.h>

/** Runs it; the first line of its standard output goes to ret_line (NULL = as it is).
 *  @return its exit status, -1 if a signal ended it */
int run_shell(const char *command, char *ret_line, size_t size);

#endif
