#ifndef PRODUCER_LIST_REQUEST_H
#define PRODUCER_LIST_REQUEST_H

/** What the list operations share: maxResults and nextToken, in the request and in the answer. */

#include <jansson.h>

#include "common/domain/ecs_error.h"
#include "common/domain/json_build.h"
#include "common/domain/record.h"
#include "producer/page_token.h"

enum { LIST_RESULTS_MAX = 100 };

/** As parsed. */
struct list_members {
    struct optional_integer max_results;
    const char *next_token; /**< NULL = absent */
};

/** As understood. */
struct list_request {
    size_t max_results;        /**< 1 to LIST_RESULTS_MAX */
    bool has_after;            /**< false = from the first */
    char after[ARN_NAME_SIZE]; /**< the last item given before */
};

/** Reads the members by type. @return 0, or -1 with error */
int list_members_parse(const json_t *object, struct list_members *ret_members,
                       struct ecs_error *error);
/** Checks them against the rest of the request. An empty token counts as absent, as paginators send it.
 *  @return 0, or -1 with error */
int list_request_read(const struct list_members *members, const struct page_scope *scope,
                      struct list_request *ret_request, struct ecs_error *error);
/** Sets nextToken so that the next page begins behind last; NULL = there is no next page. */
void list_request_add_token(struct json_build *build, json_t *body, const struct page_scope *scope,
                            const char *last);

#endif
