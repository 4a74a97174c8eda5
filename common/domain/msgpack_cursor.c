#include "common/domain/msgpack_cursor.h"

#include <string.h>

enum { NESTING_LIMIT = 32 };

struct msgpack_cursor msgpack_cursor_of(struct span bytes)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    return (struct msgpack_cursor){.at = data,
                                   .end = bytes.length == 0 ? data : data + bytes.length};
}

static size_t bytes_left(const struct msgpack_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* A big-endian number of `width` bytes. */
static int take_number(struct msgpack_cursor *cursor, unsigned width, uint64_t *ret_number)
{
    if (bytes_left(cursor) < width) {
        return -1;
    }
    uint64_t number = 0;
    for (unsigned i = 0; i < width; i++) {
        number = number << 8 | cursor->at[i];
    }
    cursor->at += width;
    *ret_number = number;
    return 0;
}

static int take_bytes(struct msgpack_cursor *cursor, enum msgpack_item_kind kind, uint64_t length,
                      struct msgpack_item *item)
{
    if (length > bytes_left(cursor)) {
        return -1;
    }
    item->kind = kind;
    item->bytes = (struct span){.data = (const char *)cursor->at, .length = (size_t)length};
    cursor->at += length;
    return 0;
}

static int take_sized(struct msgpack_cursor *cursor, enum msgpack_item_kind kind, unsigned width,
                      struct msgpack_item *item)
{
    uint64_t length = 0;
    if (take_number(cursor, width, &length) < 0) {
        return -1;
    }
    return take_bytes(cursor, kind, length, item);
}

static int take_extension(struct msgpack_cursor *cursor, uint64_t length, struct msgpack_item *item)
{
    uint64_t type = 0;
    if (take_number(cursor, 1, &type) < 0) {
        return -1;
    }
    item->extension = (int8_t)(uint8_t)type;
    return take_bytes(cursor, MSGPACK_ITEM_EXTENSION, length, item);
}

static int take_sized_extension(struct msgpack_cursor *cursor, unsigned width,
                                struct msgpack_item *item)
{
    uint64_t length = 0;
    if (take_number(cursor, width, &length) < 0) {
        return -1;
    }
    return take_extension(cursor, length, item);
}

/* Every element takes a byte at least, every pair two. */
static int take_head(const struct msgpack_cursor *cursor, enum msgpack_item_kind kind,
                     uint64_t count, struct msgpack_item *item)
{
    uint64_t items = kind == MSGPACK_ITEM_MAP ? count * 2 : count;
    if (items > bytes_left(cursor)) {
        return -1;
    }
    item->kind = kind;
    item->count = (uint32_t)count;
    return 0;
}

static int take_sized_head(struct msgpack_cursor *cursor, enum msgpack_item_kind kind,
                           unsigned width, struct msgpack_item *item)
{
    uint64_t count = 0;
    if (take_number(cursor, width, &count) < 0) {
        return -1;
    }
    return take_head(cursor, kind, count, item);
}

static int take_unsigned(struct msgpack_cursor *cursor, unsigned width, struct msgpack_item *item)
{
    uint64_t number = 0;
    if (take_number(cursor, width, &number) < 0) {
        return -1;
    }
    item->kind = number > INT64_MAX ? MSGPACK_ITEM_UNSIGNED : MSGPACK_ITEM_INTEGER;
    if (item->kind == MSGPACK_ITEM_UNSIGNED) {
        item->unsigned_integer = number;
    } else {
        item->integer = (int64_t)number;
    }
    return 0;
}

static int take_signed(struct msgpack_cursor *cursor, unsigned width, struct msgpack_item *item)
{
    uint64_t number = 0;
    if (take_number(cursor, width, &number) < 0) {
        return -1;
    }
    unsigned unused_bits = 64 - 8 * width;
    item->kind = MSGPACK_ITEM_INTEGER;
    item->integer = (int64_t)(number << unused_bits) >> unused_bits;
    return 0;
}

static int take_real(struct msgpack_cursor *cursor, unsigned width, struct msgpack_item *item)
{
    uint64_t bits = 0;
    if (take_number(cursor, width, &bits) < 0) {
        return -1;
    }
    item->kind = MSGPACK_ITEM_REAL;
    if (width == 4) {
        uint32_t narrow = (uint32_t)bits;
        float real = 0;
        memcpy(&real, &narrow, sizeof real);
        item->real = (double)real;
    } else {
        memcpy(&item->real, &bits, sizeof item->real);
    }
    return 0;
}

static int take_constant(enum msgpack_item_kind kind, bool boolean, struct msgpack_item *item)
{
    item->kind = kind;
    item->boolean = boolean;
    return 0;
}

/* The first bytes 0xc0 to 0xdf. */
static int take_marked(struct msgpack_cursor *cursor, unsigned char first,
                       struct msgpack_item *item)
{
    unsigned low = first & 3U;
    switch (first) {
    case 0xc0:
        return take_constant(MSGPACK_ITEM_NIL, false, item);
    case 0xc2:
    case 0xc3:
        return take_constant(MSGPACK_ITEM_BOOLEAN, first == 0xc3, item);
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return take_sized(cursor, MSGPACK_ITEM_BINARY, 1U << low, item);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return take_sized_extension(cursor, 1U << (first - 0xc7U), item);
    case 0xca:
    case 0xcb:
        return take_real(cursor, first == 0xca ? 4 : 8, item);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_unsigned(cursor, 1U << low, item);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_signed(cursor, 1U << low, item);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_sized(cursor, MSGPACK_ITEM_TEXT, 1U << (first - 0xd9U), item);
    case 0xdc:
    case 0xdd:
        return take_sized_head(cursor, MSGPACK_ITEM_ARRAY, first == 0xdc ? 2 : 4, item);
    case 0xde:
    case 0xdf:
        return take_sized_head(cursor, MSGPACK_ITEM_MAP, first == 0xde ? 2 : 4, item);
    case 0xc1:
        return -1;
    default: /* 0xd4 to 0xd8: extensions of 1, 2, 4, 8, 16 bytes */
        return take_extension(cursor, 1ULL << (first - 0xd4U), item);
    }
}

int msgpack_cursor_next(struct msgpack_cursor *cursor, struct msgpack_item *ret_item)
{
    if (bytes_left(cursor) == 0) {
        return -1;
    }
    unsigned char first = *cursor->at++;
    if (first <= 0x7f || first >= 0xe0) {
        ret_item->kind = MSGPACK_ITEM_INTEGER;
        ret_item->integer = (int8_t)first;
        return 0;
    }
    if (first <= 0x8f) {
        return take_head(cursor, MSGPACK_ITEM_MAP, first & 0x0fU, ret_item);
    }
    if (first <= 0x9f) {
        return take_head(cursor, MSGPACK_ITEM_ARRAY, first & 0x0fU, ret_item);
    }
    if (first <= 0xbf) {
        return take_bytes(cursor, MSGPACK_ITEM_TEXT, first & 0x1fU, ret_item);
    }
    return take_marked(cursor, first, ret_item);
}

int msgpack_cursor_skip(struct msgpack_cursor *cursor, unsigned max_nesting)
{
    uint64_t open[NESTING_LIMIT + 1] = {1}; /* items still to come at each depth */
    unsigned depth = 0;
    if (max_nesting > NESTING_LIMIT) {
        max_nesting = NESTING_LIMIT;
    }
    for (;;) {
        while (open[depth] == 0) {
            if (depth == 0) {
                return 0;
            }
            depth--;
        }
        open[depth]--;
        struct msgpack_item item;
        if (msgpack_cursor_next(cursor, &item) < 0) {
            return -1;
        }
        if (item.kind != MSGPACK_ITEM_ARRAY && item.kind != MSGPACK_ITEM_MAP) {
            continue;
        }
        if (depth == max_nesting) {
            return -1;
        }
        open[++depth] = item.kind == MSGPACK_ITEM_MAP ? 2ULL * item.count : item.count;
    }
}
