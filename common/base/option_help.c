#include <string.h>

#include "common/base/option_state.h"

enum { TEXT_MAX_BYTES = 1 << 20, WIDTH = 79, HELP_INDENT = 6 };

/* True where a heading is due: at the first option of a group. */
static bool begins_group(const struct option_program *program, size_t i)
{
    const char *group = program->specs[i].group;
    const char *before = i == 0 ? NULL : program->specs[i - 1].group;
    return i == 0 || strcmp(group == NULL ? "" : group, before == NULL ? "" : before) != 0;
}

static const char *group_name(const struct option_spec *spec)
{
    return spec->group == NULL ? "Options" : spec->group;
}

/* Words to lines of WIDTH; a line break of the text stays one. */
static void write_wrapped(FILE *out, const char *text, size_t indent)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t word = strcspn(text, " \n");
        if (column > 0 && column + 1 + word > WIDTH) {
            (void)fputc('\n', out);
            column = 0;
        }
        if (word > 0) {
            int before = column == 0 ? (int)indent : 1;
            (void)fprintf(out, "%*s%.*s", before, "", (int)word, text);
            column += (size_t)before + word;
        }
        text += word;
        if (*text == '\n') {
            (void)fputc('\n', out);
            column = 0;
        }
        text += *text == '\0' ? 0 : 1;
    }
    (void)fputc('\n', out);
}

static const char *value_name(const struct option_spec *spec)
{
    switch (spec->type) {
    case OPTION_TEXT:
        return "=TEXT";
    case OPTION_TEXT_LIST:
        return "=TEXT,...";
    case OPTION_INTEGER:
        return "=NUMBER";
    case OPTION_DURATION_MS:
        return "=DURATION";
    case OPTION_BYTES:
        return "=SIZE";
    case OPTION_BOOLEAN:
        return "[=BOOLEAN]";
    case OPTION_CHOICE:
        return "=CHOICE";
    }
    return "";
}

/* Limits, default and variables, as sentences. What memory is too short for is left out. */
static void append_facts(struct buffer *buf, const struct option_spec *spec)
{
    char variable[OPTION_VARIABLE_SIZE];
    option_variable_name(spec->name, variable);
    (void)buffer_append_text(buf, spec->help == NULL ? "" : spec->help, NULL);
    if (option_has_limits(spec)) {
        (void)buffer_append_text(buf, " Accepts ", NULL);
        (void)option_append_limits(buf, spec, NULL);
        (void)buffer_append_text(buf, ".", NULL);
    }
    if (spec->default_text != NULL) {
        (void)buffer_append_format(buf, NULL, " Default: %s.", spec->default_text);
    }
    (void)buffer_append_format(buf, NULL, " Environment: %s", variable);
    if (spec->env_alias != NULL) {
        (void)buffer_append_format(buf, NULL, " or %s", spec->env_alias);
    }
    (void)buffer_append_text(buf, ".", NULL);
}

void option_write_help(const struct option_program *program, FILE *out)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    (void)fprintf(out, "Usage: %s %s\n\n", program->name, program->synopsis);
    write_wrapped(out, program->summary, 0);
    for (size_t i = 0; i < program->spec_count; i++) {
        const struct option_spec *spec = &program->specs[i];
        if (begins_group(program, i)) {
            (void)fprintf(out, "\n%s:\n", group_name(spec));
        }
        (void)fprintf(out, "  --%s%s\n", spec->name, value_name(spec));
        append_facts(&text, spec);
        write_wrapped(out, text.data == NULL ? "" : text.data, HELP_INDENT);
        buffer_clear(&text);
    }
    (void)fputs("\nEvery program:\n", out);
    for (int i = 1; i < OPTION_BUILTIN_COUNT; i++) {
        enum option_builtin builtin = (enum option_builtin)i;
        (void)fprintf(out, "  --%s%s\n", option_builtin_name(builtin),
                      builtin == OPTION_BUILTIN_CONFIG ? "=FILE" : "");
        write_wrapped(out, option_builtin_help(builtin), HELP_INDENT);
    }
    buffer_release(&text);
}

static const char *source_name(enum option_source source)
{
    switch (source) {
    case OPTION_SOURCE_FILE:
        return "file";
    case OPTION_SOURCE_ENV_ALIAS:
    case OPTION_SOURCE_ENV:
        return "environment";
    case OPTION_SOURCE_FLAG:
        return "flag";
    case OPTION_SOURCE_NONE:
    case OPTION_SOURCE_DEFAULT:
        break;
    }
    return "default";
}

static int write_dump_line(const struct option_state *state, const struct option_spec *spec,
                           struct buffer *text, FILE *out, struct error *err)
{
    buffer_clear(text);
    if (option_append_value(text, spec, state->config, err) < 0) {
        return -1;
    }
    enum option_source source = option_set_by(state, spec);
    bool unset = source == OPTION_SOURCE_NONE;
    bool empty = unset || text->length == 0;
    bool hidden = !empty && (spec->flags & OPTION_SECRET) != 0;
    const char *value = empty ? "" : hidden ? "***" : text->data;
    (void)fprintf(out, "# from %s\n%s%s =%s%s\n", unset ? "nowhere: not set" : source_name(source),
                  unset || hidden ? "# " : "", spec->name, empty ? "" : " ", value);
    return 0;
}

int option_write_dump(const struct option_state *state, FILE *out, struct error *err)
{
    const struct option_program *program = state->program;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    (void)fprintf(out, "# %s %s\n", program->name, program->version);
    int result = 0;
    for (size_t i = 0; i < program->spec_count && result == 0; i++) {
        const struct option_spec *spec = &program->specs[i];
        if (begins_group(program, i)) {
            (void)fprintf(out, "\n# %s\n", group_name(spec));
        }
        result = write_dump_line(state, spec, &text, out, err);
    }
    buffer_release(&text);
    return result;
}

/* Text as a table's cell. */
static void write_cell(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            (void)fputs("\\|", out);
        } else {
            (void)fputc(*text == '\n' ? ' ' : *text, out);
        }
    }
}

static void write_markdown_row(const struct option_spec *spec, struct buffer *text, FILE *out)
{
    char variable[OPTION_VARIABLE_SIZE];
    option_variable_name(spec->name, variable);
    (void)fprintf(out, "| `--%s%s`<br>`%s`", spec->name, value_name(spec), variable);
    if (spec->env_alias != NULL) {
        (void)fprintf(out, "<br>`%s`", spec->env_alias);
    }
    (void)fputs(" | ", out);
    if (spec->default_text != NULL) {
        (void)fputc('`', out);
        write_cell(out, spec->default_text);
        (void)fputc('`', out);
    }
    (void)fputs(" | ", out);
    buffer_clear(text);
    if (option_append_limits(text, spec, NULL) == 0 && text->length > 0) {
        write_cell(out, text->data);
    }
    (void)fputs(" | ", out);
    write_cell(out, spec->help == NULL ? "" : spec->help);
    (void)fputs(" |\n", out);
}

void option_write_markdown(const struct option_program *program, FILE *out)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    (void)fprintf(out, "## %s\n\n%s\n", program->name, program->summary);
    for (size_t i = 0; i < program->spec_count; i++) {
        const struct option_spec *spec = &program->specs[i];
        if (begins_group(program, i)) {
            (void)fprintf(out,
                          "\n### %s\n\n| option, variable | default | accepts | meaning |\n"
                          "|---|---|---|---|\n",
                          group_name(spec));
        }
        write_markdown_row(spec, &text, out);
    }
    buffer_release(&text);
}
