/** What discovery makes of what runs, beside what the log says: grouping and observation together, flights, results. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/reduce.h"
#include "tests/unit/worker/container_make.h"
#include "worker/host/exit_result.h"
#include "worker/host/flights.h"
#include "worker/host/observation.h"
#include "worker/host/run_claims.h"
#include "worker/host/text_set.h"

enum { ROOM = 8 };
#define TASK "io.stopfleet.task=t"

static struct made_container rooms[ROOM];
static struct runtime_container containers[ROOM];
static size_t count;
static struct task bases[ROOM], owns[ROOM];
static struct open_task open[ROOM];
static size_t open_count;
static struct flights flights;
static struct arena arena;
static struct observation seen;
static bool ids_are_new;

static int begin(void **state)
{
    (void)state;
    memset(rooms, 0, sizeof rooms);
    count = open_count = 0;
    ids_are_new = true;
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROOM; i++) {
        task_release(&bases[i]);
        task_release(&owns[i]);
    }
    flights_release(&flights);
    arena_release(&arena);
    return 0;
}

static struct runtime_container *run(const char *id, int64_t started_at)
{
    containers[count] = make_container(&rooms[count], id, id, started_at, LABELS(TASK));
    return &containers[count++];
}

static void fold(struct task *task, struct event *event, enum event_type type, const char *id)
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

static enum observation_id know_id(void *context, const char *cluster, const char *task)
{
    (void)context;
    assert_string_equal(cluster, "prod");
    assert_int_equal(strlen(task), 32);
    return ids_are_new ? OBSERVATION_ID_NEW : OBSERVATION_ID_TAKEN;
}

static int compare_ids(const void *a, const void *b)
{
    const struct runtime_container *const *x = a;
    const struct runtime_container *const *y = b;
    return strcmp((*x)->described.container_id, (*y)->described.container_id);
}

/* One round of discovery. */
static void look(void)
{
    struct error err = {0};
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
    assert_int_equal(grouping_make(containers, count, &options, &arena, &grouping, &err), 0);
    struct observation_input input = {.containers = sorted,
                                      .container_count = count,
                                      .grouping = &grouping,
                                      .options = &options,
                                      .open = open,
                                      .open_count = open_count,
                                      .flights = (const struct flight *const *)flights.items,
                                      .flight_count = flights.count,
                                      .host = "host",
                                      .cluster = "prod",
                                      .runtime = "docker",
                                      .know_id = know_id};
    assert_int_equal(observation_make(&input, &arena, &seen, &err), 0);
}

static const struct finding *found(size_t number)
{
    assert_true(number < seen.findings.count);
    return &seen.findings.items[number];
}

/* The finding becomes a base, as if it was read back. */
static void read_back(size_t number, size_t base)
{
    struct event event = {0};
    const struct finding *finding = found(number);
    event.task_observed.revision = finding->revision;
    event.task_observed.description = finding->description;
    fold(&bases[base], &event, EVENT_TASK_OBSERVED, finding->id);
    open_count = base < open_count ? open_count : base + 1;
}

static void ask_to_stop(size_t base)
{
    struct event event = {0};
    fold(&bases[base], &event, EVENT_STOP_REQUESTED, bases[base].id);
    open[base].concerned = true;
}

static void accept_stop(size_t base, const char *container_id, int64_t started_at)
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

static void observe_one(void)
{
    run("a", 10);
    look();
    read_back(0, 0);
}

/* ---- tests ---- */

static void test_a_new_task(void **state)
{
    (void)state;
    run("b", 20);
    run("a", 10);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    assert_null(found(0)->base);
    assert_int_equal(found(0)->revision, 1);
    assert_int_equal(found(0)->description.containers.count, 2);
    read_back(0, 0);
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void test_no_id_is_used_twice(void **state)
{
    (void)state;
    run("a", 10);
    ids_are_new = false;
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void test_a_container_is_added(void **state)
{
    (void)state;
    observe_one();
    run("b", 20);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_ptr_equal(found(0)->base, &bases[0]);
    assert_int_equal(found(0)->revision, 2);
    assert_int_equal(found(0)->description.containers.count, 2);
}

static void test_a_digest_that_was_known_stays_known(void **state)
{
    (void)state;
    run("a", 10);
    containers[0].described.image_digest = "sha256:1";
    look();
    read_back(0, 0);
    containers[0].described.image_digest = NULL;
    look();
    assert_int_equal(seen.findings.count, 0);
    run("b", 10);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_string_equal(found(0)->description.containers.items[0].image_digest, "sha256:1");
    assert_null(found(0)->description.containers.items[1].image_digest);
}

static void test_one_of_two_ends(void **state)
{
    (void)state;
    run("b", 20);
    observe_one();
    containers[0].status = RUNTIME_EXITED;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    assert_int_equal(found(0)->description.containers.count, 1);
}

static void test_all_have_ended(void **state)
{
    (void)state;
    observe_one();
    containers[0].status = RUNTIME_EXITED;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_GONE);
    assert_ptr_equal(found(0)->base, &bases[0]);
    count = 0;
    look();
    assert_int_equal(found(0)->kind, FINDING_GONE);
}

static void test_a_later_start_is_a_new_task(void **state)
{
    (void)state;
    observe_one();
    containers[0].described.started_at = 50;
    look();
    assert_int_equal(seen.findings.count, 2);
    assert_int_equal(found(0)->kind, FINDING_GONE);
    assert_int_equal(found(1)->kind, FINDING_OBSERVED);
    assert_null(found(1)->base);
    assert_string_not_equal(found(1)->id, bases[0].id);
}

static void test_a_restart_by_the_engine_is_the_same_task(void **state)
{
    (void)state;
    run("a", 10)->described.restart_policy = "always";
    look();
    read_back(0, 0);
    containers[0].status = RUNTIME_RESTARTING;
    look();
    assert_int_equal(seen.findings.count, 0);
    containers[0].status = RUNTIME_RUNNING;
    containers[0].described.started_at = 50;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_ptr_equal(found(0)->base, &bases[0]);
    assert_int_equal(found(0)->description.containers.items[0].started_at, 50);
}

static void test_a_pending_task_starts(void **state)
{
    (void)state;
    run("a", 0);
    look();
    read_back(0, 0);
    assert_string_equal(task_last_status(&bases[0]), "PENDING");
    containers[0].status = RUNTIME_RUNNING;
    containers[0].described.started_at = 50;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_ptr_equal(found(0)->base, &bases[0]);
    read_back(0, 0);
    assert_string_equal(task_last_status(&bases[0]), "RUNNING");
}

/* Other options hide the container: it runs, so nothing may be said of its end. */
static void test_what_runs_is_never_gone(void **state)
{
    (void)state;
    observe_one();
    rooms[0].labels[0].key = "io.stopfleet.ignore";
    rooms[0].labels[0].value = "true";
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void test_a_requested_stop_ends_the_descriptions(void **state)
{
    (void)state;
    observe_one();
    ask_to_stop(0);
    run("b", 20);
    look();
    assert_int_equal(seen.findings.count, 0);
    count = 0;
    look();
    assert_int_equal(seen.findings.count, 0);
}

/* As in a log that was begun anew: the StopTask came before the task was observed there. */
static void test_a_stop_before_the_first_observation(void **state)
{
    (void)state;
    run("a", 10);
    look();
    const struct finding first = *found(0);
    struct event event = {0};
    fold(&bases[0], &event, EVENT_STOP_REQUESTED, first.id);
    open_count = 1;
    open[0].concerned = true;
    ids_are_new = false;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    assert_string_equal(found(0)->id, bases[0].id);
    assert_ptr_equal(found(0)->base, &bases[0]);
    assert_int_equal(found(0)->revision, 1);
    read_back(0, 0);
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void test_an_ecs_task_id_that_is_taken_is_said(void **state)
{
    (void)state;
    static const char label[] = "com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:000000000000:"
                                "task/prod/0123456789abcdef0123456789abcdef";
    containers[count++] = make_container(&rooms[0], "a", "a", 10, LABELS(label));
    ids_are_new = false;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_ID_TAKEN);
    assert_string_equal(found(0)->id, "0123456789abcdef0123456789abcdef");
}

static void test_a_restart_during_a_stop_is_no_new_task(void **state)
{
    (void)state;
    observe_one();
    ask_to_stop(0);
    accept_stop(0, "a", 10);
    containers[0].described.started_at = 50;
    look();
    assert_int_equal(seen.findings.count, 0);
    /* but a container that the plan does not name is one */
    run("b", 60);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->description.containers.count, 1);
    assert_string_equal(found(0)->description.containers.items[0].container_id, "b");
}

static void test_a_run_belongs_to_the_first_observed(void **state)
{
    (void)state;
    observe_one();
    run("b", 20);
    look();
    read_back(0, 0);
    /* A second task that describes b, too, observed later. */
    struct described_container d = {.name = "b", .container_id = "b", .started_at = 20};
    struct event event = {0};
    event.task_observed.revision = 1;
    event.task_observed.description.containers.items = &d;
    event.task_observed.description.containers.count = 1;
    fold(&bases[1], &event, EVENT_TASK_OBSERVED, "ffffffffffffffffffffffffffffffff");
    open_count = 2;
    struct open_task both[] = {{.base = &bases[0]}, {.base = &bases[1]}};
    struct observation_input input = {.open = both, .open_count = 2};
    struct run_claims claims = {0};
    struct error err = {0};
    assert_int_equal(run_claims_make(&input, &arena, &claims, &err), 0);
    struct run b = {.container_id = "b", .started_at = 20};
    assert_false(run_claims_other(&claims, b, &bases[0]));
    assert_true(run_claims_other(&claims, b, &bases[1]));
    assert_true(run_claims_described(&claims, b));
    struct run later = {.container_id = "b", .started_at = 21};
    assert_false(run_claims_other(&claims, later, &bases[1]));
    assert_false(run_claims_described(&claims, later));
    /* The later one loses its container by its next description. */
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_ptr_equal(found(0)->base, &bases[1]);
    assert_int_equal(found(0)->description.containers.count, 0);
}

/* ---- flights ---- */

static void *fly(size_t number)
{
    struct error err = {0};
    void *context = NULL;
    assert_int_equal(flights_add(&flights, found(number), "prod", &context, &err), 0);
    return context;
}

static void test_nothing_is_minted_while_one_is_in_flight(void **state)
{
    (void)state;
    run("a", 10);
    look();
    void *flight = fly(0);
    look();
    assert_int_equal(seen.findings.count, 0);
    assert_true(seen.waits);
    run("b", 20);
    look();
    assert_int_equal(seen.findings.count, 0);
    /* It is lost: made anew, with what there is now. */
    struct error lost = {.code = ERROR_TIMEOUT, .message = "lost"};
    flights_delivered(flight, &lost, -1);
    assert_int_equal(flights.count, 0);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->description.containers.count, 2);
}

static void test_a_flight_lands(void **state)
{
    (void)state;
    observe_one();
    run("b", 20);
    look();
    void *flight = fly(0);
    assert_false(flights_land(&flights, &bases[0]));
    look();
    assert_int_equal(seen.findings.count, 0);
    assert_true(seen.waits);
    bases[0].revision = 2;
    assert_true(flights_land(&flights, &bases[0]));
    assert_null(flights_find(&flights, bases[0].id));
    assert_non_null(flights.late);
    flights_delivered(flight, NULL, 7);
    assert_null(flights.late);
    assert_int_equal(flights.count, 0);
}

/* ---- results ---- */

static void test_results(void **state)
{
    (void)state;
    struct run_result result = {0};
    char reason[EXIT_REASON_MAX_BYTES];
    struct runtime_container *a = run("a", 10);
    struct run this = {.container_id = "a", .started_at = 10};
    struct optional_integer none = {0}, told = {.known = true, .value = 3};
    assert_false(exit_result_of(this, "x", a, told, reason, &result));
    a->status = RUNTIME_EXITED;
    a->exit_code = (struct optional_integer){.known = true, .value = 137};
    a->finished_at = 99;
    a->oom_killed = true;
    assert_true(exit_result_of(this, "x", a, told, reason, &result));
    assert_int_equal(result.exit_code.value, 137);
    assert_int_equal(result.finished_at, 99);
    assert_memory_equal(result.reason, "OutOfMemoryError: ", 18);
    /* Another run of the container says nothing of this one. */
    a->described.started_at = 50;
    a->status = RUNTIME_RUNNING;
    assert_true(exit_result_of(this, "x", a, none, reason, &result));
    assert_false(result.exit_code.known);
    assert_null(result.reason);
    assert_true(exit_result_of(this, "x", NULL, told, reason, &result));
    assert_int_equal(result.exit_code.value, 3);
    assert_true(exit_result_of(this, "x", NULL, none, reason, &result));
    assert_false(result.exit_code.known);
    assert_memory_equal(result.reason, "ContainerVanishedError: ", 24);
}

static void test_things_are_said_once(void **state)
{
    (void)state;
    struct text_set set = {0};
    assert_true(text_set_meet(&set, "b"));
    assert_true(text_set_meet(&set, "a"));
    text_set_turn(&set);
    assert_false(text_set_meet(&set, "a"));
    assert_true(text_set_meet(&set, "c"));
    text_set_turn(&set);
    assert_true(text_set_meet(&set, "b"));
    assert_false(text_set_meet(&set, "c"));
    text_set_release(&set);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_task),
        TEST(test_no_id_is_used_twice),
        TEST(test_a_container_is_added),
        TEST(test_a_digest_that_was_known_stays_known),
        TEST(test_one_of_two_ends),
        TEST(test_all_have_ended),
        TEST(test_a_later_start_is_a_new_task),
        TEST(test_a_restart_by_the_engine_is_the_same_task),
        TEST(test_a_pending_task_starts),
        TEST(test_what_runs_is_never_gone),
        TEST(test_a_requested_stop_ends_the_descriptions),
        TEST(test_a_stop_before_the_first_observation),
        TEST(test_an_ecs_task_id_that_is_taken_is_said),
        TEST(test_a_restart_during_a_stop_is_no_new_task),
        TEST(test_a_run_belongs_to_the_first_observed),
        TEST(test_nothing_is_minted_while_one_is_in_flight),
        TEST(test_a_flight_lands),
        TEST(test_results),
        TEST(test_things_are_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
