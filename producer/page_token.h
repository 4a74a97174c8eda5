#ifndef PRODUCER_PAGE_TOKEN_H
#define PRODUCER_PAGE_TOKEN_H

/** nextToken of the list operations: opaque to clients, holds the last item given and a hash of the request,
 *  so that a token of another request is refused instead of skipping what was never listed. Pure. */

#include <stddef.h>

#include "common/domain/arn.h"

enum {
    PAGE_TOKEN_HASH_BYTES = 12,
    PAGE_TOKEN_SIZE = 4 * ((PAGE_TOKEN_HASH_BYTES + ARN_NAME_SIZE + 2) / 3) + 1 /**< with NUL */
};

/** A request as text: what a token must agree with. */
struct page_scope {
    const char *const *parts; /**< NULL parts count as absent, which differs from "" */
    size_t count;
};

/** Writes the token that continues behind `last` (shorter than ARN_NAME_SIZE). */
void page_token_write(const struct page_scope *scope, const char *last,
                      char ret_token[PAGE_TOKEN_SIZE]);
/** Reads a token. @return 0, or -1 if it is not one of ours for this request */
int page_token_read(const char *token, const struct page_scope *scope,
                    char ret_last[ARN_NAME_SIZE]);

#endif
