#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/plan.h"

enum { MOST = 6 };

struct fixture {
    struct described_container containers[MOST];
    struct plan_present present[MOST];
    struct description description;
    struct plan_request request;
    struct plan plan;
};

static void begin(struct fixture *f, const char *const *names, size_t count)
{
    *f = (struct fixture){0};
    for (size_t i = 0; i < count; i++) {
        f->containers[i] = (struct described_container){
            .name = names[i], .container_id = names[i], .started_at = 7};
        f->present[i] =
            (struct plan_present){.container_id = names[i], .run = {names[i], 7}, .running = true};
    }
    f->description.containers.items = f->containers;
    f->description.containers.count = count;
    f->request = (struct plan_request){
        .description = &f->description, .present = f->present, .default_grace_ms = 30000};
}

static void depends(struct fixture *f, size_t who, const char **on, size_t count)
{
    f->containers[who].depends_on = (struct text_list){on, count};
}

static void make(struct fixture *f)
{
    struct error err = {0};
    if (plan_make(&f->request, &f->plan, &err) != 0) {
        fail_msg("%s", err.message);
    }
}

static const struct planned_run *step_of(const struct fixture *f, const char *name)
{
    for (size_t i = 0; i < f->plan.runs.count; i++) {
        if (strcmp(f->plan.runs.items[i].name, name) == 0) {
            return &f->plan.runs.items[i];
        }
    }
    fail_msg("%s is not in the plan", name);
    return NULL;
}

static bool is_after(const struct fixture *f, const char *later, const char *earlier)
{
    const struct planned_run *step = step_of(f, later);
    for (size_t i = 0; i < step->after.count; i++) {
        if (strcmp(step->after.items[i], earlier) == 0) {
            return true;
        }
    }
    return false;
}

static void plan_turns_dependencies_round(void **state)
{
    (void)state;
    struct fixture f;
    const char *on[] = {"b"};
    begin(&f, (const char *const[]){"b", "a"}, 2);
    depends(&f, 1, on, 1);
    make(&f);
    assert_true(is_after(&f, "b", "a"));
    assert_false(is_after(&f, "a", "b"));
    assert_string_equal(f.plan.runs.items[0].name, "a");
    assert_int_equal(f.plan.warnings.count, 0);
    plan_release(&f.plan);
}

/** As in ECS: what a needs by way of b does not wait for a. */
static void plan_waits_for_direct_dependents_alone(void **state)
{
    (void)state;
    struct fixture f;
    const char *on_b[] = {"b"};
    const char *on_c[] = {"c"};
    begin(&f, (const char *const[]){"a", "b", "c"}, 3);
    depends(&f, 0, on_b, 1);
    depends(&f, 1, on_c, 1);
    make(&f);
    assert_int_equal(step_of(&f, "a")->after.count, 0);
    assert_int_equal(step_of(&f, "b")->after.count, 1);
    assert_true(is_after(&f, "b", "a"));
    assert_int_equal(step_of(&f, "c")->after.count, 1);
    assert_true(is_after(&f, "c", "b"));
    struct run_result exits[] = {{.container_id = "b", .started_at = 7}};
    struct task task = {.plan = {f.plan.runs.items, f.plan.runs.count}, .exits = {exits, 1}};
    assert_true(plan_released(&task, step_of(&f, "c")));
    plan_release(&f.plan);
}

static void plan_puts_sidecars_last(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (const char *const[]){"log", "a", "b"}, 3);
    f.containers[0].sidecar = true;
    make(&f);
    assert_true(is_after(&f, "log", "a"));
    assert_true(is_after(&f, "log", "b"));
    assert_int_equal(step_of(&f, "a")->after.count, 0);
    assert_string_equal(f.plan.runs.items[2].name, "log");
    plan_release(&f.plan);
}

static void plan_cuts_a_circle_and_names_it(void **state)
{
    (void)state;
    struct fixture f;
    const char *on_b[] = {"b"};
    const char *on_c[] = {"c"};
    const char *on_a[] = {"a"};
    begin(&f, (const char *const[]){"a", "b", "c"}, 3);
    depends(&f, 0, on_b, 1);
    depends(&f, 1, on_c, 1);
    depends(&f, 2, on_a, 1);
    make(&f);
    assert_int_equal(f.plan.runs.count, 3);
    assert_int_equal(f.plan.warnings.count, 1);
    assert_non_null(strstr(f.plan.warnings.items[0], "container c is"));
    assert_non_null(strstr(f.plan.warnings.items[0], "before a,"));
    assert_true(is_after(&f, "b", "a"));
    assert_true(is_after(&f, "c", "b"));
    plan_release(&f.plan);
}

static void plan_lets_no_sidecar_go_first(void **state)
{
    (void)state;
    struct fixture f;
    const char *on[] = {"a", "s", "unknown"};
    begin(&f, (const char *const[]){"a", "s"}, 2);
    f.containers[1].sidecar = true;
    depends(&f, 1, on, 3);
    make(&f);
    assert_true(is_after(&f, "s", "a"));
    assert_int_equal(step_of(&f, "a")->after.count, 0);
    assert_int_equal(f.plan.warnings.count, 1);
    plan_release(&f.plan);
}

static void plan_takes_signal_grace_and_delay(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (const char *const[]){"a", "b"}, 2);
    f.containers[0].stop_signal = "SIGQUIT";
    f.containers[0].stop_timeout_ms = (struct optional_integer){true, 7000};
    f.containers[0].drain_delay_ms = 400;
    f.containers[0].pre_stop = "true";
    make(&f);
    assert_string_equal(step_of(&f, "a")->signal, "SIGQUIT");
    assert_int_equal(step_of(&f, "a")->grace_ms, 7000);
    assert_int_equal(step_of(&f, "a")->drain_delay_ms, 400);
    assert_string_equal(step_of(&f, "a")->pre_stop, "true");
    assert_string_equal(step_of(&f, "b")->signal, "SIGTERM");
    assert_int_equal(step_of(&f, "b")->grace_ms, 30000);
    plan_release(&f.plan);
}

static void plan_grace_follows_call_container_default(void **state)
{
    (void)state;
    struct optional_integer none = {0};
    assert_int_equal(plan_grace_ms(none, none, 30000), 30000);
    assert_int_equal(plan_grace_ms(none, (struct optional_integer){true, 5000}, 30000), 5000);
    assert_int_equal(plan_grace_ms(none, (struct optional_integer){true, 0}, 30000), 1000);
    assert_int_equal(plan_grace_ms((struct optional_integer){true, 0},
                                   (struct optional_integer){true, 5000}, 30000),
                     0);
    assert_int_equal(plan_grace_ms((struct optional_integer){true, 1}, none, 30000), 1000);
    assert_int_equal(plan_grace_ms((struct optional_integer){true, 90000}, none, 30000), 90000);
    assert_int_equal(plan_grace_ms((struct optional_integer){true, -5}, none, 30000), 0);
    assert_int_equal(plan_grace_ms(none, none, 10), 1000);
}

static void plan_adds_the_run_that_was_started_again(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (const char *const[]){"a", "b", "c"}, 3);
    f.present[0].run.started_at = 99;
    f.present[1].run.started_at = 99;
    f.present[1].claimed = true;
    f.present[2].run.started_at = 99;
    f.present[2].running = false;
    make(&f);
    assert_int_equal(f.plan.runs.count, 4);
    assert_int_equal(f.plan.runs.items[0].started_at, 7);
    assert_int_equal(f.plan.runs.items[1].started_at, 99);
    assert_string_equal(f.plan.runs.items[1].container_id, "a");
    plan_release(&f.plan);
}

/* A dead container gets no signal, and nobody waits for it; started again it is a part of the plan. */
static void plan_leaves_out_what_has_ended(void **state)
{
    (void)state;
    struct fixture f;
    const char *names[] = {"a", "b", "c"};
    const char *on_b[] = {"b"}, *on_c[] = {"c"};
    begin(&f, names, 3);
    depends(&f, 0, on_b, 1);
    depends(&f, 1, on_c, 1);
    f.containers[1].ended = true;
    f.present[1].running = false;
    make(&f);
    assert_int_equal(f.plan.runs.count, 2);
    assert_int_equal(step_of(&f, "a")->after.count, 0);
    assert_int_equal(step_of(&f, "c")->after.count, 0);
    plan_release(&f.plan);
    f.present[1].running = true;
    f.present[1].run.started_at = 99;
    make(&f);
    assert_int_equal(f.plan.runs.count, 3);
    assert_int_equal(step_of(&f, "b")->started_at, 99);
    assert_true(is_after(&f, "b", "a"));
    assert_true(is_after(&f, "c", "b"));
    plan_release(&f.plan);
    f.present[1].claimed = true;
    make(&f);
    assert_int_equal(f.plan.runs.count, 2);
    plan_release(&f.plan);
}

/* Neither the described run nor the one that it is in now; and nobody waits for it. */
static void plan_leaves_out_what_is_somebody_elses(void **state)
{
    (void)state;
    struct fixture f;
    const char *on_b[] = {"b"};
    begin(&f, (const char *const[]){"a", "b"}, 2);
    depends(&f, 0, on_b, 1);
    f.present[1].left = true;
    f.present[1].run.started_at = 99;
    make(&f);
    assert_int_equal(f.plan.runs.count, 1);
    assert_string_equal(f.plan.runs.items[0].container_id, "a");
    plan_release(&f.plan);
}

static void plan_is_released_when_every_run_before_it_has_ended(void **state)
{
    (void)state;
    const char *ids[] = {"a"};
    struct planned_run plan[] = {{.container_id = "a", .started_at = 1},
                                 {.container_id = "a", .started_at = 2},
                                 {.container_id = "b", .started_at = 1, .after = {ids, 1}}};
    struct run_result exits[] = {{.container_id = "a", .started_at = 1},
                                 {.container_id = "a", .started_at = 2}};
    struct task task = {0};
    task.plan.items = plan;
    task.plan.count = 3;
    task.exits.items = exits;
    task.exits.count = 1;
    assert_true(plan_released(&task, &plan[0]));
    assert_false(plan_released(&task, &plan[2]));
    task.exits.count = 2;
    assert_true(plan_released(&task, &plan[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_turns_dependencies_round),
        cmocka_unit_test(plan_waits_for_direct_dependents_alone),
        cmocka_unit_test(plan_puts_sidecars_last),
        cmocka_unit_test(plan_cuts_a_circle_and_names_it),
        cmocka_unit_test(plan_lets_no_sidecar_go_first),
        cmocka_unit_test(plan_takes_signal_grace_and_delay),
        cmocka_unit_test(plan_grace_follows_call_container_default),
        cmocka_unit_test(plan_adds_the_run_that_was_started_again),
        cmocka_unit_test(plan_leaves_out_what_has_ended),
        cmocka_unit_test(plan_leaves_out_what_is_somebody_elses),
        cmocka_unit_test(plan_is_released_when_every_run_before_it_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
