#include "common/base/option.h"

#include <errno.h>

#include "common/base/memory.h"
#include "common/base/option_args.h"

struct builtin {
    const char *name;
    const char *help;
};

static const struct builtin builtins[OPTION_BUILTIN_COUNT] = {
    [OPTION_BUILTIN_CONFIG] = {"config", "Read this file first: lines of \"key = value\" with the "
                                         "names of these options, # begins a comment line. "
                                         "Environment: " OPTION_CONFIG_VARIABLE "."},
    [OPTION_BUILTIN_HELP] = {"help", "Write this page and exit."},
    [OPTION_BUILTIN_VERSION] = {"version", "Write the version and exit."},
    [OPTION_BUILTIN_DUMP_CONFIG] = {"dump-config", "Write the options as they are in effect, as a "
                                                   "file for --config, and exit. Secrets are left "
                                                   "out."},
    [OPTION_BUILTIN_MARKDOWN] = {"options-markdown",
                                 "Write the options as a page of the documentation and exit."},
};

const char *option_builtin_name(enum option_builtin builtin)
{
    return builtins[builtin].name;
}

const char *option_builtin_help(enum option_builtin builtin)
{
    return builtins[builtin].help;
}

const struct option_spec *option_find(const struct option_program *program, struct span name)
{
    for (size_t i = 0; i < program->spec_count; i++) {
        if (span_equal_text(name, program->specs[i].name)) {
            return &program->specs[i];
        }
    }
    return NULL;
}

/* What the command line says besides values. */
struct request {
    enum option_builtin answer; /* what to write instead of running; 0 = nothing */
    const char *config_path;
};

/* The first look at the arguments: finds slips, the file, and what is to be answered at once. */
static int survey(struct option_args args, struct request *ret_request, struct error *err)
{
    struct request request = {0};
    for (;;) {
        struct option_arg arg;
        if (option_args_next(&args, &arg, err) < 0) {
            return -1;
        }
        if (arg.kind == OPTION_ARG_END) {
            break;
        }
        if (arg.kind != OPTION_ARG_BUILTIN) {
            continue;
        }
        if (arg.builtin == OPTION_BUILTIN_CONFIG) {
            request.config_path = arg.value;
            continue;
        }
        request.answer = arg.builtin;
        if (arg.builtin != OPTION_BUILTIN_DUMP_CONFIG) {
            break;
        }
    }
    *ret_request = request;
    return 0;
}

static int append_positional(struct option_list *list, char *text, struct error *err)
{
    char **items = memory_realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        return error_no_memory(err, "reading arguments");
    }
    list->items = items;
    list->items[list->count++] = text;
    return 0;
}

/* positional NULL: there may be none. */
static int apply_args(struct option_state *state, struct option_args args,
                      struct option_list *positional, struct error *err)
{
    for (;;) {
        struct option_arg arg;
        if (option_args_next(&args, &arg, err) < 0) {
            return -1;
        }
        if (arg.kind == OPTION_ARG_END) {
            return 0;
        }
        if (arg.kind == OPTION_ARG_OPTION &&
            option_set(state, arg.spec, OPTION_SOURCE_FLAG, span_of(arg.value), err) < 0) {
            return error_wrap(err, "flag --%s", arg.spec->name);
        }
        if (arg.kind != OPTION_ARG_POSITIONAL) {
            continue;
        }
        if (positional == NULL) {
            return error_set(err, ERROR_INVALID, "unexpected argument \"%s\": see %s --help",
                             arg.text, state->program->name);
        }
        if (append_positional(positional, arg.text, err) < 0) {
            return -1;
        }
    }
}

static int apply_defaults(struct option_state *state, struct error *err)
{
    for (size_t i = 0; i < state->program->spec_count; i++) {
        const struct option_spec *spec = &state->program->specs[i];
        if (spec->default_text != NULL &&
            option_set(state, spec, OPTION_SOURCE_DEFAULT, span_of(spec->default_text), err) < 0) {
            return error_wrap(err, "default");
        }
    }
    return 0;
}

static int apply_all(struct option_state *state, struct option_args args, char **environment,
                     const char *config_path, struct option_list *positional, struct error *err)
{
    if (config_path == NULL) {
        config_path = option_environment_find(environment, OPTION_CONFIG_VARIABLE);
    }
    if (apply_defaults(state, err) < 0 ||
        (config_path != NULL && option_file_load(state, config_path, err) < 0) ||
        option_environment_apply(state, environment, err) < 0) {
        return -1;
    }
    return apply_args(state, args, positional, err);
}

/* Answers what needs no values. */
static void answer(const struct option_program *program, enum option_builtin what, FILE *out)
{
    if (what == OPTION_BUILTIN_HELP) {
        option_write_help(program, out);
    } else if (what == OPTION_BUILTIN_MARKDOWN) {
        option_write_markdown(program, out);
    } else {
        (void)fprintf(out, "%s %s\n", program->name, program->version);
    }
}

static int finish_answer(FILE *out, struct error *err)
{
    if (fflush(out) != 0 || ferror(out) != 0) {
        return error_set_errno(err, errno, "could not write the answer");
    }
    return 0;
}

/* Sets the values and, for --dump-config, writes them. */
static int parse_values(struct option_state *state, struct option_args args, char **environment,
                        const struct request *request, struct option_list *positional, FILE *out,
                        struct error *err)
{
    if (apply_all(state, args, environment, request->config_path, positional, err) < 0) {
        return -1;
    }
    if (request->answer != OPTION_BUILTIN_DUMP_CONFIG) {
        return 0;
    }
    return option_write_dump(state, out, err) < 0 ? -1 : finish_answer(out, err);
}

int option_parse(const struct option_program *program, void *config, int argc, char **argv,
                 char **environment, struct option_list *ret_positional, FILE *out,
                 enum option_outcome *ret_outcome, struct error *err)
{
    struct option_args args = {.program = program, .argc = argc, .argv = argv, .next = 1};
    struct request request;
    if (survey(args, &request, err) < 0) {
        return -1;
    }
    if (request.answer != 0 && request.answer != OPTION_BUILTIN_DUMP_CONFIG) {
        answer(program, request.answer, out);
        if (finish_answer(out, err) < 0) {
            return -1;
        }
        *ret_outcome = OPTION_EXIT_OK;
        return 0;
    }
    struct option_list positional = {0};
    struct option_state state = {
        .program = program,
        .config = config,
        .set_by = memory_calloc(program->spec_count, sizeof *state.set_by),
    };
    if (state.set_by == NULL) {
        return error_no_memory(err, "reading options");
    }
    int result = parse_values(&state, args, environment, &request,
                              ret_positional == NULL ? NULL : &positional, out, err);
    memory_free(state.set_by);
    if (result < 0) {
        option_positional_release(&positional);
        return -1;
    }
    if (ret_positional != NULL) {
        *ret_positional = positional;
    }
    *ret_outcome = request.answer == 0 ? OPTION_RUN : OPTION_EXIT_OK;
    return 0;
}
