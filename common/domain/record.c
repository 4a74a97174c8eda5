#include "common/domain/record.h"

#include <string.h>

#include "common/domain/record_access.h"

const void *record_member(const void *record, const struct record_field *field)
{
    return (const char *)record + field->offset;
}

void *record_member_mutable(void *record, const struct record_field *field)
{
    return (char *)record + field->offset;
}

const char *record_text(const void *record, const struct record_field *field)
{
    const char *text = NULL;
    memcpy(&text, record_member(record, field), sizeof text);
    return text;
}

int64_t record_integer(const void *record, const struct record_field *field)
{
    int64_t integer = 0;
    memcpy(&integer, record_member(record, field), sizeof integer);
    return integer;
}

struct optional_integer record_optional(const void *record, const struct record_field *field)
{
    struct optional_integer optional;
    memcpy(&optional, record_member(record, field), sizeof optional);
    return optional;
}

bool record_boolean(const void *record, const struct record_field *field)
{
    bool boolean = false;
    memcpy(&boolean, record_member(record, field), sizeof boolean);
    return boolean;
}

struct text_list record_text_list(const void *record, const struct record_field *field)
{
    struct text_list list;
    memcpy(&list, record_member(record, field), sizeof list);
    return list;
}

struct record_list record_record_list(const void *record, const struct record_field *field)
{
    struct record_list list;
    memcpy(&list, record_member(record, field), sizeof list);
    return list;
}

const void *record_list_item(const struct record_list *list, const struct record_spec *spec,
                             size_t index)
{
    return (const char *)list->items + index * spec->size;
}

void *record_list_item_mutable(const struct record_list *list, const struct record_spec *spec,
                               size_t index)
{
    return (char *)list->items + index * spec->size;
}

size_t record_max(const struct record_field *field)
{
    if (field->max != 0) {
        return field->max;
    }
    return field->kind == RECORD_TEXT ? RECORD_TEXT_MAX : RECORD_LIST_MAX;
}

/* Records nest as deep as their tables do. NOLINTBEGIN(misc-no-recursion) */

bool record_is_present(const void *record, const struct record_field *field)
{
    switch (field->kind) {
    case RECORD_TEXT:
        return record_text(record, field) != NULL;
    case RECORD_INTEGER:
        return record_integer(record, field) != 0;
    case RECORD_OPTIONAL:
        return record_optional(record, field).known;
    case RECORD_BOOLEAN:
        return record_boolean(record, field);
    case RECORD_TEXT_LIST:
        return record_text_list(record, field).count != 0;
    case RECORD_LIST:
        return record_record_list(record, field).count != 0;
    case RECORD_OBJECT:
        for (size_t i = 0; i < field->sub->field_count; i++) {
            if (record_is_present(record_member(record, field), &field->sub->fields[i])) {
                return true;
            }
        }
        return false;
    }
    return false;
}

static bool text_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool text_list_equal(struct text_list a, struct text_list b)
{
    if (a.count != b.count) {
        return false;
    }
    for (size_t i = 0; i < a.count; i++) {
        if (!text_equal(a.items[i], b.items[i])) {
            return false;
        }
    }
    return true;
}

static bool list_equal(const struct record_spec *spec, const struct record_list *a,
                       const struct record_list *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!record_equal(spec, record_list_item(a, spec, i), record_list_item(b, spec, i))) {
            return false;
        }
    }
    return true;
}

static bool field_equal(const struct record_field *field, const void *a, const void *b)
{
    switch (field->kind) {
    case RECORD_TEXT:
        return text_equal(record_text(a, field), record_text(b, field));
    case RECORD_INTEGER:
        return record_integer(a, field) == record_integer(b, field);
    case RECORD_OPTIONAL: {
        struct optional_integer x = record_optional(a, field);
        struct optional_integer y = record_optional(b, field);
        return x.known == y.known && (!x.known || x.value == y.value);
    }
    case RECORD_BOOLEAN:
        return record_boolean(a, field) == record_boolean(b, field);
    case RECORD_TEXT_LIST:
        return text_list_equal(record_text_list(a, field), record_text_list(b, field));
    case RECORD_OBJECT:
        return record_equal(field->sub, record_member(a, field), record_member(b, field));
    case RECORD_LIST: {
        struct record_list x = record_record_list(a, field);
        struct record_list y = record_record_list(b, field);
        return list_equal(field->sub, &x, &y);
    }
    }
    return false;
}

bool record_equal(const struct record_spec *spec, const void *a, const void *b)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        if (!field_equal(&spec->fields[i], a, b)) {
            return false;
        }
    }
    return true;
}

/* NOLINTEND(misc-no-recursion) */

int record_clean_text(struct span text, struct buffer *buf, struct error *err)
{
    while (text.length > 0) {
        size_t length = span_utf8_length(text);
        const char *bytes = length == 0 ? "\xEF\xBF\xBD" : text.data;
        if (buffer_append(buf, bytes, length == 0 ? 3 : length, err) < 0) {
            return -1;
        }
        length = length == 0 ? 1 : length;
        text.data += length;
        text.length -= length;
    }
    return 0;
}

int record_fail(struct error *err, enum error_code code, const struct record_path *path,
                const char *message)
{
    enum { STEPS_SHOWN = 2 * RECORD_NESTING_MAX };
    const struct record_path *steps[STEPS_SHOWN];
    size_t count = 0;
    for (; path != NULL && count < STEPS_SHOWN; path = path->parent) {
        steps[count++] = path;
    }
    char text[200] = "";
    size_t length = 0;
    while (count > 0 && length < sizeof text) {
        const struct record_path *step = steps[--count];
        int written = step->key == NULL
                          ? snprintf(text + length, sizeof text - length, "[%zu]", step->index)
                          : snprintf(text + length, sizeof text - length, "%s%s",
                                     length == 0 ? "" : ".", step->key);
        length += written < 0 ? 0 : (size_t)written;
    }
    return error_set(err, code, "%s%s%s", text, text[0] == '\0' ? "" : ": ", message);
}

bool text_list_holds(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}
