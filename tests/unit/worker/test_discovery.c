/** What discovery makes of what runs, beside what the log says: grouping and observation together. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker/discovery_make.h"
#include "worker/host/ended_ids.h"
#include "worker/host/text_set.h"

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

/* Its first task lost it to another one, and both are over. */
static void test_what_runs_on_after_its_task_is_a_new_task(void **state)
{
    (void)state;
    run("a", 10);
    look();
    memcpy(over_id, found(0)->id, sizeof over_id);
    look();
    assert_int_equal(found(0)->kind, FINDING_OBSERVED);
    assert_string_not_equal(found(0)->id, over_id);
    assert_int_equal(strlen(found(0)->id), 32);
    ids_are_new = false;
    look();
    assert_int_equal(seen.findings.count, 0);
}

static void test_an_ecs_task_id_is_never_replaced(void **state)
{
    (void)state;
    static const char label[] = "com.amazonaws.ecs.task-arn=arn:aws:ecs:us-east-1:000000000000:"
                                "task/prod/0123456789abcdef0123456789abcdef";
    containers[count++] = make_container(&rooms[0], "a", "a", 10, LABELS(label));
    memcpy(over_id, "0123456789abcdef0123456789abcdef", 33);
    look();
    assert_int_equal(seen.findings.count, 1);
    assert_int_equal(found(0)->kind, FINDING_ID_TAKEN);
}

static void test_an_ended_id_is_believed_after_a_while(void **state)
{
    (void)state;
    struct ended_ids ids = {0};
    assert_false(ended_ids_meet(&ids, "a", 1000));
    ended_ids_turn(&ids);
    assert_false(ended_ids_meet(&ids, "a", 1000 + ENDED_IDS_BELIEVED_MS - 1));
    assert_false(ended_ids_meet(&ids, "b", 1000 + ENDED_IDS_BELIEVED_MS - 1));
    ended_ids_turn(&ids);
    assert_true(ended_ids_meet(&ids, "a", 1000 + ENDED_IDS_BELIEVED_MS));
    ended_ids_turn(&ids);
    /* b was not shown: it begins anew */
    assert_int_equal(ids.count, 1);
    assert_false(ended_ids_meet(&ids, "b", 1000 + 3 * ENDED_IDS_BELIEVED_MS));
    ended_ids_release(&ids);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_task),
        TEST(test_no_id_is_used_twice),
        TEST(test_a_container_is_added),
        TEST(test_a_digest_that_was_known_stays_known),
        TEST(test_a_later_start_is_a_new_task),
        TEST(test_a_restart_by_the_engine_is_the_same_task),
        TEST(test_a_pending_task_starts),
        TEST(test_an_ecs_task_id_that_is_taken_is_said),
        TEST(test_what_runs_on_after_its_task_is_a_new_task),
        TEST(test_an_ecs_task_id_is_never_replaced),
        TEST(test_an_ended_id_is_believed_after_a_while),
        TEST(test_things_are_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
