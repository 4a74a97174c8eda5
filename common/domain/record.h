#ifndef COMMON_DOMAIN_RECORD_H
#define COMMON_DOMAIN_RECORD_H

/** Table-driven codec: a struct described field by field is written to and read from msgpack
 *  maps with string keys, shown as JSON, read strictly from JSON, and deep-copied. Events,
 *  folded tasks, host registrations and task files all use it, and the documentation is made
 *  from the same tables. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/memory.h"

enum record_kind {
    RECORD_TEXT = 1,  /**< const char *; NULL = absent */
    RECORD_INTEGER,   /**< int64_t; 0 = absent on the wire unless RECORD_REQUIRED */
    RECORD_OPTIONAL,  /**< struct optional_integer */
    RECORD_BOOLEAN,   /**< bool; false = absent on the wire */
    RECORD_TEXT_LIST, /**< struct text_list; empty = absent */
    RECORD_OBJECT,    /**< embedded struct of `sub`; absent on the wire if all its fields are */
    RECORD_LIST       /**< struct record_list layout over elements of `sub`; empty = absent */
};

enum {
    /** Decoding fails with ERROR_CORRUPT without it; always written. */
    RECORD_REQUIRED = 1,
    /** May lose its end: a text or list over its max is cut when it is written or read, and
     *  record_encode_within cuts it shorter still. Without this flag what is over its max is
     *  refused: identities, signals, plans and results are whole or not at all. */
    RECORD_CUTTABLE = 2,
    /** record_encode_within may leave it out as a last resort; a text that is over its max and not
     *  cuttable is left out rather than refused. */
    RECORD_DROPPABLE = 4
};

enum {
    RECORD_TEXT_MAX = 1024,     /**< bytes of a text whose field has no max of its own */
    RECORD_LIST_MAX = 256,      /**< elements of a list whose field has no max of its own */
    RECORD_UNBOUNDED = 1 << 30, /**< a max that no record reaches */
    RECORD_NESTING_MAX = 16,    /**< maps and arrays in each other that are read */
    RECORD_FIELDS_MAX = 64      /**< fields of one record type */
};

/** An integer that may be unknown. */
struct optional_integer {
    bool known;
    int64_t value;
};

/** A list of texts, e.g. in an arena. */
struct text_list {
    const char **items;
    size_t count;
};

bool text_list_holds(const struct text_list *list, const char *text);

struct record_spec;

/** One field of a record. */
struct record_field {
    const char *key; /**< on the wire and in JSON; never reused or retyped */
    enum record_kind kind;
    size_t offset;
    const struct record_spec *sub; /**< RECORD_OBJECT, RECORD_LIST */
    unsigned flags;
    size_t max; /**< texts: bytes (0 = RECORD_TEXT_MAX); lists: elements (0 = RECORD_LIST_MAX) */
    const char *doc; /**< one line for the documentation */
};

/** A record type. */
struct record_spec {
    const char *name;
    const struct record_field *fields;
    size_t field_count;
    size_t size; /**< sizeof the struct */
    const char *doc;
};

/** Declares a list of T with the layout that RECORD_LIST expects: items, count. */
#define RECORD_LIST_OF(type)                                                                       \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
    }

/** Rows of a table of fields. The member's C type is checked when the table is compiled. */
#define RECORD_FIELD_TEXT(type, member, wire_key, field_flags, bytes, text)                        \
    {                                                                                              \
        .key = (wire_key), .kind = RECORD_TEXT, .flags = (field_flags), .max = (bytes),            \
        .doc = (text), .offset = RECORD_OFFSET(type, member, const char *)                         \
    }
#define RECORD_FIELD_INTEGER(type, member, wire_key, field_flags, text)                            \
    {                                                                                              \
        .key = (wire_key), .kind = RECORD_INTEGER, .flags = (field_flags), .doc = (text),          \
        .offset = RECORD_OFFSET(type, member, int64_t)                                             \
    }
#define RECORD_FIELD_OPTIONAL(type, member, wire_key, field_flags, text)                           \
    {                                                                                              \
        .key = (wire_key), .kind = RECORD_OPTIONAL, .flags = (field_flags), .doc = (text),         \
        .offset = RECORD_OFFSET(type, member, struct optional_integer)                             \
    }
#define RECORD_FIELD_BOOLEAN(type, member, wire_key, field_flags, text)                            \
    {                                                                                              \
        .key = (wire_key), .kind = RECORD_BOOLEAN, .flags = (field_flags), .doc = (text),          \
        .offset = RECORD_OFFSET(type, member, bool)                                                \
    }
#define RECORD_FIELD_TEXT_LIST(type, member, wire_key, field_flags, elements, text)                \
    {                                                                                              \
        .key = (wire_key), .kind = RECORD_TEXT_LIST, .flags = (field_flags), .max = (elements),    \
        .doc = (text), .offset = RECORD_OFFSET(type, member, struct text_list)                     \
    }
#define RECORD_FIELD_OBJECT(type, member, wire_key, sub_spec, field_flags, text)                   \
    {                                                                                              \
        .key = (wire_key), .kind = RECORD_OBJECT, .sub = (sub_spec), .flags = (field_flags),       \
        .doc = (text), .offset = offsetof(type, member)                                            \
    }
#define RECORD_FIELD_LIST(type, member, wire_key, sub_spec, field_flags, elements, text)           \
    {                                                                                              \
        .key = (wire_key), .kind = RECORD_LIST, .sub = (sub_spec), .flags = (field_flags),         \
        .max = (elements), .doc = (text),                                                          \
        .offset = RECORD_OFFSET(type, member.count, size_t) - sizeof(void *)                       \
    }
#define RECORD_OFFSET(type, member, c_type)                                                        \
    (offsetof(type, member) + _Generic(((type *)NULL)->member, c_type : (size_t)0))

/** Initializer of a record type with this table. */
#define RECORD_SPEC(type, table, type_name, text)                                                  \
    {                                                                                              \
        .name = (type_name), .fields = (table), .field_count = sizeof(table) / sizeof(table)[0],   \
        .size = sizeof(type), .doc = (text)                                                        \
    }

/** Appends the record as one msgpack map, keys in table order, absent fields left out: the same
 *  value always gives the same bytes. Cuttable texts and lists beyond their max are cut (texts at a
 *  character), invalid UTF-8 is replaced by U+FFFD; *ret_truncated (may be NULL) says whether
 *  something was cut. On failure buf is as it was.
 *  @return 0, or -1: ERROR_FULL (buf's maximum, or a field over its max that may not be cut),
 *  ERROR_NO_MEMORY, ERROR_BUG (a required field is absent; names its path) */
int record_encode(const struct record_spec *spec, const void *record, struct buffer *buf,
                  bool *ret_truncated, struct error *err);
/** As record_encode, but in at most max_bytes: cuttable fields are cut shorter and shorter, then
 *  droppable ones left out. ERROR_FULL if even that does not fit. */
int record_encode_within(const struct record_spec *spec, const void *record, size_t max_bytes,
                         struct buffer *buf, bool *ret_truncated, struct error *err);

/** Reads one msgpack map into *ret_record (zeroed first), texts copied into arena. Unknown keys are
 *  skipped whatever their value; cuttable texts and lists beyond their max are cut, so that a
 *  record that was read is always written whole. A known key of the wrong type, a duplicate known
 *  key, invalid UTF-8 or U+0000 in a text, anything else beyond its max, nesting over
 *  RECORD_NESTING_MAX, counts that the bytes cannot hold, trailing bytes: ERROR_CORRUPT naming the
 *  path ("plan[2].signal"). Never allocates by what a length field claims. The arena may have
 *  grown on failure, too. arena must not lie within *ret_record.
 *  @return 0 or -1 with ERROR_CORRUPT, ERROR_NO_MEMORY */
int record_decode(const struct record_spec *spec, struct span bytes, struct arena *arena,
                  void *ret_record, struct error *err);

/** Deep copy with all texts and lists in arena; members without a field are zero. Lists have the
 *  room that arena_grow expects, here and after decoding. arena must not lie within *ret_copy.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int record_copy(const struct record_spec *spec, const void *record, struct arena *arena,
                void *ret_copy, struct error *err);

/** True if all fields are equal (an absent text differs from an empty one). */
bool record_equal(const struct record_spec *spec, const void *a, const void *b);

/** The record as a JSON object, same keys, absent left out, nothing cut; a new reference, or NULL
 *  with ERROR_NO_MEMORY. */
json_t *record_to_json(const struct record_spec *spec, const void *record, struct error *err);

/** Strict: unknown members, wrong types, missing required ones, values over max are ERROR_INVALID
 *  naming the JSON path ("processes[0].pid"). null equals absent. Texts go to arena, which must not
 *  lie within *ret_record.
 *  @return 0 or -1 with ERROR_INVALID, ERROR_NO_MEMORY */
int record_from_json(const struct record_spec *spec, const json_t *json, struct arena *arena,
                     void *ret_record, struct error *err);

/** The record types that a document still has to describe or has described: each once. */
struct record_document {
    const struct record_spec *specs[32];
    size_t count; /**< mentioned so far */
    size_t done;  /**< described so far */
};

/** A Markdown table of the fields from number `first` on; the types that they consist of are
 *  remembered in document. */
void record_write_markdown(const struct record_spec *spec, size_t first,
                           struct record_document *document, FILE *out);
/** A section with heading, text and table for each type that was remembered, and for those that
 *  these consist of. */
void record_write_markdown_rest(struct record_document *document, FILE *out);

/** Any msgpack value, known or not, as JSON: bin as lower-case hex text, ext as
 *  {"ext":TYPE,"data":HEX}, integers beyond int64 and what is no number as text, texts with invalid
 *  UTF-8 replaced; keys that are numbers as text. Bounded as record_decode.
 *  @return a new reference or NULL with ERROR_CORRUPT, ERROR_NO_MEMORY */
json_t *record_msgpack_to_json(struct span bytes, struct error *err);

/** Reads the text value of one top-level key without decoding the rest; {NULL, 0} if absent, of
 *  another type, or the bytes are broken before it. The view points into bytes. */
struct span record_peek_text(struct span bytes, const char *key);
/** As record_peek_text for an integer. @return false if absent */
bool record_peek_integer(struct span bytes, const char *key, int64_t *ret_value);

#endif
