#ifndef TESTS_UNIT_WORKER_PROJECTION_H
#define TESTS_UNIT_WORKER_PROJECTION_H

/** The projector on virtual time, over a Redis in memory that loses answers, falls back and is emptied. What must hold: every
 *  base in the view is, byte for byte, the fold of the log to its position, and all of the log arrives. Include after cmocka.h. */

#include "tests/unit/worker/fake_loop.h"
#include "tests/unit/worker/fake_view.h"
#include "worker/host/projector_state.h"

#define HOST "host-one"
enum {
    DAY_MS = 24 * 3600 * 1000, /**< the retention */
    TASKS = 6,
    MANY = 20,        /**< containers of one task, at most */
    ROOM_BYTES = 1000 /**< for one put: some bases */
};

struct projection {
    struct projector *projector;
    int64_t committed;        /**< the offset that the next start begins with */
    size_t put_bytes;         /**< for what one put writes; 0: as it is */
    unsigned told;            /**< calls of on_base */
    unsigned losses, changes; /**< of on_view_lost, of on_log_changed */
};

extern struct projection projection;

/** For cmocka. */
int projection_begin(void **state);
int projection_end(void **state);
/** A worker's projector starts, with what is in the log. */
void projection_start(void);
void projection_stop(void);
/** The property; complete: the view must hold all that is open. */
void projection_check(bool complete);
/** Runs until nothing happens any more, and checks that the view is complete. */
void projection_settle(void);

/** Valid until the next. */
const char *task_id(int task);
/** Each writes one event into the log. @return its offset */
int64_t append_event(const char *host, struct event *event, enum event_type type, int task);
int64_t append_observed_many(int task, int64_t revision, size_t containers);
int64_t append_observed(int task, int64_t revision);
int64_t append_requested(int task);
int64_t append_ended(int task, enum event_type type);
/** So many records that are not this host's. */
void append_of_other_hosts(int count);

#define TEST(name) cmocka_unit_test_setup_teardown(name, projection_begin, projection_end)

#endif
