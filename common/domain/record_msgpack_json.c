#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/id.h"
#include "common/domain/msgpack_cursor.h"
#include "common/domain/record_access.h"

/* One reading: NULL from a function means that the error is set. */
struct shower {
    struct msgpack_cursor cursor;
    struct error *err;
};

static json_t *corrupt(const struct shower *shower, const char *message)
{
    error_set(shower->err, ERROR_CORRUPT, "%s", message);
    return NULL;
}

static json_t *checked(const struct shower *shower, json_t *json)
{
    if (json == NULL) {
        error_no_memory(shower->err, "making JSON");
    }
    return json;
}

static json_t *show_text(const struct shower *shower, struct span text)
{
    struct buffer clean;
    buffer_init(&clean, 3 * text.length + 1);
    if (record_clean_text(text, &clean, shower->err) < 0) {
        buffer_release(&clean);
        return NULL;
    }
    json_t *json = json_stringn_nocheck(clean.length == 0 ? "" : clean.data, clean.length);
    buffer_release(&clean);
    return checked(shower, json);
}

static json_t *show_hex(const struct shower *shower, struct span bytes)
{
    char *hex = memory_alloc(2 * bytes.length + 1);
    if (hex == NULL) {
        return checked(shower, NULL);
    }
    id_hex((const unsigned char *)bytes.data, bytes.length, hex);
    json_t *json = json_string_nocheck(hex);
    memory_free(hex);
    return checked(shower, json);
}

static json_t *show_extension(const struct shower *shower, const struct msgpack_item *item)
{
    json_t *data = show_hex(shower, item->bytes);
    if (data == NULL) {
        return NULL;
    }
    json_t *json = json_object();
    if (json == NULL ||
        json_object_set_new_nocheck(json, "ext", json_integer(item->extension)) < 0 ||
        json_object_set_nocheck(json, "data", data) < 0) {
        json_decref(json);
        json = NULL;
    }
    json_decref(data);
    return checked(shower, json);
}

/* JSON has no infinity and no NaN, jansson no integers beyond int64. */
static json_t *show_number_as_text(const struct shower *shower, const struct msgpack_item *item)
{
    char text[64];
    if (item->kind == MSGPACK_ITEM_UNSIGNED) {
        (void)snprintf(text, sizeof text, "%" PRIu64, item->unsigned_integer);
    } else if (item->kind == MSGPACK_ITEM_INTEGER) {
        (void)snprintf(text, sizeof text, "%" PRId64, item->integer);
    } else {
        (void)snprintf(text, sizeof text, "%.17g", item->real);
    }
    return checked(shower, json_string_nocheck(text));
}

static json_t *show_key(struct shower *shower)
{
    struct msgpack_item item;
    if (msgpack_cursor_next(&shower->cursor, &item) < 0) {
        return corrupt(shower, "the bytes end too early or are not msgpack");
    }
    if (item.kind == MSGPACK_ITEM_TEXT) {
        return show_text(shower, item.bytes);
    }
    if (item.kind == MSGPACK_ITEM_INTEGER || item.kind == MSGPACK_ITEM_UNSIGNED ||
        item.kind == MSGPACK_ITEM_REAL) {
        return show_number_as_text(shower, &item);
    }
    return corrupt(shower, "a key of a map is neither a text nor a number");
}

/* Nesting is bounded by RECORD_NESTING_MAX. NOLINTBEGIN(misc-no-recursion) */

static json_t *show_value(struct shower *shower, unsigned depth);

static json_t *show_array(struct shower *shower, uint32_t count, unsigned depth)
{
    json_t *array = checked(shower, json_array());
    for (; array != NULL && count > 0; count--) {
        json_t *value = show_value(shower, depth);
        if (value == NULL || json_array_append_new(array, value) < 0) {
            if (value != NULL) {
                checked(shower, NULL);
            }
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static int show_pair(struct shower *shower, json_t *object, unsigned depth)
{
    json_t *key = show_key(shower);
    if (key == NULL) {
        return -1;
    }
    const char *name = json_string_value(key);
    size_t length = json_string_length(key);
    int rc = -1;
    if (json_object_getn(object, name, length) != NULL) {
        corrupt(shower, "a key is there twice in a map");
    } else {
        json_t *value = show_value(shower, depth);
        rc = value == NULL ? -1 : json_object_setn_new_nocheck(object, name, length, value);
        if (value != NULL && rc < 0) {
            checked(shower, NULL);
        }
    }
    json_decref(key);
    return rc;
}

static json_t *show_map(struct shower *shower, uint32_t count, unsigned depth)
{
    json_t *object = checked(shower, json_object());
    for (; object != NULL && count > 0; count--) {
        if (show_pair(shower, object, depth) < 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *show_value(struct shower *shower, unsigned depth)
{
    struct msgpack_item item;
    if (msgpack_cursor_next(&shower->cursor, &item) < 0) {
        return corrupt(shower, "the bytes end too early or are not msgpack");
    }
    bool opens = item.kind == MSGPACK_ITEM_ARRAY || item.kind == MSGPACK_ITEM_MAP;
    if (opens && depth == RECORD_NESTING_MAX) {
        return corrupt(shower, "nested too deep");
    }
    switch (item.kind) {
    case MSGPACK_ITEM_NIL:
        return json_null();
    case MSGPACK_ITEM_BOOLEAN:
        return json_boolean(item.boolean);
    case MSGPACK_ITEM_INTEGER:
        return checked(shower, json_integer(item.integer));
    case MSGPACK_ITEM_UNSIGNED:
        return show_number_as_text(shower, &item);
    case MSGPACK_ITEM_REAL:
        return isfinite(item.real) ? checked(shower, json_real(item.real))
                                   : show_number_as_text(shower, &item);
    case MSGPACK_ITEM_TEXT:
        return show_text(shower, item.bytes);
    case MSGPACK_ITEM_BINARY:
        return show_hex(shower, item.bytes);
    case MSGPACK_ITEM_EXTENSION:
        return show_extension(shower, &item);
    case MSGPACK_ITEM_ARRAY:
        return show_array(shower, item.count, depth + 1);
    case MSGPACK_ITEM_MAP:
        return show_map(shower, item.count, depth + 1);
    }
    return corrupt(shower, "an item of no kind");
}

/* NOLINTEND(misc-no-recursion) */

json_t *record_msgpack_to_json(struct span bytes, struct error *err)
{
    struct shower shower = {.cursor = msgpack_cursor_of(bytes), .err = err};
    json_t *json = show_value(&shower, 0);
    if (json != NULL && shower.cursor.at != shower.cursor.end) {
        json_decref(json);
        return corrupt(&shower, "bytes behind the end of the value");
    }
    return json;
}
