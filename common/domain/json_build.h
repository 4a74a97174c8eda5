#ifndef COMMON_DOMAIN_JSON_BUILD_H
#define COMMON_DOMAIN_JSON_BUILD_H

/** Building JSON objects member by member, with one check for memory at the end. Texts must be UTF-8
 *  already (decoded records and parsed requests are). */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "common/base/error.h"

/** An object or array being built; `failed` stays true from the first member that did not fit in memory. */
struct json_build {
    bool failed;
};

/** New containers; NULL (and failed) without memory. The other functions take such a NULL. */
json_t *json_build_object(struct json_build *build);
json_t *json_build_array(struct json_build *build);
/** Sets a member; takes value (NULL = failed). */
void json_build_set(struct json_build *build, json_t *object, const char *key, json_t *value);
/** Appends an element; takes value (NULL = failed). */
void json_build_append(struct json_build *build, json_t *array, json_t *value);
/** Members that are absent if text is NULL. */
void json_build_text(struct json_build *build, json_t *object, const char *key, const char *text);
void json_build_integer(struct json_build *build, json_t *object, const char *key, int64_t value);
void json_build_boolean(struct json_build *build, json_t *object, const char *key, bool value);
/** A whole number as a JSON string, as ECS writes cpu and memory. */
void json_build_number_text(struct json_build *build, json_t *object, const char *key,
                            int64_t value);
/** Epoch seconds with at most three decimals (AWS JSON 1.1 timestamps); absent if unix_ms is 0. */
void json_build_time(struct json_build *build, json_t *object, const char *key, int64_t unix_ms);
/** Ends the building: takes root and gives it back, or NULL with ERROR_NO_MEMORY if anything failed. */
json_t *json_build_finish(struct json_build *build, json_t *root, struct error *err);

#endif
