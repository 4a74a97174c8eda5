#include <string.h>

#include "common/domain/record_access.h"

/* Every function that gives JSON back gives a new reference, or NULL for lack of memory. */

static json_t *text_to_json(const char *text)
{
    struct span whole = span_of(text == NULL ? "" : text);
    if (span_is_utf8(whole)) {
        return json_stringn_nocheck(whole.data, whole.length);
    }
    struct buffer clean;
    buffer_init(&clean, 3 * whole.length);
    json_t *json = record_clean_text(whole, &clean, NULL) < 0
                       ? NULL
                       : json_stringn_nocheck(clean.data, clean.length);
    buffer_release(&clean);
    return json;
}

static json_t *text_list_to_json(struct text_list list)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < list.count; i++) {
        if (json_array_append_new(array, text_to_json(list.items[i])) < 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

/* Records nest as deep as their tables do. NOLINTBEGIN(misc-no-recursion) */

static json_t *to_json(const struct record_spec *spec, const void *record);

static json_t *list_to_json(const struct record_spec *spec, const struct record_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < list->count; i++) {
        if (json_array_append_new(array, to_json(spec, record_list_item(list, spec, i))) < 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *member_to_json(const struct record_field *field, const void *record)
{
    switch (field->kind) {
    case RECORD_TEXT:
        return text_to_json(record_text(record, field));
    case RECORD_INTEGER:
        return json_integer(record_integer(record, field));
    case RECORD_OPTIONAL:
        return json_integer(record_optional(record, field).value);
    case RECORD_BOOLEAN:
        return json_boolean(record_boolean(record, field));
    case RECORD_TEXT_LIST:
        return text_list_to_json(record_text_list(record, field));
    case RECORD_OBJECT:
        return to_json(field->sub, record_member(record, field));
    case RECORD_LIST: {
        struct record_list list = record_record_list(record, field);
        return list_to_json(field->sub, &list);
    }
    }
    return NULL;
}

static json_t *to_json(const struct record_spec *spec, const void *record)
{
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < spec->field_count; i++) {
        const struct record_field *field = &spec->fields[i];
        if (!(field->flags & RECORD_REQUIRED) && !record_is_present(record, field)) {
            continue;
        }
        if (json_object_set_new_nocheck(object, field->key, member_to_json(field, record)) < 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

json_t *record_to_json(const struct record_spec *spec, const void *record, struct error *err)
{
    json_t *json = to_json(spec, record);
    if (json == NULL) {
        error_no_memory(err, "making JSON");
    }
    return json;
}

/* One reading. */
struct reader {
    struct arena *arena;
    struct error *err;
};

static int invalid(const struct reader *reader, const struct record_path *path, const char *message)
{
    return record_fail(reader->err, ERROR_INVALID, path, message);
}

static int read_text(const struct reader *reader, const struct record_path *path,
                     const json_t *json, size_t max, void *target)
{
    if (!json_is_string(json)) {
        return invalid(reader, path, "must be a string");
    }
    size_t length = json_string_length(json);
    if (length > max) {
        return invalid(reader, path, "too long");
    }
    if (memchr(json_string_value(json), '\0', length) != NULL) {
        return invalid(reader, path, "must not hold U+0000");
    }
    const char *copy = arena_strndup(reader->arena, json_string_value(json), length);
    if (copy == NULL) {
        return error_no_memory(reader->err, "reading JSON");
    }
    memcpy(target, &copy, sizeof copy);
    return 0;
}

static int read_integer(const struct reader *reader, const struct record_path *path,
                        const json_t *json, int64_t *ret_integer)
{
    if (!json_is_integer(json)) {
        return invalid(reader, path, "must be an integer");
    }
    *ret_integer = json_integer_value(json);
    return 0;
}

static int check_list(const struct reader *reader, const struct record_path *path,
                      const json_t *json, const struct record_field *field)
{
    if (!json_is_array(json)) {
        return invalid(reader, path, "must be an array");
    }
    return json_array_size(json) > record_max(field) ? invalid(reader, path, "too many elements")
                                                     : 0;
}

static int read_text_list(const struct reader *reader, const struct record_path *path,
                          const json_t *json, const struct record_field *field, void *target)
{
    struct text_list list = {0};
    if (check_list(reader, path, json, field) < 0) {
        return -1;
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        const struct record_path step = {.parent = path, .index = i};
        const char **items = arena_grow(reader->arena, list.items, i, sizeof *items);
        if (items == NULL) {
            return error_no_memory(reader->err, "reading JSON");
        }
        list.items = items;
        if (read_text(reader, &step, json_array_get(json, i), RECORD_TEXT_MAX, &items[i]) < 0) {
            return -1;
        }
        list.count = i + 1;
    }
    memcpy(target, &list, sizeof list);
    return 0;
}

static int read_object(const struct reader *reader, const struct record_path *path,
                       const struct record_spec *spec, const json_t *json, void *record);

static int read_list(const struct reader *reader, const struct record_path *path,
                     const json_t *json, const struct record_field *field, void *target)
{
    struct record_list list = {0};
    if (check_list(reader, path, json, field) < 0) {
        return -1;
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        const struct record_path step = {.parent = path, .index = i};
        void *items = arena_grow(reader->arena, list.items, i, field->sub->size);
        if (items == NULL) {
            return error_no_memory(reader->err, "reading JSON");
        }
        list.items = items;
        if (read_object(reader, &step, field->sub, json_array_get(json, i),
                        record_list_item_mutable(&list, field->sub, i)) < 0) {
            return -1;
        }
        list.count = i + 1;
    }
    memcpy(target, &list, sizeof list);
    return 0;
}

static int read_member(const struct reader *reader, const struct record_path *path,
                       const struct record_field *field, const json_t *json, void *target)
{
    struct optional_integer optional = {.known = true};
    switch (field->kind) {
    case RECORD_TEXT:
        return read_text(reader, path, json, record_max(field), target);
    case RECORD_INTEGER:
        return read_integer(reader, path, json, target);
    case RECORD_OPTIONAL:
        if (read_integer(reader, path, json, &optional.value) < 0) {
            return -1;
        }
        memcpy(target, &optional, sizeof optional);
        return 0;
    case RECORD_BOOLEAN:
        if (!json_is_boolean(json)) {
            return invalid(reader, path, "must be true or false");
        }
        memcpy(target, &(bool){json_is_true(json)}, sizeof(bool));
        return 0;
    case RECORD_TEXT_LIST:
        return read_text_list(reader, path, json, field, target);
    case RECORD_OBJECT:
        return read_object(reader, path, field->sub, json, target);
    case RECORD_LIST:
        return read_list(reader, path, json, field, target);
    }
    return error_set(reader->err, ERROR_BUG, "field %s has no kind", field->key);
}

static bool has_field(const struct record_spec *spec, const char *key)
{
    for (size_t i = 0; i < spec->field_count; i++) {
        if (strcmp(spec->fields[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

static int refuse_unknown(const struct reader *reader, const struct record_path *path,
                          const struct record_spec *spec, const json_t *json)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        if (!has_field(spec, key)) {
            const struct record_path step = {.parent = path, .key = key};
            return invalid(reader, &step, "no such member");
        }
    }
    return 0;
}

static int read_object(const struct reader *reader, const struct record_path *path,
                       const struct record_spec *spec, const json_t *json, void *record)
{
    memset(record, 0, spec->size);
    if (!json_is_object(json)) {
        return invalid(reader, path, "must be an object");
    }
    if (refuse_unknown(reader, path, spec, json) < 0) {
        return -1;
    }
    for (size_t i = 0; i < spec->field_count; i++) {
        const struct record_field *field = &spec->fields[i];
        const struct record_path step = {.parent = path, .key = field->key};
        const json_t *member = json_object_get(json, field->key);
        bool absent = member == NULL || json_is_null(member);
        if (absent && (field->flags & RECORD_REQUIRED)) {
            return invalid(reader, &step, "missing");
        }
        if (!absent &&
            read_member(reader, &step, field, member, record_member_mutable(record, field)) < 0) {
            return -1;
        }
    }
    return 0;
}

/* NOLINTEND(misc-no-recursion) */

int record_from_json(const struct record_spec *spec, const json_t *json, struct arena *arena,
                     void *ret_record, struct error *err)
{
    const struct reader reader = {.arena = arena, .err = err};
    return read_object(&reader, NULL, spec, json, ret_record);
}
