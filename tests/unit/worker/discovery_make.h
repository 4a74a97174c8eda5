#ifndef TESTS_UNIT_WORKER_DISCOVERY_MAKE_H
#define TESTS_UNIT_WORKER_DISCOVERY_MAKE_H

/** What runs, what the log says, and what discovery makes of both: run() each container, look(), read_back() what was found.
 *  Include after cmocka.h. */

#include <stdio.h>
#include <stdlib.h>

#include "common/domain/reduce.h"
#include "tests/unit/worker/container_make.h"
#include "worker/host/flights.h"
#include "worker/host/observation.h"

enum { ROOM = 48 };
#define TASK "io.stopfleet.task=t"

static struct made_container rooms[ROOM];
static struct runtime_container containers[ROOM];
static size_t count;
static struct task bases[ROOM], owns[ROOM];
static struct open_task open[ROOM];
static size_t open_count;
static struct flights flights;
static struct arena arena;
static struct left_alone left;
static struct observation seen;
static bool ids_are_new;
static char over_id[37];                  /* has ended, and runs */
static struct optional_integer told_code; /* what events say of every exit */

static inline int begin(void **state)
{
    (void)state;
    memset(rooms, 0, sizeof rooms);
    count = open_count = 0;
    ids_are_new = true;
    over_id[0] = '\0';
    told_code = (struct optional_integer){0};
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROOM; i++) {
        task_release(&bases[i]);
        task_release(&owns[i]);
    }
    flights_release(&flights);
    left_alone_release(&left);
    arena_release(&arena);
    return 0;
}

static inline struct runtime_container *run(const char *id, int64_t started_at)
{
    containers[count] = make_container(&rooms[count], id, id, started_at, LABELS(TASK));
    return &containers[count++];
}

static inline void fold(struct task *task, struct event *event, enum event_type type,
                        const char *id)
{
    struct error err = {0};
    bool changed = false;
    static int number;
    char text[32];
    snprintf(text, sizeof text, "e%d", number++);
    event->type = type;
    event->type_name = event_type_name(type);
    event->version = 1;
    event->id = text;
    event->ts = 1000 + number;
    event->account = "000000000000";
    event->region = "us-east-1";
    event->cluster = "prod";
    event->task = id;
    event->host = "host";
    assert_int_equal(reduce(task, event, &changed, &err), 0);
}

static inline enum observation_id know_id(void *context, const char *cluster, const char *task,
                                          bool given)
{
    (void)context;
    (void)given;
    assert_string_equal(cluster, "prod");
    assert_int_equal(strlen(task), 32);
    if (strcmp(task, over_id) == 0) {
        return OBSERVATION_ID_OVER;
    }
    return ids_are_new ? OBSERVATION_ID_NEW : OBSERVATION_ID_TAKEN;
}

static inline struct optional_integer tell_code(void *context, struct run run)
{
    (void)context;
    (void)run;
    return told_code;
}

static inline int compare_ids(const void *a, const void *b)
{
    const struct runtime_container *const *x = a;
    const struct runtime_container *const *y = b;
    return strcmp((*x)->described.container_id, (*y)->described.container_id);
}

/* One round of discovery, if there is memory for it. */
static inline int try_to_look(struct error *err)
{
    static struct grouping grouping;
    static struct grouping_options options = {.cluster = "prod",
                                              .account = "000000000000",
                                              .region = "us-east-1",
                                              .now_unix_ms = 1000000};
    const struct runtime_container *sorted[ROOM] = {0};
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &containers[i];
    }
    qsort(sorted, count, sizeof sorted[0], compare_ids);
    arena_release(&arena);
    for (size_t i = 0; i < open_count; i++) {
        open[i].base = &bases[i];
        open[i].own = owns[i].id == NULL ? NULL : &owns[i];
    }
    if (grouping_make(containers, count, &options, &arena, &grouping, err) != 0 ||
        left_alone_take(&left, &grouping, err) != 0) {
        return -1;
    }
    struct observation_input input = {.containers = sorted,
                                      .container_count = count,
                                      .grouping = &grouping,
                                      .options = &options,
                                      .left = &left,
                                      .open = open,
                                      .open_count = open_count,
                                      .flights = (const struct flight *const *)flights.items,
                                      .flight_count = flights.count,
                                      .host = "host",
                                      .cluster = "prod",
                                      .runtime = "docker",
                                      .know_id = know_id,
                                      .told_code = tell_code};
    return observation_make(&input, &arena, &seen, err);
}

static inline void look(void)
{
    struct error err = {0};
    assert_int_equal(try_to_look(&err), 0);
}

static inline const struct finding *found(size_t number)
{
    assert_true(number < seen.findings.count);
    return &seen.findings.items[number];
}

/* The finding becomes a base, as if it was read back. */
static inline void read_back(size_t number, size_t base)
{
    struct event event = {0};
    const struct finding *finding = found(number);
    event.task_observed.revision = finding->revision;
    event.task_observed.description = finding->description;
    fold(&bases[base], &event, EVENT_TASK_OBSERVED, finding->id);
    open_count = base < open_count ? open_count : base + 1;
}

static inline void ask_to_stop(size_t base)
{
    struct event event = {0};
    fold(&bases[base], &event, EVENT_STOP_REQUESTED, bases[base].id);
    open[base].concerned = true;
}

static inline void accept_stop(size_t base, const char *container_id, int64_t started_at)
{
    struct planned_run planned = {
        .container_id = container_id, .started_at = started_at, .name = "x", .signal = "SIGTERM"};
    const char *requests[] = {"r"};
    struct event event = {0};
    event.stop_accepted.plan.items = &planned;
    event.stop_accepted.plan.count = 1;
    event.stop_accepted.requests = (struct text_list){.items = requests, .count = 1};
    fold(&owns[base], &event, EVENT_STOP_ACCEPTED, bases[base].id);
}

static inline void observe_one(void)
{
    run("a", 10);
    look();
    read_back(0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
