#include <stdio.h>
#include <string.h>

#include "common/base/option_state.h"

void option_variable_name(const char *name, char ret_variable[OPTION_VARIABLE_SIZE])
{
    static const char prefix[] = OPTION_VARIABLE_PREFIX;
    size_t length = sizeof prefix - 1;
    memcpy(ret_variable, prefix, length);
    for (; *name != '\0' && length < OPTION_VARIABLE_SIZE - 1; name++) {
        char upper = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        ret_variable[length++] = upper == '-' ? '_' : upper;
    }
    ret_variable[length] = '\0';
}

const char *option_environment_find(char *const *environment, const char *variable)
{
    size_t length = strlen(variable);
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *entry = *environment;
        if (strncmp(entry, variable, length) == 0 && entry[length] == '=' &&
            entry[length + 1] != '\0') {
            return entry + length + 1;
        }
    }
    return NULL;
}

static int apply_variable(struct option_state *state, const struct option_spec *spec,
                          enum option_source source, const char *variable, char *const *environment,
                          struct error *err)
{
    const char *value = option_environment_find(environment, variable);
    if (value == NULL) {
        return 0;
    }
    if (option_set(state, spec, source, span_of(value), err) < 0) {
        return error_wrap(err, "environment variable %s", variable);
    }
    return 0;
}

/* A variable of ours that this program does not know is another program's, unless it is so near to
 * one of this program's that it must be a slip. */
static int refuse_slip(const struct option_program *program, struct span variable,
                       struct error *err)
{
    char near[OPTION_VARIABLE_SIZE] = "";
    for (size_t i = 0; i < program->spec_count; i++) {
        const struct option_spec *spec = &program->specs[i];
        char primary[OPTION_VARIABLE_SIZE];
        option_variable_name(spec->name, primary);
        const char *known[] = {primary, spec->env_alias};
        for (size_t k = 0; k < 2 && known[k] != NULL; k++) {
            size_t distance = option_distance(variable, span_of(known[k]));
            if (distance == 0) {
                return 0;
            }
            if (distance == 1) {
                (void)snprintf(near, sizeof near, "%s", known[k]);
            }
        }
    }
    if (near[0] == '\0') {
        return 0;
    }
    return error_set(err, ERROR_INVALID,
                     "unrecognized environment variable \"%.*s\": did you mean %s?",
                     (int)variable.length, variable.data, near);
}

int option_environment_apply(struct option_state *state, char *const *environment,
                             struct error *err)
{
    const struct option_program *program = state->program;
    for (size_t i = 0; i < program->spec_count; i++) {
        const struct option_spec *spec = &program->specs[i];
        char variable[OPTION_VARIABLE_SIZE];
        option_variable_name(spec->name, variable);
        if ((spec->env_alias != NULL && apply_variable(state, spec, OPTION_SOURCE_ENV_ALIAS,
                                                       spec->env_alias, environment, err) < 0) ||
            apply_variable(state, spec, OPTION_SOURCE_ENV, variable, environment, err) < 0) {
            return -1;
        }
    }
    for (; environment != NULL && *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL ||
            strncmp(*environment, OPTION_VARIABLE_PREFIX, strlen(OPTION_VARIABLE_PREFIX)) != 0) {
            continue;
        }
        struct span variable = {.data = *environment, .length = (size_t)(equals - *environment)};
        if (refuse_slip(program, variable, err) < 0) {
            return -1;
        }
    }
    return 0;
}
