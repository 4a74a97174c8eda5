#include <string.h>

#include <msgpack.h>

#include "common/domain/record_access.h"

/* How much of cuttable fields is kept, and whether droppable ones are. */
struct squeeze {
    size_t text_max;
    size_t list_max;
    bool drop;
};

/* Tried in this order until the whole fits. */
static const struct squeeze squeezes[] = {
    {.text_max = SIZE_MAX, .list_max = SIZE_MAX},
    {.text_max = SIZE_MAX, .list_max = 64},
    {.text_max = 512, .list_max = 32},
    {.text_max = 256, .list_max = 16},
    {.text_max = 128, .list_max = 8},
    {.text_max = 64, .list_max = 4},
    {.text_max = 48, .list_max = 0},
    {.text_max = 24, .list_max = 0, .drop = true},
};

/* One writing. */
struct encoder {
    struct buffer *buf;
    msgpack_packer packer;
    const struct squeeze *squeeze;
    bool truncated;
    struct error *err;
};

static int write_bytes(void *context, const char *bytes, size_t length)
{
    struct encoder *encoder = context;
    return buffer_append(encoder->buf, bytes, length, encoder->err);
}

static size_t cut_to(const struct encoder *encoder, const struct record_field *field)
{
    size_t max = record_max(field);
    size_t squeezed =
        field->kind == RECORD_TEXT ? encoder->squeeze->text_max : encoder->squeeze->list_max;
    return (field->flags & RECORD_CUTTABLE) && squeezed < max ? squeezed : max;
}

static bool is_over_max_and_droppable(const void *record, const struct record_field *field)
{
    if (field->kind != RECORD_TEXT || (field->flags & RECORD_CUTTABLE) ||
        !(field->flags & RECORD_DROPPABLE)) {
        return false;
    }
    const char *text = record_text(record, field);
    return text != NULL && strlen(text) > record_max(field);
}

/* Records nest as deep as their tables do. NOLINTBEGIN(misc-no-recursion) */

/* Whether the member goes into the map. */
static bool is_written(struct encoder *encoder, const void *record,
                       const struct record_field *field)
{
    if (field->flags & RECORD_REQUIRED) {
        return true;
    }
    if (!record_is_present(record, field)) {
        return false;
    }
    bool left_out = (encoder->squeeze->drop && (field->flags & RECORD_DROPPABLE)) ||
                    is_over_max_and_droppable(record, field);
    bool is_list = field->kind == RECORD_LIST || field->kind == RECORD_TEXT_LIST;
    if (left_out || (is_list && cut_to(encoder, field) == 0)) {
        encoder->truncated = true;
        return false;
    }
    if (field->kind != RECORD_OBJECT) {
        return true;
    }
    const void *object = record_member(record, field);
    for (size_t i = 0; i < field->sub->field_count; i++) {
        if (is_written(encoder, object, &field->sub->fields[i])) {
            return true;
        }
    }
    return false;
}

static int encode_valid_text(struct encoder *encoder, const struct record_path *path,
                             struct span text, size_t max, bool cuttable)
{
    if (text.length > max) {
        if (!cuttable) {
            return record_fail(encoder->err, ERROR_FULL, path, "too long");
        }
        text = span_cut_utf8(text, max);
        encoder->truncated = true;
    }
    if (msgpack_pack_str(&encoder->packer, text.length) < 0) {
        return -1;
    }
    return msgpack_pack_str_body(&encoder->packer, text.data, text.length);
}

static int encode_text(struct encoder *encoder, const struct record_path *path, const char *text,
                       size_t max, bool cuttable)
{
    if (text == NULL) {
        return record_fail(encoder->err, ERROR_BUG, path, "required but not set");
    }
    struct span whole = span_of(text);
    if (span_is_utf8(whole)) {
        return encode_valid_text(encoder, path, whole, max, cuttable);
    }
    struct buffer clean;
    buffer_init(&clean, 3 * whole.length);
    int rc = record_clean_text(whole, &clean, encoder->err);
    if (rc == 0) {
        rc = encode_valid_text(encoder, path, buffer_span(&clean), max, cuttable);
    }
    buffer_release(&clean);
    return rc;
}

/* Writes the head of a list and says how many elements follow. */
static int open_list(struct encoder *encoder, const struct record_path *path,
                     const struct record_field *field, size_t count, size_t *ret_kept)
{
    size_t max = cut_to(encoder, field);
    if (count > max) {
        if (!(field->flags & RECORD_CUTTABLE)) {
            return record_fail(encoder->err, ERROR_FULL, path, "too many elements");
        }
        encoder->truncated = true;
        count = max;
    }
    *ret_kept = count;
    return msgpack_pack_array(&encoder->packer, count);
}

static int encode_text_list(struct encoder *encoder, const struct record_path *path,
                            const struct record_field *field, const void *record)
{
    struct text_list list = record_text_list(record, field);
    size_t kept = 0;
    int rc = open_list(encoder, path, field, list.count, &kept);
    for (size_t i = 0; rc == 0 && i < kept; i++) {
        const struct record_path step = {.parent = path, .index = i};
        rc = encode_text(encoder, &step, list.items[i], RECORD_TEXT_MAX,
                         field->flags & RECORD_CUTTABLE);
    }
    return rc;
}

static int encode_map(struct encoder *encoder, const struct record_path *path,
                      const struct record_spec *spec, const void *record);

static int encode_list(struct encoder *encoder, const struct record_path *path,
                       const struct record_field *field, const void *record)
{
    struct record_list list = record_record_list(record, field);
    size_t kept = 0;
    int rc = open_list(encoder, path, field, list.count, &kept);
    for (size_t i = 0; rc == 0 && i < kept; i++) {
        const struct record_path step = {.parent = path, .index = i};
        rc = encode_map(encoder, &step, field->sub, record_list_item(&list, field->sub, i));
    }
    return rc;
}

static int encode_member(struct encoder *encoder, const struct record_path *path,
                         const struct record_field *field, const void *record)
{
    switch (field->kind) {
    case RECORD_TEXT:
        return encode_text(encoder, path, record_text(record, field), cut_to(encoder, field),
                           field->flags & RECORD_CUTTABLE);
    case RECORD_INTEGER:
        return msgpack_pack_int64(&encoder->packer, record_integer(record, field));
    case RECORD_OPTIONAL: {
        struct optional_integer optional = record_optional(record, field);
        return optional.known
                   ? msgpack_pack_int64(&encoder->packer, optional.value)
                   : record_fail(encoder->err, ERROR_BUG, path, "required but not known");
    }
    case RECORD_BOOLEAN:
        return record_boolean(record, field) ? msgpack_pack_true(&encoder->packer)
                                             : msgpack_pack_false(&encoder->packer);
    case RECORD_TEXT_LIST:
        return encode_text_list(encoder, path, field, record);
    case RECORD_OBJECT:
        return encode_map(encoder, path, field->sub, record_member(record, field));
    case RECORD_LIST:
        return encode_list(encoder, path, field, record);
    }
    return error_set(encoder->err, ERROR_BUG, "field %s has no kind", field->key);
}

static int encode_map(struct encoder *encoder, const struct record_path *path,
                      const struct record_spec *spec, const void *record)
{
    uint64_t written = 0;
    size_t count = 0;
    for (size_t i = 0; i < spec->field_count; i++) {
        if (is_written(encoder, record, &spec->fields[i])) {
            written |= 1ULL << i;
            count++;
        }
    }
    int rc = msgpack_pack_map(&encoder->packer, count);
    for (size_t i = 0; rc == 0 && i < spec->field_count; i++) {
        if (!(written & 1ULL << i)) {
            continue;
        }
        const struct record_field *field = &spec->fields[i];
        const struct record_path step = {.parent = path, .key = field->key};
        size_t length = strlen(field->key);
        rc = msgpack_pack_str(&encoder->packer, length);
        if (rc == 0) {
            rc = msgpack_pack_str_body(&encoder->packer, field->key, length);
        }
        if (rc == 0) {
            rc = encode_member(encoder, &step, field, record);
        }
    }
    return rc;
}

/* NOLINTEND(misc-no-recursion) */

void record_rewind(struct buffer *buf, size_t length)
{
    buf->length = length;
    if (buf->data != NULL) {
        buf->data[length] = '\0';
    }
}

static int encode_squeezed(const struct record_spec *spec, const void *record,
                           const struct squeeze *squeeze, struct buffer *buf, bool *ret_truncated,
                           struct error *err)
{
    struct encoder encoder = {.buf = buf, .squeeze = squeeze, .err = err};
    msgpack_packer_init(&encoder.packer, &encoder, write_bytes);
    size_t start = buf->length;
    if (encode_map(&encoder, NULL, spec, record) < 0) {
        record_rewind(buf, start);
        return -1;
    }
    if (ret_truncated != NULL) {
        *ret_truncated = encoder.truncated;
    }
    return 0;
}

int record_encode(const struct record_spec *spec, const void *record, struct buffer *buf,
                  bool *ret_truncated, struct error *err)
{
    return encode_squeezed(spec, record, &squeezes[0], buf, ret_truncated, err);
}

int record_encode_within(const struct record_spec *spec, const void *record, size_t max_bytes,
                         struct buffer *buf, bool *ret_truncated, struct error *err)
{
    size_t start = buf->length;
    size_t whole_max = buf->max_bytes;
    if (max_bytes < whole_max - start) {
        buf->max_bytes = start + max_bytes;
    }
    struct error last = {0};
    int rc = -1;
    for (size_t i = 0; i < sizeof squeezes / sizeof squeezes[0]; i++) {
        last = (struct error){0};
        rc = encode_squeezed(spec, record, &squeezes[i], buf, ret_truncated, &last);
        if (rc == 0 || last.code != ERROR_FULL) {
            break;
        }
    }
    buf->max_bytes = whole_max;
    if (rc < 0 && err != NULL) {
        *err = last;
    }
    return rc;
}
