#ifndef COMMON_DOMAIN_MSGPACK_CURSOR_H
#define COMMON_DOMAIN_MSGPACK_CURSOR_H

/** Reads foreign msgpack bytes item by item (the msgpack specification, spec.md): allocates nothing
 *  and believes no length that the bytes cannot hold. */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"

enum msgpack_item_kind {
    MSGPACK_ITEM_NIL = 1,
    MSGPACK_ITEM_BOOLEAN,
    MSGPACK_ITEM_INTEGER,  /**< fits int64_t */
    MSGPACK_ITEM_UNSIGNED, /**< above INT64_MAX */
    MSGPACK_ITEM_REAL,
    MSGPACK_ITEM_TEXT, /**< not checked to be UTF-8 */
    MSGPACK_ITEM_BINARY,
    MSGPACK_ITEM_EXTENSION,
    MSGPACK_ITEM_ARRAY, /**< `count` items follow */
    MSGPACK_ITEM_MAP    /**< `count` pairs of items follow */
};

/** One item; of the values only the one of its kind is set. */
struct msgpack_item {
    enum msgpack_item_kind kind;
    bool boolean;
    int8_t extension; /**< type of an extension */
    uint32_t count;
    int64_t integer;
    uint64_t unsigned_integer;
    double real;
    struct span bytes; /**< of texts, binaries and extensions: a view */
};

/** Where the reading is. */
struct msgpack_cursor {
    const unsigned char *at;
    const unsigned char *end;
};

struct msgpack_cursor msgpack_cursor_of(struct span bytes);
/** Reads one item; of an array or map only its head. @return 0, or -1 if the bytes end too early,
 *  cannot hold what they announce, or begin with the byte that msgpack never uses (0xc1) */
int msgpack_cursor_next(struct msgpack_cursor *cursor, struct msgpack_item *ret_item);
/** Passes over one item with all that is in it, which may nest at most max_nesting (0 to 32) deep.
 *  @return 0, or -1 as msgpack_cursor_next or if it nests deeper */
int msgpack_cursor_skip(struct msgpack_cursor *cursor, unsigned max_nesting);

#endif
