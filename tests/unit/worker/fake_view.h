#ifndef TESTS_UNIT_WORKER_FAKE_VIEW_H
#define TESTS_UNIT_WORKER_FAKE_VIEW_H

/** A Redis in memory with the rules of put.lua, load.lua, get.lua, seen.lua and verify.lua, one host; and a log of one partition. Both answer on the fake
 *  loop, in order. Defines redis_view_* and kafka_reader_* for the projector. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"

enum { FAKE_TASKS = 32, FAKE_BASE_BYTES = 4096, FAKE_LOG = 4096 };

struct fake_base {
    char task[40];
    int64_t pos, reducer, expire_unix_ms;
    bool terminal;
    size_t length;
    char bytes[FAKE_BASE_BYTES];
};

/** All that Redis holds: copied to fall back to. */
struct fake_redis {
    int64_t seen;
    struct fake_base bases[FAKE_TASKS];
    size_t count;
    unsigned facts; /**< of the host, applied */
};

extern struct fake_redis fake_redis;
extern bool fake_redis_away;
/** The next put is done, but its answer is lost. */
extern bool fake_redis_lose_answer;
/** Facts of the host are not taken. */
extern bool fake_redis_fact_fails;
extern unsigned fake_redis_puts, fake_redis_gets;

/** Empty Redis, empty log. */
void fake_view_reset(void);
/** NULL = not there. */
const struct fake_base *fake_view_find(const char *task);
/** Appends a record; @return its offset */
int64_t fake_log_append(const char *key, struct span value);
int64_t fake_log_end(void);
struct span fake_log_value(int64_t offset);
const char *fake_log_key(int64_t offset);
/** The first offset that the log still holds. */
extern int64_t fake_log_first;
/** How long after its last record the log's end is told, if no other came. */
extern int64_t fake_log_end_after_ms;
/** Records that are delivered at once. */
extern int fake_log_burst;

#endif
