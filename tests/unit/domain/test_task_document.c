#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/task_document.h"
#include "tests/support/fail_allocations.h"

#define TASK_ID "0123456789abcdef0123456789abcdef"
#define PREFIX  "arn:aws:ecs:us-east-1:123456789012:"

/** A task of two containers in every detail, built anew for each test. */
struct sample {
    struct network_binding bindings[2];
    struct network_interface interfaces[1];
    const char *gpus[2];
    struct described_container containers[2];
    struct tag tags[1];
    struct run_result exits[2];
    struct stuck_run stuck[1];
    struct task task;
    struct host_attribute attributes[1];
    struct host_record host;
    struct live_health health[2];
    struct task_live live;
};

static void fill_containers(struct sample *sample)
{
    sample->bindings[0] = (struct network_binding){
        .bind_ip = "0.0.0.0", .protocol = "tcp", .container_port = 80, .host_port = 8080};
    sample->bindings[1] = (struct network_binding){.bind_ip = "::",
                                                   .protocol = "udp",
                                                   .container_port_range = "9000-9010",
                                                   .host_port_range = "19000-19010"};
    sample->interfaces[0] = (struct network_interface){
        .attachment_id = "att", .private_ipv4 = "10.0.0.7", .ipv6 = "fd00::7"};
    sample->gpus[0] = "GPU-1";
    sample->gpus[1] = "GPU-2";
    sample->containers[0] = (struct described_container){
        .name = "web",
        .container_id = "c1",
        .created_at = 1700000000123,
        .started_at = 1700000001000,
        .image = "nginx:1.25",
        .image_digest = "sha256:aa",
        .cpu = 256,
        .memory_mib = 512,
        .memory_reservation_mib = 128,
        .gpu_ids = {sample->gpus, 2},
        .network_bindings = {sample->bindings, 2},
        .network_interfaces = {sample->interfaces, 1},
    };
    sample->containers[1] = (struct described_container){
        .name = "envoy",
        .container_id = "c2",
        .created_at = 1700000000000,
        .started_at = 1700000002500,
        .image = "envoy",
        .cpu = 64,
        .memory_mib = 64,
    };
}

static void fill(struct sample *sample)
{
    *sample = (struct sample){0};
    fill_containers(sample);
    sample->tags[0] = (struct tag){"team", "blue"};
    sample->task = (struct task){
        .account = "123456789012",
        .region = "us-east-1",
        .cluster = "prod",
        .id = TASK_ID,
        .host = "node-7",
        .revision = 3,
        .description = {.runtime = "docker",
                        .family = "web",
                        .started_by = "me",
                        .containers = {sample->containers, 2}},
        .tags = {sample->tags, 1},
    };
    sample->attributes[0] = (struct host_attribute){"rack", "r7"};
    sample->host = (struct host_record){.host = "node-7",
                                        .architecture = "arm64",
                                        .availability_zone = "zone-a",
                                        .attributes = {sample->attributes, 1}};
    sample->health[0] = (struct live_health){"c1", "HEALTHY"};
    sample->health[1] = (struct live_health){"c2", "HEALTHY"};
    sample->live = (struct task_live){.connected = true,
                                      .connectivity_at = 1700000000500,
                                      .host = &sample->host,
                                      .health = {sample->health, 2}};
}

static json_t *document_of(const struct sample *sample)
{
    struct error err = {0};
    json_t *document = task_document(&sample->task, &sample->live, true, &err);
    if (document == NULL) {
        fail_msg("%s", err.message);
    }
    return document;
}

/** The document's member at a path like "containers.0.name"; fails if it is not there. */
static const json_t *at(const json_t *json, const char *path)
{
    char copy[128];
    char *rest = copy;
    (void)strncpy(copy, path, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    for (char *part = strsep(&rest, "."); part != NULL; part = strsep(&rest, ".")) {
        json = json_is_array(json) ? json_array_get(json, (size_t)strtoul(part, NULL, 10))
                                   : json_object_get(json, part);
        if (json == NULL) {
            fail_msg("no member %s", path);
        }
    }
    return json;
}

static void assert_member(const json_t *json, const char *path, const char *wanted)
{
    char *text = json_dumps(at(json, path), TASK_DOCUMENT_DUMP_FLAGS | JSON_ENCODE_ANY);
    if (strcmp(text, wanted) != 0) {
        fail_msg("%s is %s, wanted %s", path, text, wanted);
    }
    free(text);
}

static void assert_absent(const json_t *json, const char *name)
{
    if (json_object_get(json, name) != NULL) {
        fail_msg("%s is there", name);
    }
}

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
    fill(&sample);
    json_t *document = document_of(&sample);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_member(document, wanted[i][0], wanted[i][1]);
    }
    assert_int_equal(json_object_size(document), sizeof wanted / sizeof wanted[0] + 1);
    assert_int_equal(json_array_size(at(document, "containers")), 2);
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
    fill(&sample);
    json_t *document = document_of(&sample);
    const json_t *container = at(document, "containers.0");
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        assert_member(container, wanted[i][0], wanted[i][1]);
    }
    assert_int_equal(json_object_size(container), sizeof wanted / sizeof wanted[0] + 1);
    const char *arn = json_string_value(at(container, "containerArn"));
    assert_int_equal(strncmp(arn, PREFIX "container/prod/" TASK_ID "/",
                             strlen(PREFIX "container/prod/" TASK_ID "/")),
                     0);
    json_decref(document);
}

static void what_is_not_known_is_absent(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
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
    const json_t *container = at(document, "containers.0");
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
    fill(&sample);
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
    fill(&sample);
    json_t *document = task_document(&sample.task, &sample.live, false, &err);
    assert_member(document, "tags", "[]");
    json_decref(document);
}

static void stop_requested_shows_in_the_document(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
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

static void fill_exits(struct sample *sample)
{
    sample->exits[0] = (struct run_result){.container_id = "c1",
                                           .started_at = 1700000001000,
                                           .exit_code = {true, 137},
                                           .oom_killed = true,
                                           .finished_at = 1700000130000};
    sample->exits[1] = (struct run_result){.container_id = "c2",
                                           .started_at = 1700000002500,
                                           .finished_at = 1700000120750,
                                           .reason = "ContainerVanishedError: gone"};
    sample->task.exits.items = sample->exits;
    sample->task.exits.count = 2;
}

static void ended_task_tells_how_its_containers_ended(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
    fill_exits(&sample);
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
    assert_absent(at(document, "containers.1"), "exitCode");
    assert_member(document, "containers.1.reason", "\"ContainerVanishedError: gone\"");
    json_decref(document);
}

static void one_container_ends_before_the_task(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
    fill_exits(&sample);
    sample.task.exits.count = 1;
    sample.exits[0].exit_code = (struct optional_integer){true, 0};
    json_t *document = document_of(&sample);
    assert_member(document, "containers.0.lastStatus", "\"STOPPED\"");
    assert_member(document, "containers.0.exitCode", "0");
    assert_member(document, "containers.1.lastStatus", "\"RUNNING\"");
    json_decref(document);
}

static void exit_codes_fit_32_bits(void **state)
{
    (void)state;
    static const struct {
        int64_t code;
        const char *shown;
    } codes[] = {{3221225786, "-1073741510"}, {4294967295, "-1"}, {2147483647, "2147483647"}};
    struct sample sample;
    fill(&sample);
    fill_exits(&sample);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        sample.exits[0].exit_code.value = codes[i].code;
        json_t *document = document_of(&sample);
        assert_member(document, "containers.0.exitCode", codes[i].shown);
        json_decref(document);
    }
    sample.exits[0].exit_code.value = 4294967296;
    json_t *document = document_of(&sample);
    assert_absent(at(document, "containers.0"), "exitCode");
    json_decref(document);
}

static void exit_of_an_earlier_run_is_not_this_runs(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
    fill_exits(&sample);
    sample.exits[0].started_at--;
    json_t *document = document_of(&sample);
    assert_member(document, "containers.0.lastStatus", "\"RUNNING\"");
    assert_absent(at(document, "containers.0"), "exitCode");
    json_decref(document);
}

static void containers_that_are_not_essential_decide_nothing(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
    fill_exits(&sample);
    sample.containers[1].non_essential = true;
    sample.health[1].status = "UNHEALTHY";
    json_t *document = document_of(&sample);
    assert_member(document, "healthStatus", "\"HEALTHY\"");
    assert_member(document, "startedAt", "1700000001");
    assert_member(document, "executionStoppedAt", "1700000130");
    assert_member(document, "containers.1.healthStatus", "\"UNHEALTHY\"");
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
        fill(&sample);
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
    fill(&sample);
    sample.containers[0].started_at = 0;
    json_t *document = document_of(&sample);
    assert_absent(document, "startedAt");
    assert_member(document, "containers.0.lastStatus", "\"PENDING\"");
    json_decref(document);
}

static void stuck_container_tells_why(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
    sample.stuck[0] = (struct stuck_run){
        .container_id = "c1", .started_at = 1700000001000, .reason = "no answer in 30 s"};
    sample.task.stuck.items = sample.stuck;
    sample.task.stuck.count = 1;
    json_t *document = document_of(&sample);
    assert_member(document, "containers.0.reason",
                  "\"CannotStopContainerError: no answer in 30 s\"");
    assert_absent(at(document, "containers.1"), "reason");
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
    fill(&sample);
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
    size_t length = json_string_length(at(document, "containers.0.reason"));
    assert_in_range(length, 1023, 1024);
    json_decref(document);
}

static void same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    struct sample sample;
    fill(&sample);
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
    fill(&sample);
    fill_exits(&sample);
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
        cmocka_unit_test(stop_requested_shows_in_the_document),
        cmocka_unit_test(ended_task_tells_how_its_containers_ended),
        cmocka_unit_test(one_container_ends_before_the_task),
        cmocka_unit_test(exit_codes_fit_32_bits),
        cmocka_unit_test(exit_of_an_earlier_run_is_not_this_runs),
        cmocka_unit_test(containers_that_are_not_essential_decide_nothing),
        cmocka_unit_test(health_of_the_task_is_that_of_its_essential_containers),
        cmocka_unit_test(started_only_when_all_essential_ones_are),
        cmocka_unit_test(stuck_container_tells_why),
        cmocka_unit_test(reasons_are_cut_to_1024_bytes),
        cmocka_unit_test(same_input_gives_the_same_bytes),
        cmocka_unit_test(lack_of_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
