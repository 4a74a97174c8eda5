#include <limits.h>
#include <string.h>

#include "common/base/memory.h"
#include "common/base/option_state.h"

enum {
    ACCEPTED_MAX_BYTES = 4096,
    QUOTED_MAX_BYTES = 80 /* of a bad value in a message */
};

static void *slot_of(const struct option_spec *spec, void *config)
{
    return (char *)config + spec->offset;
}

static const void *const_slot_of(const struct option_spec *spec, const void *config)
{
    return (const char *)config + spec->offset;
}

static void list_release(struct option_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        memory_free(list->items[i]);
    }
    memory_free(list->items);
    *list = (struct option_list){0};
}

static int refuse(const struct option_spec *spec, struct span value, struct error *err)
{
    struct buffer accepted;
    buffer_init(&accepted, ACCEPTED_MAX_BYTES);
    int result = option_append_accepted(&accepted, spec, err);
    if (result == 0 && ((spec->flags & OPTION_SECRET) != 0 || !span_is_utf8(value))) {
        error_set(err, ERROR_INVALID, "bad value for %s: give %s", spec->name, accepted.data);
    } else if (result == 0) {
        struct span shown = span_cut_utf8(value, QUOTED_MAX_BYTES);
        error_set(err, ERROR_INVALID, "bad value \"%.*s%s\" for %s: give %s", (int)shown.length,
                  shown.length > 0 ? shown.data : "", shown.length < value.length ? "..." : "",
                  spec->name, accepted.data);
    }
    buffer_release(&accepted);
    return -1;
}

/* A copy of a text that is not empty, if it is what the option wants; value is what a refusal shows. */
static int copy_text(const struct option_spec *spec, struct span text, struct span value,
                     char **ret_copy, struct error *err)
{
    const struct option_text_rule *rule = spec->text_rule;
    char *copy = memory_strndup(text.data, text.length);
    if (copy == NULL) {
        return error_no_memory(err, "reading options");
    }
    if (rule != NULL && rule->fits != NULL && !rule->fits(copy)) {
        memory_free(copy);
        return refuse(spec, value, err);
    }
    *ret_copy = copy;
    return 0;
}

static int set_text(const struct option_spec *spec, char **slot, struct span value,
                    struct error *err)
{
    char *copy = NULL;
    if (value.length == 0 && spec->default_text != NULL) {
        return refuse(spec, value, err);
    }
    if (value.length > 0 && copy_text(spec, value, value, &copy, err) != 0) {
        return -1;
    }
    memory_free(*slot);
    *slot = copy;
    return 0;
}

static int list_append(const struct option_spec *spec, struct option_list *list, struct span item,
                       struct span value, struct error *err)
{
    char *copy = NULL;
    if (copy_text(spec, item, value, &copy, err) != 0) {
        return -1;
    }
    char **items = memory_realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        memory_free(copy);
        return error_no_memory(err, "reading options");
    }
    list->items = items;
    list->items[list->count++] = copy;
    return 0;
}

static int set_list(const struct option_spec *spec, struct option_list *list, struct span value,
                    struct error *err)
{
    if (option_trim(value).length == 0) {
        return 0;
    }
    struct span rest = value;
    for (;;) {
        const char *comma = memchr(rest.data, ',', rest.length);
        size_t length = comma == NULL ? rest.length : (size_t)(comma - rest.data);
        struct span item = option_trim((struct span){.data = rest.data, .length = length});
        if (item.length == 0) {
            return refuse(spec, value, err);
        }
        if (list_append(spec, list, item, value, err) < 0) {
            return -1;
        }
        if (comma == NULL) {
            return 0;
        }
        rest.data += length + 1;
        rest.length -= length + 1;
    }
}

static int set_number(const struct option_spec *spec, int64_t *slot, struct span value,
                      struct error *err)
{
    int64_t number = 0;
    bool parsed = spec->type == OPTION_DURATION_MS ? option_text_to_duration_ms(value, &number)
                  : spec->type == OPTION_BYTES
                      ? option_text_to_bytes(value, &number)
                      : span_to_int64(value, INT64_MIN, INT64_MAX, &number);
    if (!parsed || number < spec->min || (spec->max != 0 && number > spec->max)) {
        return refuse(spec, value, err);
    }
    *slot = number;
    return 0;
}

static int set_choice(const struct option_spec *spec, int *slot, struct span value,
                      struct error *err)
{
    for (int i = 0; spec->choices[i] != NULL; i++) {
        if (span_equal_text(value, spec->choices[i])) {
            *slot = i + 1;
            return 0;
        }
    }
    return refuse(spec, value, err);
}

static int set_value(const struct option_spec *spec, void *slot, struct span value,
                     struct error *err)
{
    switch (spec->type) {
    case OPTION_TEXT:
        return set_text(spec, slot, value, err);
    case OPTION_TEXT_LIST:
        return set_list(spec, slot, value, err);
    case OPTION_INTEGER:
    case OPTION_DURATION_MS:
    case OPTION_BYTES:
        return set_number(spec, slot, value, err);
    case OPTION_BOOLEAN:
        return option_text_to_boolean(value, slot) ? 0 : refuse(spec, value, err);
    case OPTION_CHOICE:
        return set_choice(spec, slot, value, err);
    }
    return error_set(err, ERROR_BUG, "option %s has no type", spec->name);
}

enum option_source option_set_by(const struct option_state *state, const struct option_spec *spec)
{
    return state->set_by[spec - state->program->specs];
}

int option_set(struct option_state *state, const struct option_spec *spec,
               enum option_source source, struct span value, struct error *err)
{
    void *slot = slot_of(spec, state->config);
    if (spec->type == OPTION_TEXT_LIST && option_set_by(state, spec) != source) {
        list_release(slot);
    }
    if (set_value(spec, slot, value, err) < 0) {
        return -1;
    }
    state->set_by[spec - state->program->specs] = source;
    return 0;
}

void option_release(const struct option_program *program, void *config)
{
    for (size_t i = 0; i < program->spec_count; i++) {
        const struct option_spec *spec = &program->specs[i];
        void *slot = slot_of(spec, config);
        if (spec->type == OPTION_TEXT) {
            char **text = slot;
            memory_free(*text);
            *text = NULL;
        } else if (spec->type == OPTION_TEXT_LIST) {
            list_release(slot);
        }
    }
}

void option_positional_release(struct option_list *list)
{
    memory_free(list->items);
    *list = (struct option_list){0};
}

static int append_list(struct buffer *buf, const struct option_list *list, struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if ((i > 0 && buffer_append_text(buf, ",", err) < 0) ||
            buffer_append_text(buf, list->items[i], err) < 0) {
            return -1;
        }
    }
    return 0;
}

int option_append_value(struct buffer *buf, const struct option_spec *spec, const void *config,
                        struct error *err)
{
    const void *slot = const_slot_of(spec, config);
    switch (spec->type) {
    case OPTION_TEXT: {
        const char *text = *(char *const *)slot;
        return text == NULL ? 0 : buffer_append_text(buf, text, err);
    }
    case OPTION_TEXT_LIST:
        return append_list(buf, slot, err);
    case OPTION_INTEGER:
    case OPTION_DURATION_MS:
    case OPTION_BYTES:
        return option_append_number(buf, spec->type, *(const int64_t *)slot, err);
    case OPTION_BOOLEAN:
        return buffer_append_text(buf, *(const bool *)slot ? "true" : "false", err);
    case OPTION_CHOICE: {
        int choice = *(const int *)slot;
        return choice == 0 ? 0 : buffer_append_text(buf, spec->choices[choice - 1], err);
    }
    }
    return 0;
}
