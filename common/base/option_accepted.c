#include "common/base/option_state.h"

static int append_choices(struct buffer *buf, const struct option_spec *spec, struct error *err)
{
    if (buffer_append_text(buf, "one of", err) < 0) {
        return -1;
    }
    for (size_t i = 0; spec->choices[i] != NULL; i++) {
        if (buffer_append_format(buf, err, "%s %s", i == 0 ? "" : ",", spec->choices[i]) < 0) {
            return -1;
        }
    }
    return 0;
}

bool option_has_limits(const struct option_spec *spec)
{
    switch (spec->type) {
    case OPTION_CHOICE:
        return true;
    case OPTION_INTEGER:
        return spec->min != INT64_MIN || spec->max != 0;
    case OPTION_DURATION_MS:
    case OPTION_BYTES:
        return spec->min != 0 || spec->max != 0;
    case OPTION_TEXT:
    case OPTION_TEXT_LIST:
        return spec->text_rule != NULL;
    case OPTION_BOOLEAN:
        break;
    }
    return false;
}

static int append_range(struct buffer *buf, const struct option_spec *spec, struct error *err)
{
    if (buffer_append_text(buf, spec->max == 0 ? "at least " : "from ", err) < 0 ||
        option_append_number(buf, spec->type, spec->min, err) < 0) {
        return -1;
    }
    if (spec->max == 0) {
        return 0;
    }
    if (buffer_append_text(buf, " to ", err) < 0) {
        return -1;
    }
    return option_append_number(buf, spec->type, spec->max, err);
}

int option_append_limits(struct buffer *buf, const struct option_spec *spec, struct error *err)
{
    if (!option_has_limits(spec)) {
        return 0;
    }
    if (spec->text_rule != NULL) {
        return buffer_append_format(buf, err, "%s%s", spec->type == OPTION_TEXT ? "" : "each ",
                                    spec->text_rule->wanted);
    }
    return spec->type == OPTION_CHOICE ? append_choices(buf, spec, err)
                                       : append_range(buf, spec, err);
}

static const char *grammar_of(const struct option_spec *spec)
{
    switch (spec->type) {
    case OPTION_TEXT:
        return spec->text_rule == NULL ? "a text that is not empty" : "";
    case OPTION_TEXT_LIST:
        return "texts with a comma between each two and none of them empty";
    case OPTION_INTEGER:
        return "a whole number";
    case OPTION_DURATION_MS:
        return "a duration such as 30s, 1m30s, 250ms or 2h (a bare number is seconds)";
    case OPTION_BYTES:
        return "a size such as 64KiB, 10MiB or 1GiB (a bare number is bytes)";
    case OPTION_BOOLEAN:
        return OPTION_BOOLEAN_ACCEPTED;
    case OPTION_CHOICE:
        break;
    }
    return "";
}

int option_append_accepted(struct buffer *buf, const struct option_spec *spec, struct error *err)
{
    const char *grammar = grammar_of(spec);
    if (buffer_append_text(buf, grammar, err) < 0) {
        return -1;
    }
    bool both = grammar[0] != '\0' && option_has_limits(spec);
    if (both && buffer_append_text(buf, ", ", err) < 0) {
        return -1;
    }
    return option_append_limits(buf, spec, err);
}
