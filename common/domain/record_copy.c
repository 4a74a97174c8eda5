#include <string.h>

#include "common/domain/record_access.h"

/* Records nest as deep as their tables do. NOLINTBEGIN(misc-no-recursion) */

static int copy_text(const char *text, struct arena *arena, void *target, struct error *err)
{
    const char *copy = arena_strdup(arena, text);
    if (text != NULL && copy == NULL) {
        return error_no_memory(err, "copying a text");
    }
    memcpy(target, &copy, sizeof copy);
    return 0;
}

static int copy_text_list(struct text_list list, struct arena *arena, void *target,
                          struct error *err)
{
    struct text_list copy = {0};
    for (size_t i = 0; i < list.count; i++) {
        const char **items = arena_grow(arena, copy.items, i, sizeof *items);
        if (items == NULL) {
            return error_no_memory(err, "copying a list of texts");
        }
        copy.items = items;
        if (copy_text(list.items[i], arena, &items[i], err) < 0) {
            return -1;
        }
        copy.count = i + 1;
    }
    memcpy(target, &copy, sizeof copy);
    return 0;
}

static int copy_list(const struct record_spec *spec, const struct record_list *list,
                     struct arena *arena, void *target, struct error *err)
{
    struct record_list copy = {0};
    for (size_t i = 0; i < list->count; i++) {
        void *items = arena_grow(arena, copy.items, i, spec->size);
        if (items == NULL) {
            return error_no_memory(err, "copying a list");
        }
        copy.items = items;
        if (record_copy(spec, record_list_item(list, spec, i), arena,
                        record_list_item_mutable(&copy, spec, i), err) < 0) {
            return -1;
        }
        copy.count = i + 1;
    }
    memcpy(target, &copy, sizeof copy);
    return 0;
}

static int copy_field(const struct record_field *field, const void *record, struct arena *arena,
                      void *copy, struct error *err)
{
    const void *source = record_member(record, field);
    void *target = record_member_mutable(copy, field);
    switch (field->kind) {
    case RECORD_TEXT:
        return copy_text(record_text(record, field), arena, target, err);
    case RECORD_INTEGER:
        memcpy(target, source, sizeof(int64_t));
        return 0;
    case RECORD_OPTIONAL:
        memcpy(target, source, sizeof(struct optional_integer));
        return 0;
    case RECORD_BOOLEAN:
        memcpy(target, source, sizeof(bool));
        return 0;
    case RECORD_TEXT_LIST:
        return copy_text_list(record_text_list(record, field), arena, target, err);
    case RECORD_OBJECT:
        return record_copy(field->sub, source, arena, target, err);
    case RECORD_LIST: {
        struct record_list list = record_record_list(record, field);
        return copy_list(field->sub, &list, arena, target, err);
    }
    }
    return error_set(err, ERROR_BUG, "field %s has no kind", field->key);
}

int record_copy(const struct record_spec *spec, const void *record, struct arena *arena,
                void *ret_copy, struct error *err)
{
    memset(ret_copy, 0, spec->size);
    for (size_t i = 0; i < spec->field_count; i++) {
        if (copy_field(&spec->fields[i], record, arena, ret_copy, err) < 0) {
            return -1;
        }
    }
    return 0;
}

/* NOLINTEND(misc-no-recursion) */
