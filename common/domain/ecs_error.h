#ifndef COMMON_DOMAIN_ECS_ERROR_H
#define COMMON_DOMAIN_ECS_ERROR_H

/** ECS's errors as one table (ecs_error.def): exception name, HTTP status and text of each way in
 *  which a call is refused. Pure. */

#include <jansson.h>

/** One value per line of the table. */
enum ecs_error_code {
    ECS_ERROR_NONE = 0,
#define ECS_ERROR(constant, ...) ECS_ERROR_##constant,
#include "common/domain/ecs_error.def"
#undef ECS_ERROR
    ECS_ERROR_COUNT
};

enum { ECS_ERROR_MESSAGE_SIZE = 600 /**< bytes of a message with its NUL; longer ones are cut */ };

/** A refusal: which line of the table, and its text with the placeholders filled. {0} is none. */
struct ecs_error {
    enum ecs_error_code code;
    char message[ECS_ERROR_MESSAGE_SIZE]; /**< UTF-8; empty = the answer has no message */
};

/** Fills error with the table's text, %1 and %2 replaced by first and second (NULL = nothing), cut at a
 *  character boundary. Any earlier content is replaced.
 *  @return always -1, so that `return ecs_error_set(…)` reads well. */
int ecs_error_set(struct ecs_error *error, enum ecs_error_code code, const char *first,
                  const char *second);

/** "ClusterNotFoundException"; "ServerException" for a value outside the table. */
const char *ecs_error_exception(enum ecs_error_code code);
/** 400, 404, 405 or 500. */
int ecs_error_http_status(enum ecs_error_code code);
/** The table's text with its placeholders. */
const char *ecs_error_template(enum ecs_error_code code);

/** The answer's body, {"__type":…,"message":…} (AWS JSON 1.1): a new reference, NULL when memory is out. */
json_t *ecs_error_body(const struct ecs_error *error);

#endif
