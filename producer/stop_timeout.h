#ifndef PRODUCER_STOP_TIMEOUT_H
#define PRODUCER_STOP_TIMEOUT_H

/** The grace that one call asks for, which ECS has no member for: in the endpoint's path or in a signed header.
 *  Pure. */

#include "common/base/buffer.h"
#include "common/domain/ecs_error.h"
#include "common/domain/record.h"

enum { STOP_TIMEOUT_MAX_SECONDS = 604800 /**< a week */ };

#define STOP_TIMEOUT_HEADER "X-Stopfleet-Stop-Timeout"

/** Reads whole seconds, 0 (SIGKILL now) to STOP_TIMEOUT_MAX_SECONDS, in digits alone.
 *  @return 0 with *ret_ms in milliseconds, or -1 with error: STOP_TIMEOUT_RANGE (which shows text) */
int stop_timeout_parse(struct span digits, const char *text, struct optional_integer *ret_ms,
                       struct ecs_error *error);

/** Adds what the header STOP_TIMEOUT_HEADER asks for to what the path did. value and authorization (the header
 *  Authorization) are NULL if absent. SignedHeaders of the authorization has to name the header, so that nobody on
 *  the way can add it (AWS Signature Version 4, "Authorization header").
 *  @param ms in: of the path; out: of either
 *  @return 0, or -1 with error: STOP_TIMEOUT_RANGE, STOP_TIMEOUT_UNSIGNED, STOP_TIMEOUT_TWICE (the two differ) */
int stop_timeout_add_header(const char *value, const char *authorization,
                            struct optional_integer *ms, struct ecs_error *error);

#endif
