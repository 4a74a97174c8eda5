#include "tests/unit/domain/document_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

void document_sample_fill(struct sample *sample)
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

json_t *document_of(const struct sample *sample)
{
    struct error err = {0};
    json_t *document = task_document(&sample->task, &sample->live, true, &err);
    if (document == NULL) {
        fail_msg("%s", err.message);
    }
    return document;
}

const json_t *document_at(const json_t *json, const char *path)
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

void assert_member(const json_t *json, const char *path, const char *wanted)
{
    char *text = json_dumps(document_at(json, path), TASK_DOCUMENT_DUMP_FLAGS | JSON_ENCODE_ANY);
    if (strcmp(text, wanted) != 0) {
        fail_msg("%s is %s, wanted %s", path, text, wanted);
    }
    free(text);
}

void assert_absent(const json_t *json, const char *name)
{
    if (json_object_get(json, name) != NULL) {
        fail_msg("%s is there", name);
    }
}

void document_sample_fill_exits(struct sample *sample)
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
