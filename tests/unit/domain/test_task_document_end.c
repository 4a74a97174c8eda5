/* The Task document of a task that is being stopped or has ended. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/domain/document_sample.h"

static void stop_requested_shows_in_the_document(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    sample.task.request_event_id = "e1";
    sample.task.requested_at = 1700000100250;
    sample.task.stop_code = "UserInitiated";
    json_t *document = document_of(&sample);
    assert_member(document, "desiredStatus", "\"STOPPED\"");
    assert_member(document, "lastStatus", "\"RUNNING\"");
    assert_member(document, "stopCode", "\"UserInitiated\"");
    assert_member(document, "stoppedReason", "\"Task stopped by user\"");
    assert_member(document, "stoppingAt", "1700000100.25");
    assert_member(document, "containers.0.lastStatus", "\"RUNNING\"");
    assert_absent(document, "stoppedAt");
    json_decref(document);
    sample.task.requested_reason = "";
    document = document_of(&sample);
    assert_member(document, "stoppedReason", "\"Task stopped by user\"");
    json_decref(document);
    sample.task.requested_reason = "rolling node 7";
    document = document_of(&sample);
    assert_member(document, "stoppedReason", "\"rolling node 7\"");
    json_decref(document);
}

static void ended_task_tells_how_its_containers_ended(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    sample.task.terminal = "TaskGone";
    sample.task.terminal_at = 1700000140000;
    sample.task.stop_code = "EssentialContainerExited";
    json_t *document = document_of(&sample);
    assert_member(document, "lastStatus", "\"STOPPED\"");
    assert_member(document, "stoppedReason", "\"Essential container in task exited\"");
    assert_member(document, "stopCode", "\"EssentialContainerExited\"");
    assert_member(document, "executionStoppedAt", "1700000120.75");
    assert_member(document, "stoppedAt", "1700000140");
    assert_member(document, "containers.0.exitCode", "137");
    assert_member(document, "containers.0.lastStatus", "\"STOPPED\"");
    assert_member(document, "containers.0.reason",
                  "\"OutOfMemoryError: Container killed due to memory usage\"");
    assert_absent(document_at(document, "containers.1"), "exitCode");
    assert_member(document, "containers.1.reason", "\"ContainerVanishedError: gone\"");
    json_decref(document);
}

static void one_container_ends_before_the_task(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    sample.task.exits.count = 1;
    sample.exits[0].exit_code = (struct optional_integer){true, 0};
    json_t *document = document_of(&sample);
    assert_member(document, "containers.0.lastStatus", "\"STOPPED\"");
    assert_member(document, "containers.0.exitCode", "0");
    assert_member(document, "containers.1.lastStatus", "\"RUNNING\"");
    json_decref(document);
}

/* As the description says it: the task itself goes on as it was. */
static void container_that_ended_while_others_run_on(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    sample.task.description.created_at = 1690000000000;
    sample.containers[0].ended = true;
    sample.containers[0].exit_code = (struct optional_integer){true, 3};
    sample.containers[0].finished_at = 1700000100000;
    sample.containers[0].end_reason = "DockerStateError: no";
    sample.health[0].status = "UNHEALTHY";
    json_t *document = document_of(&sample);
    assert_member(document, "containers.0.lastStatus", "\"STOPPED\"");
    assert_member(document, "containers.0.exitCode", "3");
    assert_member(document, "containers.0.reason", "\"DockerStateError: no\"");
    assert_member(document, "containers.0.runtimeId", "\"c1\"");
    assert_member(document, "containers.0.healthStatus", "\"UNKNOWN\"");
    assert_member(document, "containers.1.lastStatus", "\"RUNNING\"");
    assert_member(document, "lastStatus", "\"RUNNING\"");
    assert_member(document, "desiredStatus", "\"RUNNING\"");
    assert_member(document, "healthStatus", "\"HEALTHY\"");
    assert_member(document, "createdAt", "1690000000");
    assert_member(document, "startedAt", "1700000002.5");
    assert_member(document, "cpu", "\"320\"");
    assert_absent(document, "executionStoppedAt");
    json_decref(document);
}

/* executionStoppedAt is of those that ran to the end; if none was essential, of the last that was. */
static void execution_stops_with_the_last_containers(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    sample.containers[0].ended = true;
    sample.containers[0].finished_at = 1700000100000;
    sample.exits[0] = sample.exits[1];
    sample.task.exits.count = 1;
    sample.task.terminal = "TaskStopped";
    json_t *document = document_of(&sample);
    assert_member(document, "executionStoppedAt", "1700000120.75");
    json_decref(document);
    sample.containers[1].non_essential = true;
    document = document_of(&sample);
    assert_member(document, "executionStoppedAt", "1700000100");
    json_decref(document);
}

/* A known exit code beats an absent one, whoever says it. */
static void end_of_a_described_run_is_the_one_that_knows_the_code(void **state)
{
    (void)state;
    struct sample sample;
    struct run_result end;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    assert_true(task_described_end(&sample.task, &sample.containers[0], &end));
    assert_int_equal(end.exit_code.value, 137);
    sample.containers[0].ended = sample.containers[1].ended = true;
    sample.containers[0].exit_code = (struct optional_integer){true, 9};
    assert_true(task_described_end(&sample.task, &sample.containers[0], &end));
    assert_int_equal(end.exit_code.value, 137);
    assert_true(task_described_end(&sample.task, &sample.containers[1], &end));
    assert_string_equal(end.reason, "ContainerVanishedError: gone");
    sample.containers[1].exit_code = (struct optional_integer){true, 4};
    assert_true(task_described_end(&sample.task, &sample.containers[1], &end));
    assert_int_equal(end.exit_code.value, 4);
    assert_null(end.reason);
}

static void exit_codes_fit_32_bits(void **state)
{
    (void)state;
    static const struct {
        int64_t code;
        const char *shown;
    } codes[] = {{3221225786, "-1073741510"}, {4294967295, "-1"}, {2147483647, "2147483647"}};
    struct sample sample;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        sample.exits[0].exit_code.value = codes[i].code;
        json_t *document = document_of(&sample);
        assert_member(document, "containers.0.exitCode", codes[i].shown);
        json_decref(document);
    }
    sample.exits[0].exit_code.value = 4294967296;
    json_t *document = document_of(&sample);
    assert_absent(document_at(document, "containers.0"), "exitCode");
    json_decref(document);
}

static void exit_of_an_earlier_run_is_not_this_runs(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    sample.exits[0].started_at--;
    json_t *document = document_of(&sample);
    assert_member(document, "containers.0.lastStatus", "\"RUNNING\"");
    assert_absent(document_at(document, "containers.0"), "exitCode");
    json_decref(document);
}

static void containers_that_are_not_essential_decide_nothing(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    sample.containers[1].non_essential = true;
    sample.health[1].status = "UNHEALTHY";
    json_t *document = document_of(&sample);
    assert_member(document, "healthStatus", "\"HEALTHY\"");
    assert_member(document, "startedAt", "1700000001");
    assert_member(document, "executionStoppedAt", "1700000130");
    assert_member(document, "containers.1.healthStatus", "\"UNHEALTHY\"");
    json_decref(document);
}

static void stuck_container_tells_why(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    sample.stuck[0] = (struct stuck_run){
        .container_id = "c1", .started_at = 1700000001000, .reason = "no answer in 30 s"};
    sample.task.stuck.items = sample.stuck;
    sample.task.stuck.count = 1;
    json_t *document = document_of(&sample);
    assert_member(document, "containers.0.reason",
                  "\"CannotStopContainerError: no answer in 30 s\"");
    assert_absent(document_at(document, "containers.1"), "reason");
    json_decref(document);
    sample.stuck[0].reason = "CannotInspectContainerError: x";
    document = document_of(&sample);
    assert_member(document, "containers.0.reason", "\"CannotInspectContainerError: x\"");
    json_decref(document);
}

static void reasons_are_cut_to_1024_bytes(void **state)
{
    (void)state;
    struct sample sample;
    char reason[3000];
    document_sample_fill(&sample);
    memset(reason, 'x', sizeof reason);
    for (size_t i = 1; i + 2 < sizeof reason; i += 2) {
        memcpy(reason + i, "\xc3\xbc", 2);
    }
    reason[sizeof reason - 1] = '\0';
    sample.stuck[0] =
        (struct stuck_run){.container_id = "c1", .started_at = 1700000001000, .reason = reason};
    sample.task.stuck.items = sample.stuck;
    sample.task.stuck.count = 1;
    json_t *document = document_of(&sample);
    size_t length = json_string_length(document_at(document, "containers.0.reason"));
    assert_in_range(length, 1023, 1024);
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_requested_shows_in_the_document),
        cmocka_unit_test(ended_task_tells_how_its_containers_ended),
        cmocka_unit_test(one_container_ends_before_the_task),
        cmocka_unit_test(container_that_ended_while_others_run_on),
        cmocka_unit_test(execution_stops_with_the_last_containers),
        cmocka_unit_test(end_of_a_described_run_is_the_one_that_knows_the_code),
        cmocka_unit_test(exit_codes_fit_32_bits),
        cmocka_unit_test(exit_of_an_earlier_run_is_not_this_runs),
        cmocka_unit_test(containers_that_are_not_essential_decide_nothing),
        cmocka_unit_test(stuck_container_tells_why),
        cmocka_unit_test(reasons_are_cut_to_1024_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
