#ifndef WORKER_RUNTIME_DOCKER_COMMAND_H
#define WORKER_RUNTIME_DOCKER_COMMAND_H

/** What a command's text means to Docker. Pure. */

#include <stdbool.h>

#include <jansson.h>

/** Docker's exec form: a JSON array of texts that is not empty. */
bool docker_command_is_array(const char *text);

/** The command with its arguments, as a JSON array: the text itself in Docker's exec form, else the text as the argument of the shell of such an engine (its
 *  shell form: /bin/sh -c, on Windows cmd /S /C). New reference, NULL when memory is out. */
json_t *docker_command_of(const char *text, bool windows);

#endif
