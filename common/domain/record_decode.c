#include <string.h>

#include "common/domain/msgpack_cursor.h"
#include "common/domain/record_access.h"

/* One reading. Depth is how many maps and arrays are open. */
struct decoder {
    struct msgpack_cursor cursor;
    struct arena *arena;
    unsigned depth;
    struct error *err;
};

static int corrupt(const struct decoder *decoder, const struct record_path *path,
                   const char *message)
{
    return record_fail(decoder->err, ERROR_CORRUPT, path, message);
}

static int next_item(struct decoder *decoder, const struct record_path *path,
                     enum msgpack_item_kind kind, const char *what, struct msgpack_item *ret_item)
{
    if (msgpack_cursor_next(&decoder->cursor, ret_item) < 0) {
        return corrupt(decoder, path, "the bytes end too early or are not msgpack");
    }
    return ret_item->kind == kind ? 0 : corrupt(decoder, path, what);
}

/* Beyond its max a text is cut if its field may be, and refused if not. */
static int decode_text(struct decoder *decoder, const struct record_path *path, size_t max,
                       bool cuttable, void *target)
{
    struct msgpack_item item;
    if (next_item(decoder, path, MSGPACK_ITEM_TEXT, "not a text", &item) < 0) {
        return -1;
    }
    struct span text = item.bytes;
    if (!span_is_utf8(text)) {
        return corrupt(decoder, path, "not UTF-8");
    }
    if (text.length > 0 && memchr(text.data, '\0', text.length) != NULL) {
        return corrupt(decoder, path, "holds U+0000");
    }
    if (text.length > max) {
        if (!cuttable) {
            return corrupt(decoder, path, "too long");
        }
        text = span_cut_utf8(text, max);
    }
    const char *copy = arena_strndup(decoder->arena, text.data, text.length);
    if (copy == NULL) {
        return error_no_memory(decoder->err, "reading a text");
    }
    memcpy(target, &copy, sizeof copy);
    return 0;
}

/* Reads the head of an array and says how many elements to keep. */
static int open_list(struct decoder *decoder, const struct record_path *path,
                     const struct record_field *field, uint32_t *ret_count, uint32_t *ret_kept)
{
    struct msgpack_item item;
    if (next_item(decoder, path, MSGPACK_ITEM_ARRAY, "not a list", &item) < 0) {
        return -1;
    }
    if (++decoder->depth > RECORD_NESTING_MAX) {
        return corrupt(decoder, path, "nested too deep");
    }
    size_t max = record_max(field);
    if (item.count > max && !(field->flags & RECORD_CUTTABLE)) {
        return corrupt(decoder, path, "too many elements");
    }
    *ret_count = item.count;
    *ret_kept = item.count > max ? (uint32_t)max : item.count;
    return 0;
}

static int close_list(struct decoder *decoder, const struct record_path *path, uint32_t surplus)
{
    decoder->depth--;
    for (; surplus > 0; surplus--) {
        if (msgpack_cursor_skip(&decoder->cursor, RECORD_NESTING_MAX - decoder->depth) < 0) {
            return corrupt(decoder, path, "the bytes end too early or are not msgpack");
        }
    }
    return 0;
}

static int decode_text_list(struct decoder *decoder, const struct record_path *path,
                            const struct record_field *field, void *target)
{
    uint32_t count = 0;
    uint32_t kept = 0;
    if (open_list(decoder, path, field, &count, &kept) < 0) {
        return -1;
    }
    struct text_list list = {0};
    for (uint32_t i = 0; i < kept; i++) {
        const struct record_path step = {.parent = path, .index = i};
        const char **items = arena_grow(decoder->arena, list.items, i, sizeof *items);
        if (items == NULL) {
            return error_no_memory(decoder->err, "reading a list of texts");
        }
        list.items = items;
        if (decode_text(decoder, &step, RECORD_TEXT_MAX, field->flags & RECORD_CUTTABLE,
                        &items[i]) < 0) {
            return -1;
        }
        list.count = i + 1U;
    }
    memcpy(target, &list, sizeof list);
    return close_list(decoder, path, count - kept);
}

static int decode_map(struct decoder *decoder, const struct record_path *path,
                      const struct record_spec *spec, void *record);

/* Records nest as deep as their tables do and no deeper than RECORD_NESTING_MAX.
 * NOLINTBEGIN(misc-no-recursion) */

static int decode_list(struct decoder *decoder, const struct record_path *path,
                       const struct record_field *field, void *target)
{
    uint32_t count = 0;
    uint32_t kept = 0;
    if (open_list(decoder, path, field, &count, &kept) < 0) {
        return -1;
    }
    struct record_list list = {0};
    for (uint32_t i = 0; i < kept; i++) {
        const struct record_path step = {.parent = path, .index = i};
        void *items = arena_grow(decoder->arena, list.items, i, field->sub->size);
        if (items == NULL) {
            return error_no_memory(decoder->err, "reading a list");
        }
        list.items = items;
        if (decode_map(decoder, &step, field->sub, record_list_item_mutable(&list, field->sub, i)) <
            0) {
            return -1;
        }
        list.count = i + 1U;
    }
    memcpy(target, &list, sizeof list);
    return close_list(decoder, path, count - kept);
}

static int decode_field(struct decoder *decoder, const struct record_path *path,
                        const struct record_field *field, void *target)
{
    struct msgpack_item item;
    switch (field->kind) {
    case RECORD_TEXT:
        return decode_text(decoder, path, record_max(field), field->flags & RECORD_CUTTABLE,
                           target);
    case RECORD_INTEGER:
        if (next_item(decoder, path, MSGPACK_ITEM_INTEGER, "not an integer", &item) < 0) {
            return -1;
        }
        memcpy(target, &item.integer, sizeof item.integer);
        return 0;
    case RECORD_OPTIONAL:
        if (next_item(decoder, path, MSGPACK_ITEM_INTEGER, "not an integer", &item) < 0) {
            return -1;
        }
        memcpy(target, &(struct optional_integer){.known = true, .value = item.integer},
               sizeof(struct optional_integer));
        return 0;
    case RECORD_BOOLEAN:
        if (next_item(decoder, path, MSGPACK_ITEM_BOOLEAN, "not a boolean", &item) < 0) {
            return -1;
        }
        memcpy(target, &item.boolean, sizeof item.boolean);
        return 0;
    case RECORD_TEXT_LIST:
        return decode_text_list(decoder, path, field, target);
    case RECORD_OBJECT:
        return decode_map(decoder, path, field->sub, target);
    case RECORD_LIST:
        return decode_list(decoder, path, field, target);
    }
    return error_set(decoder->err, ERROR_BUG, "field %s has no kind", field->key);
}

/* Writers keep the table's order, so the key is nearly always the one behind the last. */
static const struct record_field *find_field(const struct record_spec *spec, struct span key,
                                             size_t *hint)
{
    for (size_t tried = 0, i = *hint; tried < spec->field_count; tried++, i++) {
        i = i >= spec->field_count ? 0 : i;
        const struct record_field *field = &spec->fields[i];
        if (span_equal_text(key, field->key)) {
            *hint = i + 1;
            return field;
        }
    }
    return NULL;
}

static int decode_pair(struct decoder *decoder, const struct record_path *path,
                       const struct record_spec *spec, void *record, size_t *hint, uint64_t *seen)
{
    struct msgpack_item key;
    if (next_item(decoder, path, MSGPACK_ITEM_TEXT, "a key that is not a text", &key) < 0) {
        return -1;
    }
    const struct record_field *field = find_field(spec, key.bytes, hint);
    if (field == NULL) {
        if (msgpack_cursor_skip(&decoder->cursor, RECORD_NESTING_MAX - decoder->depth) < 0) {
            return corrupt(decoder, path,
                           "the value of an unknown key is broken or nested too deep");
        }
        return 0;
    }
    const struct record_path step = {.parent = path, .key = field->key};
    uint64_t bit = 1ULL << (field - spec->fields);
    if (*seen & bit) {
        return corrupt(decoder, &step, "there twice");
    }
    *seen |= bit;
    return decode_field(decoder, &step, field, record_member_mutable(record, field));
}

static int decode_map(struct decoder *decoder, const struct record_path *path,
                      const struct record_spec *spec, void *record)
{
    struct msgpack_item item;
    memset(record, 0, spec->size);
    if (next_item(decoder, path, MSGPACK_ITEM_MAP, "not a map", &item) < 0) {
        return -1;
    }
    if (++decoder->depth > RECORD_NESTING_MAX) {
        return corrupt(decoder, path, "nested too deep");
    }
    uint64_t seen = 0;
    size_t hint = 0;
    for (uint32_t i = 0; i < item.count; i++) {
        if (decode_pair(decoder, path, spec, record, &hint, &seen) < 0) {
            return -1;
        }
    }
    decoder->depth--;
    for (size_t i = 0; i < spec->field_count; i++) {
        if ((spec->fields[i].flags & RECORD_REQUIRED) && !(seen & 1ULL << i)) {
            const struct record_path step = {.parent = path, .key = spec->fields[i].key};
            return corrupt(decoder, &step, "missing");
        }
    }
    return 0;
}

/* NOLINTEND(misc-no-recursion) */

int record_decode(const struct record_spec *spec, struct span bytes, struct arena *arena,
                  void *ret_record, struct error *err)
{
    struct decoder decoder = {.cursor = msgpack_cursor_of(bytes), .arena = arena, .err = err};
    if (decode_map(&decoder, NULL, spec, ret_record) < 0) {
        return -1;
    }
    if (decoder.cursor.at != decoder.cursor.end) {
        return corrupt(&decoder, NULL, "bytes behind the end of the record");
    }
    return 0;
}

/* Reads up to the value of a top-level key. */
static bool seek_key(struct span bytes, const char *key, struct msgpack_cursor *ret_cursor)
{
    struct msgpack_cursor cursor = msgpack_cursor_of(bytes);
    struct msgpack_item item;
    if (msgpack_cursor_next(&cursor, &item) < 0 || item.kind != MSGPACK_ITEM_MAP) {
        return false;
    }
    for (uint32_t pairs = item.count; pairs > 0; pairs--) {
        if (msgpack_cursor_next(&cursor, &item) < 0 || item.kind != MSGPACK_ITEM_TEXT) {
            return false;
        }
        if (span_equal_text(item.bytes, key)) {
            *ret_cursor = cursor;
            return true;
        }
        if (msgpack_cursor_skip(&cursor, RECORD_NESTING_MAX - 1) < 0) {
            return false;
        }
    }
    return false;
}

struct span record_peek_text(struct span bytes, const char *key)
{
    struct msgpack_cursor cursor;
    struct msgpack_item item;
    if (!seek_key(bytes, key, &cursor) || msgpack_cursor_next(&cursor, &item) < 0 ||
        item.kind != MSGPACK_ITEM_TEXT) {
        return (struct span){0};
    }
    return item.bytes;
}

bool record_peek_integer(struct span bytes, const char *key, int64_t *ret_value)
{
    struct msgpack_cursor cursor;
    struct msgpack_item item;
    if (!seek_key(bytes, key, &cursor) || msgpack_cursor_next(&cursor, &item) < 0 ||
        item.kind != MSGPACK_ITEM_INTEGER) {
        return false;
    }
    *ret_value = item.integer;
    return true;
}
