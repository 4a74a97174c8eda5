/** The projector on virtual time, over a Redis in memory that loses answers, falls back and is emptied. What must hold: every base in the
 *  view is, byte for byte, the fold of the log to its position, and all of the log arrives. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "common/domain/reduce.h"
#include "tests/unit/worker/fake_loop.h"
#include "tests/unit/worker/fake_view.h"
#include "worker/host/projector_state.h"

#define HOST "host-one"
enum { DAY_MS = 24 * 3600 * 1000, TASKS = 6 };

static struct projector *projector;
static const struct identity identity = {.host = HOST, .cluster = "prod"};
static int64_t committed;
static unsigned told; /* calls of on_base */
static int number;    /* of events */
static size_t room;   /* for what one put writes; 0 = as it is */

static void on_base(void *context, const char *cluster, const char *task)
{
    int64_t pos = -1;
    (void)context;
    told++;
    assert_non_null(projector_base(projector, cluster, task, &pos));
}

static unsigned losses; /* calls of on_view_lost */

static void on_view_lost(void *context)
{
    (void)context;
    losses++;
}

static unsigned changes; /* calls of on_log_changed */

static void on_log_changed(void *context, int64_t seen, int64_t log_end)
{
    (void)context;
    changes++;
    assert_true(seen > log_end);
}

static void start(void)
{
    struct error err = {0};
    struct projector_environment environment = {.clock = fake_clock(),
                                                .identity = &identity,
                                                .retention_ms = DAY_MS,
                                                .on_base = on_base,
                                                .on_view_lost = on_view_lost,
                                                .on_log_changed = on_log_changed};
    projector = projector_new(&environment, &err);
    assert_non_null(projector);
    if (room > 0) {
        projector->put_bytes.max_bytes = room;
    }
    projector_start(projector, committed, fake_log_end());
}

static void stop(void)
{
    /* Its questions are answered first: nobody else waits for them here. */
    fake_loop_run(200);
    projector_free(projector);
    projector = NULL;
}

static int begin(void **state)
{
    (void)state;
    fake_view_reset();
    committed = -1;
    told = changes = 0;
    room = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (projector != NULL) {
        stop();
    }
    fake_view_reset();
    return 0;
}

/* ---- events ---- */

static const char *task_id(int task)
{
    static char id[40];
    snprintf(id, sizeof id, "%032d", task);
    return id;
}

static int64_t append(const char *host, struct event *event, enum event_type type, int task)
{
    struct buffer bytes;
    struct error err = {0};
    char id[32];
    snprintf(id, sizeof id, "event-%d", number++);
    event->type = type;
    event->type_name = event_type_name(type);
    event->version = 1;
    event->id = id;
    event->ts = fake_now_ms();
    event->account = "000000000000";
    event->region = "us-east-1";
    event->cluster = "prod";
    event->task = task < 0 ? NULL : task_id(task);
    event->host = host;
    event->actor = (struct event_actor){.program = "test", .instance = "i", .incarnation = "x"};
    buffer_init(&bytes, EVENT_MAX_BYTES);
    assert_int_equal(event_encode(event, &bytes, &err), 0);
    int64_t offset = fake_log_append(host, buffer_span(&bytes));
    buffer_release(&bytes);
    return offset;
}

enum { MANY = 20 };

static int64_t observed_many(int task, int64_t revision, size_t containers)
{
    struct described_container d[MANY];
    struct event event = {0};
    for (size_t i = 0; i < containers; i++) {
        d[i] = (struct described_container){.name = "main",
                                            .container_id = &"abcdefghijklmnopqrstuvwc"[23 - i],
                                            .started_at = 5,
                                            .stop_signal = "SIGTERM"};
    }
    event.task_observed.revision = revision;
    event.task_observed.description.runtime = "process";
    event.task_observed.description.containers.items = d;
    event.task_observed.description.containers.count = containers;
    return append(HOST, &event, EVENT_TASK_OBSERVED, task);
}

static int64_t observed(int task, int64_t revision)
{
    return observed_many(task, revision, 1);
}

static int64_t requested(int task)
{
    struct event event = {0};
    event.stop_requested.principal = "me";
    event.stop_requested.request_id = "r";
    return append(HOST, &event, EVENT_STOP_REQUESTED, task);
}

static int64_t ended(int task, enum event_type type)
{
    struct run_result result = {.container_id = "c", .started_at = 5, .name = "main"};
    struct event event = {0};
    event.task_ended.results.items = &result;
    event.task_ended.results.count = 1;
    return append(HOST, &event, type, task);
}

static void other_hosts(int count)
{
    for (int i = 0; i < count; i++) {
        fake_log_append("host-two", span_of("not even an event"));
    }
}

/* ---- the property ---- */

static void fold_to(const char *task, int64_t pos, struct buffer *bytes, bool *ret_terminal,
                    int64_t *ret_last)
{
    struct task folded = {0};
    struct error err = {0};
    for (int64_t i = fake_log_first; i <= pos; i++) {
        struct event event = {0};
        bool changed = false;
        if (strcmp(fake_log_key(i), HOST) == 0 &&
            event_decode(fake_log_value(i), &event, &err) == 0 && event.task != NULL &&
            strcmp(event.task, task) == 0) {
            assert_int_equal(reduce(&folded, &event, &changed, &err), 0);
            *ret_last = i;
        }
        event_release(&event);
    }
    *ret_terminal = task_is_terminal(&folded);
    if (folded.id != NULL) {
        assert_int_equal(task_encode(&folded, bytes, &err), 0);
    }
    task_release(&folded);
}

/* complete: the view must hold all that is open. */
static void check_view(bool complete)
{
    for (int t = 0; t < TASKS; t++) {
        const struct fake_base *base = fake_view_find(task_id(t));
        struct buffer bytes;
        bool terminal = false;
        int64_t last = -1;
        buffer_init(&bytes, EVENT_MAX_BYTES);
        fold_to(task_id(t), base != NULL ? base->pos : fake_log_end() - 1, &bytes, &terminal,
                &last);
        if (base != NULL) {
            assert_int_equal(base->pos, last);
            assert_int_equal(base->length, bytes.length);
            assert_memory_equal(base->bytes, bytes.data, bytes.length);
        }
        if (complete && last >= 0) {
            buffer_clear(&bytes);
            fold_to(task_id(t), fake_log_end() - 1, &bytes, &terminal, &last);
            assert_true(terminal || base != NULL);
            assert_true(base == NULL || base->pos == last);
        }
        buffer_release(&bytes);
    }
    if (complete) {
        assert_int_equal(fake_redis.seen, fake_log_end());
        assert_int_equal(projector_position(projector), fake_log_end());
        assert_true(projector_ready(projector));
    }
}

static void settle(void)
{
    fake_loop_run(20000);
    check_view(true);
}

/* ---- tests ---- */

static void test_an_empty_log(void **state)
{
    (void)state;
    start();
    assert_int_equal(projector_position(projector), -1);
    assert_false(projector_ready(projector));
    settle();
}

static void test_what_is_there_and_what_comes(void **state)
{
    (void)state;
    other_hosts(3);
    observed(0, 1);
    other_hosts(20);
    observed(1, 1);
    requested(0);
    start();
    settle();
    assert_true(told >= 2);
    assert_int_equal(fake_redis.count, 2);
    ended(0, EVENT_TASK_STOPPED);
    other_hosts(5);
    settle();
    assert_true(fake_view_find(task_id(0))->terminal);
    assert_int_equal(fake_view_find(task_id(0))->expire_unix_ms / 100000,
                     (fake_now_ms() + DAY_MS) / 100000);
}

static void test_unreadable_and_foreign_records(void **state)
{
    (void)state;
    struct event event = {0};
    start();
    observed(0, 1);
    fake_log_append(HOST, span_of("garbage"));
    event.worker_started.journal_found = true;
    append(HOST, &event, EVENT_WORKER_STARTED, -1);
    requested(0);
    settle();
    assert_string_equal(task_desired_status(&(struct task){.request_event_id = "x"}), "STOPPED");
    assert_int_equal(fake_view_find(task_id(0))->pos, 3);
}

/* `seen` does not move past a fact of the host that the view does not have. */
static void test_facts_of_the_host_come_first(void **state)
{
    (void)state;
    struct event event = {0};
    start();
    settle();
    int64_t before = fake_redis.seen;
    fake_redis_fact_fails = true;
    event.worker_started.journal_found = true;
    append(HOST, &event, EVENT_WORKER_STARTED, -1);
    observed(0, 1);
    fake_loop_run(2000);
    assert_int_equal(fake_redis.facts, 0);
    assert_int_equal(fake_redis.seen, before);
    assert_null(fake_view_find(task_id(0)));
    fake_redis_fact_fails = false;
    settle();
    assert_int_equal(fake_redis.facts, 1);
    assert_int_equal(fake_redis.seen, 2);
    assert_non_null(fake_view_find(task_id(0)));
}

static void test_a_restart_goes_on_at_seen(void **state)
{
    (void)state;
    observed(0, 1);
    observed(1, 1);
    start();
    settle();
    stop();
    committed = fake_log_end();
    requested(0);
    unsigned puts = fake_redis_puts;
    start();
    settle();
    assert_true(fake_redis_puts - puts <= 2);
    int64_t pos = 0;
    assert_non_null(projector_base(projector, "prod", task_id(1), &pos));
    assert_int_equal(pos, 1);
}

static void test_a_lost_answer(void **state)
{
    (void)state;
    start();
    settle();
    fake_redis_lose_answer = true;
    observed(0, 1);
    settle();
    requested(0);
    fake_redis_lose_answer = true;
    ended(0, EVENT_TASK_STOPPED);
    settle();
}

static void test_redis_is_away_for_long(void **state)
{
    (void)state;
    fake_redis_away = true;
    start();
    observed(0, 1);
    fake_loop_run(10000);
    assert_int_equal(projector_position(projector), -1);
    fake_redis_away = false;
    settle();
    fake_redis_away = true;
    for (int64_t i = 2; i < 300; i++) {
        observed(0, i);
    }
    fake_loop_run(10000);
    assert_int_equal(fake_view_find(task_id(0))->pos, 0);
    fake_redis_away = false;
    settle();
}

static void test_redis_is_emptied(void **state)
{
    (void)state;
    start();
    observed(0, 1);
    observed(1, 1);
    requested(1);
    ended(1, EVENT_TASK_STOPPED);
    other_hosts(3);
    settle();
    memset(&fake_redis, 0, sizeof fake_redis);
    fake_redis.seen = -1;
    projector_on_view_back(projector);
    settle();
    assert_int_equal(fake_redis.count, 2);
    /* Nobody says that it is back: the next put finds out. */
    memset(&fake_redis, 0, sizeof fake_redis);
    fake_redis.seen = -1;
    requested(0);
    settle();
    assert_int_equal(fake_redis.count, 2);
}

static void test_redis_falls_back(void **state)
{
    (void)state;
    start();
    observed(0, 1);
    settle();
    struct fake_redis older = fake_redis;
    observed(1, 1);
    requested(0);
    ended(0, EVENT_TASK_STOPPED);
    settle();
    fake_redis = older;
    observed(2, 1);
    settle();
    assert_int_equal(fake_redis.count, 3);
    /* Every minute it is compared, too. */
    fake_redis = older;
    losses = 0;
    fake_loop_run(70 * 1000);
    assert_int_equal(losses, 1);
    check_view(true);
    assert_int_equal(fake_redis.count, 3);
}

static void test_a_base_is_lost(void **state)
{
    (void)state;
    observed(0, 1);
    observed(1, 1);
    start();
    settle();
    stop();
    committed = fake_log_end();
    fake_redis.bases[0] = fake_redis.bases[--fake_redis.count];
    requested(0);
    start();
    settle();
    assert_int_equal(fake_redis.count, 2);
}

static void test_retention(void **state)
{
    (void)state;
    start();
    observed(0, 1);
    ended(0, EVENT_TASK_GONE);
    settle();
    assert_non_null(fake_view_find(task_id(0)));
    fake_loop_run(DAY_MS);
    assert_null(fake_view_find(task_id(0)));
    /* It does not come back: not by a late record, not by folding it all again. */
    requested(0);
    settle();
    assert_null(fake_view_find(task_id(0)));
    memset(&fake_redis, 0, sizeof fake_redis);
    fake_redis.seen = -1;
    projector_on_view_back(projector);
    settle();
    requested(0);
    observed(1, 1);
    settle();
    assert_null(fake_view_find(task_id(0)));
    int64_t pos = 0;
    const struct task *base = projector_base(projector, "prod", task_id(0), &pos);
    assert_non_null(base);
    assert_true(task_is_terminal(base));
    assert_int_equal(projector_knows(projector, "prod", task_id(0)), PROJECTOR_KNOWN);
}

/* The worker was away for longer than the retention: the open base leaves the view. */
static void test_an_old_end_leaves_the_view(void **state)
{
    (void)state;
    observed(0, 1);
    start();
    settle();
    stop();
    ended(0, EVENT_TASK_STOPPED);
    fake_loop_run(DAY_MS + 1);
    assert_non_null(fake_view_find(task_id(0)));
    start();
    settle();
    assert_int_equal(fake_redis.count, 0);
}

static void test_asking_for_a_base(void **state)
{
    (void)state;
    int64_t pos = 0;
    observed(0, 1);
    ended(0, EVENT_TASK_GONE);
    start();
    settle();
    stop();
    committed = fake_log_end();
    start();
    settle();
    told = 0;
    assert_null(projector_base(projector, "prod", task_id(0), &pos));
    assert_int_equal(projector_knows(projector, "prod", task_id(1)), PROJECTOR_UNKNOWN);
    fake_loop_run(10);
    assert_int_equal(told, 1);
    assert_non_null(projector_base(projector, "prod", task_id(0), &pos));
    assert_int_equal(pos, 1);
    assert_int_equal(projector_knows(projector, "prod", task_id(1)), PROJECTOR_ABSENT);
    unsigned gets = fake_redis_gets;
    assert_null(projector_base(projector, "prod", task_id(1), &pos));
    assert_int_equal(fake_redis_gets, gets);
}

/* A request for a task that ended long ago: who waits for the base to be folded up to it is told. */
static void test_a_record_of_what_has_ended(void **state)
{
    (void)state;
    int64_t pos = 0;
    observed(0, 1);
    ended(0, EVENT_TASK_STOPPED);
    start();
    settle();
    requested(0);
    settle();
    fake_loop_run(2 * PROJECTOR_LINGER_MS);
    assert_int_equal(base_table_find(&projector->table, "prod", task_id(0))->state, BASE_ENDED);
    told = 0;
    int64_t offset = requested(0);
    fake_loop_run(1000);
    assert_int_equal(told, 1);
    assert_non_null(projector_base(projector, "prod", task_id(0), &pos));
    assert_int_equal(pos, offset);
    assert_int_equal(projector_position(projector), fake_log_end());
}

/* ---- the room for one put ---- */

enum { ROOM_BYTES = 1000 }; /* for some bases */

static void observe_all(void)
{
    for (int round = 1; round <= 3; round++) {
        for (int task = 0; task < TASKS; task++) {
            observed(task, round);
        }
    }
}

static void test_a_batch_that_needs_several_puts(void **state)
{
    (void)state;
    room = ROOM_BYTES;
    fake_log_burst = 100;
    observe_all();
    other_hosts(3);
    start();
    settle();
    assert_true(fake_redis_puts > 1);
    assert_int_equal(fake_redis.count, TASKS);
    assert_int_equal(projector->unwritable, 0);
}

/* Redis falls back, before what it was given last, while the rest of the batch is still to be put. */
static void test_redis_falls_back_within_a_batch(void **state)
{
    static struct fake_redis kept;
    (void)state;
    room = ROOM_BYTES;
    fake_log_burst = 100;
    start();
    settle();
    kept = fake_redis;
    observe_all();
    while (fake_redis.count == 0) {
        assert_true(fake_loop_step(1000));
    }
    assert_true(fake_redis.count < TASKS);
    fake_redis = kept;
    settle();
    assert_int_equal(fake_redis.count, TASKS);
}

static void test_a_worker_ends_within_a_batch(void **state)
{
    (void)state;
    room = ROOM_BYTES;
    fake_log_burst = 100;
    start();
    settle();
    observe_all();
    while (fake_redis.count == 0) {
        assert_true(fake_loop_step(1000));
    }
    fake_redis_away = true;
    stop();
    fake_redis_away = false;
    assert_true(fake_redis.count < TASKS);
    committed = fake_log_end();
    start();
    settle();
    assert_int_equal(fake_redis.count, TASKS);
}

static void test_a_base_that_cannot_be_written(void **state)
{
    (void)state;
    room = ROOM_BYTES;
    start();
    observed(0, 1);
    settle();
    observed(1, 1);
    observed_many(0, 2, MANY);
    observed(2, 1);
    fake_loop_run(20000);
    assert_int_equal(projector->unwritable, 1);
    assert_int_equal(fake_view_find(task_id(0))->pos, 0);
    assert_non_null(fake_view_find(task_id(1)));
    assert_non_null(fake_view_find(task_id(2)));
    assert_int_equal(fake_redis.seen, fake_log_end());
    assert_int_equal(projector_position(projector), fake_log_end());
    observed_many(0, 3, MANY);
    fake_loop_run(20000);
    assert_int_equal(projector->unwritable, 1);
    observed(0, 4);
    settle(); /* and it is in the view again, with all its records */
}

static void test_out_of_range(void **state)
{
    (void)state;
    observed(0, 1);
    start();
    settle();
    stop();
    for (int i = 0; i < 5; i++) {
        observed(0, 2 + i);
    }
    committed = 1;
    fake_log_first = 3;
    start();
    fake_loop_run(20000);
    assert_int_equal(projector_position(projector), fake_log_end());
}

static void count_open(void *context, const struct task *base)
{
    int *count = context;
    assert_false(task_is_terminal(base));
    (*count)++;
}

static void test_open_tasks(void **state)
{
    (void)state;
    int count = 0;
    start();
    observed(0, 1);
    observed(1, 1);
    ended(1, EVENT_TASK_GONE);
    settle();
    projector_each_open(projector, count_open, &count);
    assert_int_equal(count, 1);
}

/* Thousands of records wait: reading pauses, and goes on. */
static void test_many_records(void **state)
{
    (void)state;
    for (int i = 0; i < 4000; i++) {
        observed(i % TASKS, 1 + i / TASKS);
    }
    fake_log_burst = 1000;
    start();
    settle();
    assert_true(fake_redis_puts <= 45);
}

/* ---- random histories ---- */

static void random_event(void)
{
    int task = rand() % TASKS;
    switch (rand() % 6) {
    case 0:
    case 1:
        observed(task, 1 + rand() % 4);
        break;
    case 2:
        requested(task);
        break;
    case 3:
        other_hosts(1 + rand() % 3);
        break;
    case 4:
        if (rand() % 4 == 0) {
            ended(task, rand() % 2 ? EVENT_TASK_GONE : EVENT_TASK_STOPPED);
        }
        break;
    default:
        fake_loop_run(rand() % 40);
        break;
    }
}

static void random_fault(struct fake_redis *kept)
{
    switch (rand() % 7) {
    case 0:
        *kept = fake_redis;
        break;
    case 1:
        fake_redis = *kept;
        break;
    case 2:
        fake_redis_lose_answer = true;
        break;
    case 3:
        fake_redis_away = !fake_redis_away;
        break;
    case 4:
        memset(&fake_redis, 0, sizeof fake_redis);
        fake_redis.seen = -1;
        break;
    case 5:
        fake_redis_away = false;
        stop();
        /* What is committed is folded and put, as far as the worker knew. */
        committed = rand() % 2 ? committed : (fake_redis.seen < 0 ? committed : fake_redis.seen);
        start();
        break;
    default:
        projector_on_view_back(projector);
        break;
    }
}

static void test_random_histories(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        static struct fake_redis kept;
        srand(seed);
        begin(NULL);
        kept = fake_redis;
        room = seed % 2 == 0 ? ROOM_BYTES : 0;
        observed(0, 1);
        start();
        for (int i = 0; i < 60; i++) {
            random_event();
            if (rand() % 6 == 0) {
                random_fault(&kept);
            }
            if (i % 6 == 0) {
                check_view(false);
            }
        }
        fake_redis_away = fake_redis_lose_answer = false;
        projector_on_view_back(projector);
        fake_loop_run(20000);
        check_view(true);
        stop();
    }
}

static void test_the_log_was_begun_anew(void **state)
{
    (void)state;
    observed(0, 1);
    fake_redis.seen = 500;
    start();
    fake_loop_run(5000);
    assert_int_equal(changes, 1);
    assert_int_equal(fake_redis_puts, 0);
    assert_int_equal(fake_redis.seen, 500);
}

/* At a position that no record will ever reach, so that no put would be taken. */
static void test_a_base_that_cannot_be_read(void **state)
{
    struct fake_base *base = &fake_redis.bases[0];
    (void)state;
    observed(0, 1);
    observed(1, 1);
    start();
    fake_loop_run(5000);
    stop();
    base->pos = 999999;
    base->bytes[0] = '\xc1';
    start();
    fake_loop_run(5000);
    check_view(true);
    assert_int_not_equal(base->pos, 999999);
}

/* A base becomes garbage, twice, while the host's partition never rests: each time it is found and made anew. */
static void test_garbage_under_steady_traffic(void **state)
{
    (void)state;
    fake_log_end_after_ms = 500;
    observed(0, 1);
    observed(1, 1);
    start();
    settle();
    for (int64_t revision = 2, round = 0; round < 2; round++) {
        fake_redis.bases[0].pos = 0;
        fake_redis.bases[0].length = 0;
        for (int tick = 0; tick < 120; tick++) {
            observed(1, revision++);
            fake_loop_run(200);
        }
        assert_true(fake_view_find(task_id(0))->length > 0);
    }
    settle();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_log),
        TEST(test_what_is_there_and_what_comes),
        TEST(test_unreadable_and_foreign_records),
        TEST(test_facts_of_the_host_come_first),
        TEST(test_a_restart_goes_on_at_seen),
        TEST(test_a_lost_answer),
        TEST(test_redis_is_away_for_long),
        TEST(test_redis_is_emptied),
        TEST(test_redis_falls_back),
        TEST(test_a_base_is_lost),
        TEST(test_retention),
        TEST(test_an_old_end_leaves_the_view),
        TEST(test_asking_for_a_base),
        TEST(test_a_record_of_what_has_ended),
        TEST(test_a_batch_that_needs_several_puts),
        TEST(test_redis_falls_back_within_a_batch),
        TEST(test_a_worker_ends_within_a_batch),
        TEST(test_a_base_that_cannot_be_written),
        TEST(test_out_of_range),
        TEST(test_the_log_was_begun_anew),
        TEST(test_a_base_that_cannot_be_read),
        TEST(test_garbage_under_steady_traffic),
        TEST(test_open_tasks),
        TEST(test_many_records),
        TEST(test_random_histories),
    };
    log_init("test", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
