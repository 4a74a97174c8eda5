#ifndef TESTS_INTEGRATION_REDIS_FIXTURE_H
#define TESTS_INTEGRATION_REDIS_FIXTURE_H

/** A view on the real Redis of servers.py, emptied before each test. Every call below waits for its
 *  callback and returns what that was given, as one line of text; the wrong number of callbacks is a
 *  failure. Errors read "error: CODE". */

#include <stdint.h>

#include <hiredis/hiredis.h>

#include "common/io/redis_view.h"

enum { REDIS_FIXTURE_TIMEOUT_MS = 1000 };

struct redis_fixture {
    struct loop *loop;
    struct redis_view *view;
    int away, back;          /**< how often each was told */
    char detail[256];        /**< of the last */
    char text[8192];         /**< the last answer */
    char error_message[400]; /**< of the last answer, if it was an error */
    int answers, expected;   /**< the loop stops when so many came */
};

/** cmocka's set-up and tear-down. */
int redis_fixture_set_up(void **state);
int redis_fixture_tear_down(void **state);

/** One command to Redis beside the view; "(nil)" for nothing, numbers in decimal, lists with blanks
 *  between. Valid until the next. */
const char *redis_fixture_raw(const char *format, ...);
/** Runs the loop until `expected` answers came. */
void redis_fixture_wait(struct redis_fixture *f, int expected);
/** Runs the loop until AWAY or BACK was told so often. */
void redis_fixture_wait_away(struct redis_fixture *f, int count);
void redis_fixture_wait_back(struct redis_fixture *f, int count);

/** "seen=N CLUSTER/TASK@POS/REDUCER=BYTES ..." in the order of ids. */
const char *redis_fixture_load(struct redis_fixture *f, const char *host);
const char *redis_fixture_get(struct redis_fixture *f, const char *host, const char *cluster,
                              const char *task);
/** "ok seen=N" or "differs seen=N". */
const char *redis_fixture_put(struct redis_fixture *f, const char *host, int64_t known, int64_t new,
                              const struct redis_put *puts, size_t count);
/** A base of cluster c, to be put. */
struct redis_put redis_fixture_base(const char *task, int64_t pos, int64_t reducer,
                                    const char *bytes);
/** Puts one running base "B<pos>" of host h1, cluster c, seen ignored. */
void redis_fixture_put_running(struct redis_fixture *f, const char *task, int64_t pos);
/** "complete=B known=B [ID host=H pos=N base=B live=L record=R beat=B@MS pending=N:E,..] [ID absent]". */
const char *redis_fixture_read(struct redis_fixture *f, const char *cluster, const char *first,
                               const char *second);
const char *redis_fixture_pend(struct redis_fixture *f, const char *cluster, const char *task,
                               int64_t offset, enum redis_pend_kind kind, const char *event);
/** "complete=B known=B more=B ID ID ...". */
const char *redis_fixture_list(struct redis_fixture *f, const char *cluster, bool stopped,
                               const char *after, size_t limit);
const char *redis_fixture_list_of(struct redis_fixture *f, const struct redis_task_list *list,
                                  const char *after, size_t limit);
const char *redis_fixture_list_clusters(struct redis_fixture *f, const char *after, size_t limit);

/** One beat of host h1. */
void redis_fixture_beat(struct redis_fixture *f, const char *holder, int64_t now_unix_ms);
/** A rebuild's end. */
void redis_fixture_complete(struct redis_fixture *f, const char *token, const char *run_id);

/* Callbacks that note their answer, for calls made by the test itself. context is the fixture. */
void redis_fixture_on_seen(void *context, const struct error *error, int64_t seen);
/** "wrong=KEY". */
void redis_fixture_on_verify(void *context, const struct error *error, int64_t seen,
                             struct span wrong);
void redis_fixture_on_done(void *context, const struct error *error);
void redis_fixture_on_heartbeat(void *context, const struct error *error, const char *other);
void redis_fixture_on_put(void *context, const struct error *error, enum redis_put_outcome outcome,
                          int64_t seen);
void redis_fixture_on_read(void *context, const struct error *error, const struct redis_read *read);
void redis_fixture_on_clusters(void *context, const struct error *error, bool complete,
                               const struct redis_cluster *clusters, size_t count);
void redis_fixture_on_run(void *context, const struct error *error, const char *run_id);

#endif
