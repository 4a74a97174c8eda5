#ifndef TESTS_UNIT_DOMAIN_SAMPLE_RECORD_H
#define TESTS_UNIT_DOMAIN_SAMPLE_RECORD_H

/** A record type with a field of every kind, for the tests of the codec. */

#include "common/domain/record.h"

struct sample_part {
    const char *name;
    int64_t size;
};

struct sample_record {
    const char *id;      /**< required */
    int64_t number;      /**< required */
    const char *note;    /**< cuttable, at most 8 bytes */
    const char *exact;   /**< not cuttable, at most 8 bytes */
    const char *command; /**< droppable whole, at most 8 bytes */
    struct optional_integer code;
    bool flag;
    struct text_list words;  /**< at most 3 */
    struct text_list extras; /**< cuttable, at most 3 */
    struct sample_part part;
    RECORD_LIST_OF(struct sample_part) parts;   /**< at most 3 */
    RECORD_LIST_OF(struct sample_part) surplus; /**< cuttable and droppable, at most 100 */
};

static const struct record_field sample_part_fields[] = {
    RECORD_FIELD_TEXT(struct sample_part, name, "name", RECORD_REQUIRED, 0, "its name"),
    RECORD_FIELD_INTEGER(struct sample_part, size, "size", RECORD_DROPPABLE, "its size"),
};
static const struct record_spec sample_part_spec =
    RECORD_SPEC(struct sample_part, sample_part_fields, "SamplePart", "A part.");

#define SAMPLE_TEXT(member, flags)                                                                 \
    RECORD_FIELD_TEXT(struct sample_record, member, #member, flags, 8, #member)
static const struct record_field sample_fields[] = {
    RECORD_FIELD_TEXT(struct sample_record, id, "id", RECORD_REQUIRED, 0, "id"),
    RECORD_FIELD_INTEGER(struct sample_record, number, "number", RECORD_REQUIRED, "number"),
    SAMPLE_TEXT(note, RECORD_CUTTABLE),
    SAMPLE_TEXT(exact, 0),
    SAMPLE_TEXT(command, RECORD_DROPPABLE),
    RECORD_FIELD_OPTIONAL(struct sample_record, code, "code", 0, "code"),
    RECORD_FIELD_BOOLEAN(struct sample_record, flag, "flag", 0, "flag"),
    RECORD_FIELD_TEXT_LIST(struct sample_record, words, "words", 0, 3, "words"),
    RECORD_FIELD_TEXT_LIST(struct sample_record, extras, "extras", RECORD_CUTTABLE, 3, "extras"),
    RECORD_FIELD_OBJECT(struct sample_record, part, "part", &sample_part_spec, 0, "part"),
    RECORD_FIELD_LIST(struct sample_record, parts, "parts", &sample_part_spec, 0, 3, "parts"),
    RECORD_FIELD_LIST(struct sample_record, surplus, "surplus", &sample_part_spec,
                      RECORD_CUTTABLE | RECORD_DROPPABLE, 100, "surplus"),
};
static const struct record_spec sample_spec =
    RECORD_SPEC(struct sample_record, sample_fields, "SampleRecord", "A sample.");

/** Every field set, nothing over its max. */
static const char *sample_words[] = {"one", "two", "drei"};
static struct sample_part sample_parts[] = {{"p", 1}, {"q", -2}, {"r", 0}};
static const struct sample_record sample_full = {
    .id = "i",
    .number = -7,
    .note = "note",
    .exact = "exact",
    .command = "/bin/x",
    .code = {.known = true, .value = 0},
    .flag = true,
    .words = {sample_words, 3},
    .extras = {sample_words, 2},
    .part = {"part", 5},
    .parts = {sample_parts, 3},
    .surplus = {sample_parts, 1},
};

#endif
