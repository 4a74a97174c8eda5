#ifndef WORKER_RUNTIME_DOCKER_JSON_H
#define WORKER_RUNTIME_DOCKER_JSON_H

/** Reading the engine's JSON: foreign, so every member may be missing or of another type. Pure. */

#include <jansson.h>

#include "common/base/buffer.h"

/** Parses one JSON value; new reference, or NULL with ERROR_CORRUPT. NUL characters in texts are
 *  taken (a text then ends there): a strange label must not hide a container. */
json_t *docker_json_parse(struct span text, struct error *err);
/** A member that is a text and not empty, else NULL. Safe on NULL and on what is no object. */
const char *docker_json_text(const json_t *object, const char *key);
/** A member that is an integer, else `otherwise`. */
int64_t docker_json_integer(const json_t *object, const char *key, int64_t otherwise);
/** True only for a member that is true. */
bool docker_json_is_true(const json_t *object, const char *key);
/** A member that is a time (RFC 3339) as unix milliseconds; 0 = absent, zero time or no time. */
int64_t docker_json_time_ms(const json_t *object, const char *key);

#endif
