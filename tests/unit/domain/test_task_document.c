/* The Task document: members, what they are derived from, and its failures. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fail_allocations.h"
#include "tests/unit/domain/document_sample.h"

static void running_task_has_every_member_in_its_place(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"attachments", "[]"},
        {"attributes", "[{\"name\":\"ecs.cpu-architecture\",\"value\":\"arm64\"},"
                       "{\"name\":\"rack\",\"value\":\"r7\"}]"},
        {"availabilityZone", "\"zone-a\""},
        {"clusterArn", "\"" PREFIX "cluster/prod\""},
        {"connectivity", "\"CONNECTED\""},
        {"connectivityAt", "1700000000.5"},
        {"containerInstanceArn", "\"" PREFIX "container-instance/prod/node-7\""},
        {"cpu", "\"320\""},
        {"createdAt", "1700000000"},
        {"desiredStatus", "\"RUNNING\""},
        {"enableExecuteCommand", "false"},
        {"group", "\"family:web\""},
        {"healthStatus", "\"HEALTHY\""},
        {"lastStatus", "\"RUNNING\""},
        {"launchType", "\"EXTERNAL\""},
        {"memory", "\"576\""},
        {"overrides", "{\"containerOverrides\":[{\"name\":\"web\"},{\"name\":\"envoy\"}],"
                      "\"inferenceAcceleratorOverrides\":[]}"},
        {"startedAt", "1700000002.5"},
        {"startedBy", "\"me\""},
        {"tags", "[{\"key\":\"team\",\"value\":\"blue\"}]"},
        {"taskArn", "\"" PREFIX "task/prod/" TASK_ID "\""},
        {"taskDefinitionArn", "\"" PREFIX "task-definition/web:3\""},
        {"version", "3"},
    };
    struct sample sample;
    document_sample_fill(&sample);
    json_t *document = document_of(&sample);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_member(document, wanted[i][0], wanted[i][1]);
    }
    assert_int_equal(json_object_size(document), sizeof wanted / sizeof wanted[0] + 1);
    assert_int_equal(json_array_size(document_at(document, "containers")), 2);
    json_decref(document);
}

static void container_has_every_member_in_its_place(void **state)
{
    (void)state;
    static const char *const wanted[][2] = {
        {"taskArn", "\"" PREFIX "task/prod/" TASK_ID "\""},
        {"name", "\"web\""},
        {"image", "\"nginx:1.25\""},
        {"imageDigest", "\"sha256:aa\""},
        {"runtimeId", "\"c1\""},
        {"lastStatus", "\"RUNNING\""},
        {"networkBindings",
         "[{\"bindIP\":\"0.0.0.0\",\"containerPort\":80,\"hostPort\":8080,\"protocol\":\"tcp\"},"
         "{\"bindIP\":\"::\",\"containerPortRange\":\"9000-9010\","
         "\"hostPortRange\":\"19000-19010\",\"protocol\":\"udp\"}]"},
        {"networkInterfaces", "[{\"attachmentId\":\"att\",\"privateIpv4Address\":\"10.0.0.7\","
                              "\"ipv6Address\":\"fd00::7\"}]"},
        {"healthStatus", "\"HEALTHY\""},
        {"cpu", "\"256\""},
        {"memory", "\"512\""},
        {"memoryReservation", "\"128\""},
        {"gpuIds", "[\"GPU-1\",\"GPU-2\"]"},
    };
    struct sample sample;
    document_sample_fill(&sample);
    json_t *document = document_of(&sample);
    const json_t *container = document_at(document, "containers.0");
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_member(container, wanted[i][0], wanted[i][1]);
    }
    assert_int_equal(json_object_size(container), sizeof wanted / sizeof wanted[0] + 1);
    const char *arn = json_string_value(document_at(container, "containerArn"));
    assert_int_equal(strncmp(arn, PREFIX "container/prod/" TASK_ID "/",
                             strlen(PREFIX "container/prod/" TASK_ID "/")),
                     0);
    json_decref(document);
}

static void what_is_not_known_is_absent(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    sample.containers[1] = (struct described_container){.name = "envoy", .container_id = "c2"};
    sample.task.description = (struct description){.containers = {&sample.containers[1], 1}};
    sample.task.tags.count = 0;
    struct error err = {0};
    json_t *document = task_document(&sample.task, NULL, true, &err);
    assert_non_null(document);
    static const char *const absent[] = {
        "availabilityZone",   "connectivity",  "connectivityAt", "cpu",       "memory",
        "createdAt",          "startedAt",     "stoppingAt",     "stoppedAt", "stopCode",
        "executionStoppedAt", "stoppedReason", "startedBy",      "group",     "taskDefinitionArn",
        "pullStartedAt",      "pullStoppedAt", "platformFamily",
    };
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_absent(document, absent[i]);
    }
    assert_member(document, "attributes", "[]");
    assert_member(document, "tags", "[]");
    assert_member(document, "healthStatus", "\"UNKNOWN\"");
    assert_member(document, "lastStatus", "\"PENDING\"");
    const json_t *container = document_at(document, "containers.0");
    static const char *const container_absent[] = {
        "image", "imageDigest", "memory", "gpuIds", "exitCode", "reason", "memoryReservation"};
    for (size_t i = 0; i < sizeof container_absent / sizeof container_absent[0]; i++) {
        assert_absent(container, container_absent[i]);
    }
    assert_member(container, "cpu", "\"0\"");
    assert_member(container, "lastStatus", "\"PENDING\"");
    assert_member(container, "networkBindings", "[]");
    assert_member(container, "networkInterfaces", "[]");
    json_decref(document);
}

static void labels_win_over_what_is_derived(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    sample.task.description.family_revision = "17";
    sample.task.description.group = "service:web";
    sample.task.description.cpu = 1024;
    sample.task.description.memory_mib = 2048;
    sample.live.connected = false;
    json_t *document = document_of(&sample);
    assert_member(document, "taskDefinitionArn", "\"" PREFIX "task-definition/web:17\"");
    assert_member(document, "group", "\"service:web\"");
    assert_member(document, "cpu", "\"1024\"");
    assert_member(document, "memory", "\"2048\"");
    assert_member(document, "connectivity", "\"DISCONNECTED\"");
    json_decref(document);
}

static void tags_are_sent_empty_when_not_asked_for(void **state)
{
    (void)state;
    struct sample sample;
    struct error err = {0};
    document_sample_fill(&sample);
    json_t *document = task_document(&sample.task, &sample.live, false, &err);
    assert_member(document, "tags", "[]");
    json_decref(document);
}

static void health_of_the_task_is_that_of_its_essential_containers(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"HEALTHY", "UNHEALTHY", "\"UNHEALTHY\""}, {"UNKNOWN", "UNHEALTHY", "\"UNHEALTHY\""},
        {"HEALTHY", "UNKNOWN", "\"UNKNOWN\""},     {"HEALTHY", "starting", "\"UNKNOWN\""},
        {"HEALTHY", "HEALTHY", "\"HEALTHY\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample sample;
        document_sample_fill(&sample);
        sample.health[0].status = cases[i][0];
        sample.health[1].status = cases[i][1];
        json_t *document = document_of(&sample);
        assert_member(document, "healthStatus", cases[i][2]);
        json_decref(document);
    }
}

static void started_only_when_all_essential_ones_are(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    sample.containers[0].started_at = 0;
    json_t *document = document_of(&sample);
    assert_absent(document, "startedAt");
    assert_member(document, "containers.0.lastStatus", "\"PENDING\"");
    json_decref(document);
}

static void same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    struct sample sample;
    document_sample_fill(&sample);
    json_t *first = document_of(&sample);
    json_t *second = document_of(&sample);
    char *a = json_dumps(first, TASK_DOCUMENT_DUMP_FLAGS);
    char *b = json_dumps(second, TASK_DOCUMENT_DUMP_FLAGS);
    assert_string_equal(a, b);
    assert_null(strchr(a, '\n'));
    free(a);
    free(b);
    json_decref(first);
    json_decref(second);
}

static void lack_of_memory_is_an_error(void **state)
{
    (void)state;
    struct sample sample;
    struct error err;
    json_t *document;
    json_malloc_t allocate;
    json_free_t release;
    document_sample_fill(&sample);
    document_sample_fill_exits(&sample);
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(memory_alloc, memory_free);
    int failures = 0;
    FAIL_EACH_ALLOCATION(err = (struct error){0},
                         document = task_document(&sample.task, &sample.live, true, &err), {
                             if (document == NULL) {
                                 assert_int_equal(err.code, ERROR_NO_MEMORY);
                                 failures++;
                             }
                             json_decref(document);
                         });
    assert_true(failures > 100);
    json_set_alloc_funcs(allocate, release);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(running_task_has_every_member_in_its_place),
        cmocka_unit_test(container_has_every_member_in_its_place),
        cmocka_unit_test(what_is_not_known_is_absent),
        cmocka_unit_test(labels_win_over_what_is_derived),
        cmocka_unit_test(tags_are_sent_empty_when_not_asked_for),
        cmocka_unit_test(health_of_the_task_is_that_of_its_essential_containers),
        cmocka_unit_test(started_only_when_all_essential_ones_are),
        cmocka_unit_test(same_input_gives_the_same_bytes),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
