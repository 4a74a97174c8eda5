/** Discovery of what has ended or is being stopped, and the results of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker/discovery_make.h"
#include "worker/host/exit_result.h"
#include "worker/host/run_claims.h"
#include "worker/host/text_set.h"

static void test_one_of_two_ends(void **state)
{
    (void)state;
    run("b", 20);
    observe_one();
    containers[0].status = RUNTIME_EXITED;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    assert_int_equal(found(0)->description.containers.count, 2);
    assert_false(found(0)->description.containers.items[0].ended);
    assert_true(found(0)->description.containers.items[1].ended);
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

/* Labels of another cluster: it runs, so nothing may be said of its end. */
static void test_what_runs_is_never_gone(void **state)
{
    (void)state;
    observe_one();
    rooms[0].labels[0].key = "io.stopfleet.cluster";
    rooms[0].labels[0].value = "elsewhere";
    look();
    assert_int_equal(seen.findings.count, 0);
}

/* With other options or another's agent the task is over here, also while somebody asks to stop it; but no stop under way is. */
static void test_what_is_somebody_elses_is_gone(void **state)
{
    (void)state;
    observe_one();
    rooms[0].labels[0].key = "io.stopfleet.ignore";
    rooms[0].labels[0].value = "true";
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_GONE);
    ask_to_stop(0);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_GONE);
    accept_stop(0, "a", 10);
    look();
    assert_int_equal(seen.findings.count, 0);
}

/* What is left of the task is described without it. */
static void test_one_of_two_is_somebody_elses(void **state)
{
    (void)state;
    run("b", 20);
    observe_one();
    rooms[0].labels[0].key = "io.stopfleet.ignore";
    rooms[0].labels[0].value = "true";
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    assert_int_equal(found(0)->description.containers.count, 1);
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

/* The same of a task of which nothing runs: nobody will observe it any more. */
static void test_a_stop_of_what_was_never_observed_and_does_not_run(void **state)
{
    (void)state;
    struct event event = {0};
    observe_one();
    fold(&bases[1], &event, EVENT_STOP_REQUESTED, "0123456789abcdef0123456789abcdef");
    open_count = 2;
    open[1].concerned = true;
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_GONE);
    assert_ptr_equal(found(0)->base, &bases[1]);
    /* A stop that is under way, as an older incarnation's journal may tell, finds its own end. */
    accept_stop(1, "z", 10);
    look();
    assert_int_equal(seen.findings.count, 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_of_two_ends),
        TEST(test_all_have_ended),
        TEST(test_what_runs_is_never_gone),
        TEST(test_what_is_somebody_elses_is_gone),
        TEST(test_one_of_two_is_somebody_elses),
        TEST(test_a_requested_stop_ends_the_descriptions),
        TEST(test_a_stop_before_the_first_observation),
        TEST(test_a_stop_of_what_was_never_observed_and_does_not_run),
        TEST(test_a_restart_during_a_stop_is_no_new_task),
        TEST(test_a_run_belongs_to_the_first_observed),
        TEST(test_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
