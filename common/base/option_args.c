#include "common/base/option_args.h"

#include <string.h>

static enum option_builtin find_builtin(struct span name)
{
    for (int builtin = 1; builtin < OPTION_BUILTIN_COUNT; builtin++) {
        if (span_equal_text(name, option_builtin_name((enum option_builtin)builtin))) {
            return (enum option_builtin)builtin;
        }
    }
    return OPTION_BUILTIN_COUNT;
}

/* Says no more than the name: behind it may stand a secret. */
static int refuse_flag(const struct option_program *program, const char *text, struct span name,
                       struct error *err)
{
    const char *nearest = option_nearest(program, name, true);
    struct span flag = {.data = text, .length = (size_t)(name.data - text) + name.length};
    struct span shown = span_is_utf8(flag) ? span_cut_utf8(flag, 80) : span_of("(not UTF-8)");
    if (nearest == NULL) {
        return error_set(err, ERROR_INVALID, "unrecognized flag \"%.*s\": see %s --help",
                         (int)shown.length, shown.data, program->name);
    }
    return error_set(err, ERROR_INVALID, "unrecognized flag \"%.*s\": did you mean --%s?",
                     (int)shown.length, shown.data, nearest);
}

/* The value is what stands behind "=" (attached), else the next argument. */
static int take_value(struct option_args *args, const char *name, const char *attached,
                      const char **ret_value, struct error *err)
{
    if (attached != NULL) {
        *ret_value = attached;
        return 0;
    }
    const char *next = args->next < args->argc ? args->argv[args->next] : NULL;
    if (next == NULL || strncmp(next, "--", 2) == 0) {
        return error_set(err, ERROR_INVALID, "flag --%s needs a value: write --%s=VALUE", name,
                         name);
    }
    args->next++;
    *ret_value = next;
    return 0;
}

static int read_builtin(struct option_args *args, enum option_builtin builtin, const char *attached,
                        struct option_arg *arg, struct error *err)
{
    arg->kind = OPTION_ARG_BUILTIN;
    arg->builtin = builtin;
    const char *name = option_builtin_name(builtin);
    if (builtin == OPTION_BUILTIN_CONFIG) {
        return take_value(args, name, attached, &arg->value, err);
    }
    if (attached != NULL) {
        return error_set(err, ERROR_INVALID, "flag --%s takes no value", name);
    }
    return 0;
}

static int read_flag(struct option_args *args, struct option_arg *arg, struct error *err)
{
    const char *equals = strchr(arg->text, '=');
    const char *attached = equals == NULL ? NULL : equals + 1;
    struct span name = span_of(arg->text + 2);
    if (equals != NULL) {
        name.length = (size_t)(equals - name.data);
    }
    enum option_builtin builtin = find_builtin(name);
    if (builtin != OPTION_BUILTIN_COUNT) {
        return read_builtin(args, builtin, attached, arg, err);
    }
    arg->kind = OPTION_ARG_OPTION;
    arg->spec = option_find(args->program, name);
    if (arg->spec == NULL) {
        return refuse_flag(args->program, arg->text, name, err);
    }
    if (arg->spec->type == OPTION_BOOLEAN && attached == NULL) {
        arg->value = "true";
        return 0;
    }
    return take_value(args, arg->spec->name, attached, &arg->value, err);
}

int option_args_next(struct option_args *args, struct option_arg *ret_arg, struct error *err)
{
    struct option_arg arg = {.kind = OPTION_ARG_END};
    if (args->next < args->argc && !args->only_positional &&
        strcmp(args->argv[args->next], "--") == 0) {
        args->only_positional = true;
        args->next++;
    }
    if (args->next >= args->argc) {
        *ret_arg = arg;
        return 0;
    }
    arg.text = args->argv[args->next++];
    arg.kind = OPTION_ARG_POSITIONAL;
    if (args->only_positional || arg.text[0] != '-' || strcmp(arg.text, "-") == 0) {
        *ret_arg = arg;
        return 0;
    }
    int result = 0;
    if (strcmp(arg.text, "-h") == 0) {
        arg.kind = OPTION_ARG_BUILTIN;
        arg.builtin = OPTION_BUILTIN_HELP;
    } else if (strncmp(arg.text, "--", 2) == 0) {
        result = read_flag(args, &arg, err);
    } else {
        result = refuse_flag(args->program, arg.text, span_of(arg.text + 1), err);
    }
    if (result == 0) {
        *ret_arg = arg;
    }
    return result;
}
