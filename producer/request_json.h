#ifndef PRODUCER_REQUEST_JSON_H
#define PRODUCER_REQUEST_JSON_H

/** Members of a request's body by type, with the SerializationException texts of AWS's JSON 1.1 front
 *  end. Unknown members are ignored; null equals absent. Every function returns 0, or -1 with error
 *  filled, so that calls chain with ||. Texts and arrays are borrowed from the body. */

#include <stdint.h>

#include <jansson.h>

#include "common/base/buffer.h"
#include "common/domain/ecs_error.h"
#include "common/domain/record.h"

/** Parses a body. Only an object passes; a member that occurs twice is refused, since two readers could
 *  take different ones. ret_object is a new reference. */
int request_json_parse(struct span body, json_t **ret_object, struct ecs_error *error);

/** A string; *ret_text NULL = absent. */
int request_json_text(const json_t *object, const char *name, const char **ret_text,
                      struct ecs_error *error);
/** A number, a fraction cut off as the front end does; beyond 64 bits: the nearest that fits. */
int request_json_integer(const json_t *object, const char *name,
                         struct optional_integer *ret_integer, struct ecs_error *error);
/** true or false; absent = false. */
int request_json_boolean(const json_t *object, const char *name, bool *ret_boolean,
                         struct ecs_error *error);
/** A list of strings; *ret_list NULL = absent. */
int request_json_texts(const json_t *object, const char *name, const json_t **ret_list,
                       struct ecs_error *error);
/** One element of such a list: NULL where the element is null. */
const char *request_json_text_at(const json_t *list, size_t index);

#endif
