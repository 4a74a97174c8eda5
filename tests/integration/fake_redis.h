#ifndef TESTS_INTEGRATION_FAKE_REDIS_H
#define TESTS_INTEGRATION_FAKE_REDIS_H

/** A peer on a unix socket of the same loop that answers INFO with a given text and everything else
 *  with given bytes: what no real Redis can be brought to say. One client at a time. */

#include "common/io/loop.h"

struct fake_redis;

/** info and answer are borrowed. A failure is cmocka's. */
struct fake_redis *fake_redis_new(struct loop *loop, const char *info, const char *answer);
void fake_redis_free(struct fake_redis *fake);
/** "unix:/…" */
const char *fake_redis_address(const struct fake_redis *fake);

#endif
