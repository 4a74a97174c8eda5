#ifndef COMMON_DOMAIN_RECORD_ACCESS_H
#define COMMON_DOMAIN_RECORD_ACCESS_H

/** For the files of the codecs alone: members of records by their field, and where in a
 *  record a mistake is. */

#include "common/domain/record.h"

/** The layout of every RECORD_LIST_OF. Read and written with memcpy: the pointers have other
 *  types. */
struct record_list {
    void *items;
    size_t count;
};

/** The member itself, or the embedded record of an object. */
const void *record_member(const void *record, const struct record_field *field);
void *record_member_mutable(void *record, const struct record_field *field);

const char *record_text(const void *record, const struct record_field *field);
int64_t record_integer(const void *record, const struct record_field *field);
struct optional_integer record_optional(const void *record, const struct record_field *field);
bool record_boolean(const void *record, const struct record_field *field);
struct text_list record_text_list(const void *record, const struct record_field *field);
struct record_list record_record_list(const void *record, const struct record_field *field);

/** Element `index` of a list of records of this type. */
const void *record_list_item(const struct record_list *list, const struct record_spec *spec,
                             size_t index);
void *record_list_item_mutable(const struct record_list *list, const struct record_spec *spec,
                               size_t index);

/** The field's max, its default filled in. */
size_t record_max(const struct record_field *field);
/** True if the member is to be seen in a map: not NULL, 0, unknown, false or empty. */
bool record_is_present(const void *record, const struct record_field *field);
/** The text with every byte that is not part of UTF-8 replaced by U+FFFD. @return 0 or -1 with
 *  ERROR_FULL, ERROR_NO_MEMORY */
int record_clean_text(struct span text, struct buffer *buf, struct error *err);

/** Takes back what was appended behind the first `length` bytes. */
void record_rewind(struct buffer *buf, size_t length);

/** A way into a record, from its end to its beginning: "plan[2].signal". */
struct record_path {
    const struct record_path *parent; /**< NULL at the top */
    const char *key;                  /**< NULL: an element of a list */
    size_t index;
};

/** "PATH: MESSAGE", or only the message at the top (path NULL). @return always -1 */
int record_fail(struct error *err, enum error_code code, const struct record_path *path,
                const char *message);

#endif
