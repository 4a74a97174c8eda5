/* Containers as real engines describe them, and as no engine should. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/docker_sample.h"
#include "worker/runtime/docker_container.h"
#include "worker/runtime/docker_image.h"
#include "worker/runtime/docker_json.h"
#include "worker/runtime/docker_ports.h"

static json_t *digests, *image_labels;
static const char *driver;

static const json_t *sample_digests(void *context, const char *image_id)
{
    (void)context;
    assert_non_null(image_id);
    return digests;
}

static const char *sample_driver(void *context, const char *network_id)
{
    (void)context;
    assert_non_null(network_id);
    return driver;
}

static const json_t *sample_labels(void *context, const char *image_id)
{
    (void)context;
    assert_non_null(image_id);
    return image_labels;
}

static const struct docker_facts FACTS = {
    .repo_digests = sample_digests, .image_labels = sample_labels, .network_driver = sample_driver};

static struct arena arena;
static struct error err;

static int set_up(void **state)
{
    (void)state;
    digests = NULL;
    image_labels = NULL;
    driver = NULL;
    err = (struct error){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(digests);
    json_decref(image_labels);
    arena_release(&arena);
    return 0;
}

static struct runtime_container read_json(json_t *json)
{
    struct runtime_container container = {0};
    if (docker_container_read(json, &FACTS, &arena, &container, &err) != 0) {
        fail_msg("%s", err.message);
    }
    json_decref(json);
    return container;
}

static struct runtime_container read_sample(const char *name)
{
    return read_json(docker_sample_json(name));
}

static const char *label_of(const struct runtime_container *container, const char *key)
{
    for (size_t i = 0; i < container->labels.count; i++) {
        if (strcmp(container->labels.items[i].key, key) == 0) {
            return container->labels.items[i].value;
        }
    }
    return NULL;
}

static void a_running_container_has_all_its_members(void **state)
{
    struct runtime_container container = read_sample("docker_web.json");
    const struct described_container *described = &container.described;
    (void)state;

    assert_string_equal(described->name, "demo-web");
    assert_string_equal(described->container_id,
                        "1921de341bb894ef258836f7bb8820ef293fd7693f668a384848f4f453fa3763");
    assert_int_equal(described->created_at, 1795413862826);
    assert_int_equal(described->started_at, 1795413863129);
    assert_string_equal(described->image, "demo:plain");
    assert_null(described->image_digest);
    assert_int_equal(described->cpu, 512);
    assert_int_equal(described->memory_mib, 128);
    assert_int_equal(described->memory_reservation_mib, 64);
    assert_int_equal(described->gpu_ids.count, 2);
    assert_string_equal(described->gpu_ids.items[0], "GPU-aaa");
    assert_string_equal(described->gpu_ids.items[1], "GPU-bbb");
    assert_string_equal(described->restart_policy, "unless-stopped");
    assert_false(described->auto_remove);
    assert_int_equal(container.status, RUNTIME_RUNNING);
    assert_int_equal(container.pid, 10550);
    assert_int_equal(container.finished_at, 0);
    assert_false(container.exit_code.known);
    assert_null(container.state_error);
    assert_null(container.configured_stop_signal);
    assert_true(container.configured_stop_timeout_ms.known);
    assert_int_equal(container.configured_stop_timeout_ms.value, 12000);
    assert_int_equal(container.links.count, 1);
    assert_string_equal(container.links.items[0], "demo-db");
    assert_int_equal(container.volumes_from.count, 1);
    assert_string_equal(container.volumes_from.items[0], "demo-db");
    assert_string_equal(label_of(&container, "io.stopfleet.task"), "web");
    assert_null(container.network_container);
}

static void ports_of_protocols_that_ecs_lacks_are_left_out(void **state)
{
    struct described_container described = {0};
    json_t *ports = json_loads("{\"5060/sctp\":[{\"HostIp\":\"::\",\"HostPort\":\"5060\"}],"
                               "\"53/udp\":[{\"HostIp\":\"::\",\"HostPort\":\"53\"}]}",
                               0, NULL);
    (void)state;
    assert_int_equal(docker_ports_read(ports, &arena, &described, &err), 0);
    assert_int_equal(described.network_bindings.count, 1);
    assert_string_equal(described.network_bindings.items[0].protocol, "udp");
    json_decref(ports);
}

static void ports_become_bindings_and_ranges(void **state)
{
    struct runtime_container container = read_sample("docker_web.json");
    const struct network_binding *bindings = container.described.network_bindings.items;
    (void)state;

    assert_int_equal(container.described.network_bindings.count, 5);
    assert_string_equal(bindings[0].bind_ip, "0.0.0.0");
    assert_string_equal(bindings[0].protocol, "tcp");
    assert_int_equal(bindings[0].container_port, 9000);
    assert_int_equal(bindings[0].host_port, 32768);
    assert_string_equal(bindings[1].bind_ip, "127.0.0.1");
    assert_int_equal(bindings[1].container_port, 80);
    assert_int_equal(bindings[1].host_port, 18080);
    assert_string_equal(bindings[2].bind_ip, "::");
    assert_int_equal(bindings[2].container_port, 9000);
    assert_string_equal(bindings[3].protocol, "udp");
    assert_string_equal(bindings[3].bind_ip, "0.0.0.0");
    assert_string_equal(bindings[3].container_port_range, "8000-8003");
    assert_string_equal(bindings[3].host_port_range, "18000-18003");
    assert_int_equal(bindings[3].container_port, 0);
    assert_string_equal(bindings[4].bind_ip, "::");
}

static struct described_container read_ports(const char *text)
{
    struct described_container described = {0};
    json_t *json = docker_json_parse(span_of(text), &err);
    assert_non_null(json);
    assert_int_equal(docker_ports_read(json, &arena, &described, &err), 0);
    json_decref(json);
    return described;
}

static void two_neighbours_stay_single_ports(void **state)
{
    (void)state;
    struct described_container described =
        read_ports("{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}],"
                   "\"81/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8081\"}]}");
    assert_int_equal(described.network_bindings.count, 2);
    assert_string_equal(described.network_bindings.items[0].bind_ip, "0.0.0.0");
    assert_int_equal(described.network_bindings.items[1].host_port, 8081);
}

static void ports_that_are_none_are_left_out(void **state)
{
    (void)state;
    struct described_container described =
        read_ports("{\"80/tcp\":null,\"81/tcp\":[],\"x/"
                   "tcp\":[{\"HostPort\":\"1\"}],\"82\":[{\"HostPort\":\"1\"}],"
                   "\"83/tcp\":[{\"HostPort\":\"70000\"},{\"HostPort\":\"\"},{},7,null],\"84/"
                   "\":[{\"HostPort\":"
                   "\"1\"}],\"-1/tcp\":[{\"HostPort\":\"1\"}]}");
    assert_int_equal(described.network_bindings.count, 0);
    assert_int_equal(read_ports("{}").network_bindings.count, 0);
    assert_int_equal(read_ports("[1]").network_bindings.count, 0);
}

static void shared_namespaces_health_and_signal_are_read(void **state)
{
    struct runtime_container container = read_sample("docker_side.json");
    (void)state;
    assert_string_equal(container.network_container,
                        "1921de341bb894ef258836f7bb8820ef293fd7693f668a384848f4f453fa3763");
    assert_string_equal(container.pid_container, container.network_container);
    assert_null(container.ipc_container);
    assert_string_equal(container.health, "HEALTHY");
    assert_string_equal(container.configured_stop_signal, "SIGRTMIN+3");
    assert_true(container.described.auto_remove);
    assert_null(container.described.restart_policy);
}

static void a_created_container_has_not_started_or_ended(void **state)
{
    struct runtime_container container = read_sample("docker_created.json");
    (void)state;
    assert_int_equal(container.status, RUNTIME_CREATED);
    assert_int_equal(container.described.started_at, 0);
    assert_int_equal(container.finished_at, 0);
    assert_false(container.exit_code.known);
    assert_true(container.described.created_at > 0);
    assert_string_equal(container.health, "UNKNOWN");
}

static void an_oom_kill_is_read(void **state)
{
    struct runtime_container container = read_sample("docker_oom.json");
    (void)state;
    assert_int_equal(container.status, RUNTIME_EXITED);
    assert_true(container.oom_killed);
    assert_int_equal(container.exit_code.value, 137);
    assert_int_equal(container.finished_at, 1795413863708);
    assert_int_equal(container.pid, 0);
}

static void podman_writes_numbers_for_signals(void **state)
{
    struct runtime_container running = read_sample("podman_running.json");
    (void)state;
    assert_int_equal(running.status, RUNTIME_RUNNING);
    assert_string_equal(running.configured_stop_signal, "SIGTERM");
    assert_int_equal(running.configured_stop_timeout_ms.value, 7000);
    assert_string_equal(running.described.network_bindings.items[0].bind_ip, "0.0.0.0");
    assert_int_equal(running.described.network_bindings.items[0].host_port, 18555);

    struct runtime_container exited = read_sample("podman_exited.json");
    assert_int_equal(exited.status, RUNTIME_EXITED);
    assert_int_equal(exited.exit_code.value, 137);
    assert_int_equal(exited.described.started_at, running.described.started_at);
}

/* Its compatible API writes 0 where the creator said nothing; Docker writes nothing then. */
static void podmans_zero_is_no_stop_timeout(void **state)
{
    static const struct docker_facts podman = {.repo_digests = sample_digests,
                                               .image_labels = sample_labels,
                                               .network_driver = sample_driver,
                                               .podman = true};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct runtime_container container = {0};
        json_t *json = docker_sample_json("podman_running.json");
        json_t *config = json_object_get(json, "Config");
        assert_int_equal(json_object_set_new(config, "StopTimeout", json_integer(0)), 0);
        int read = docker_container_read(json, i == 0 ? &podman : &FACTS, &arena, &container, &err);
        assert_int_equal(read, 0);
        assert_true(container.configured_stop_timeout_ms.known == (i == 1));
        json_decref(json);
    }
}

static struct runtime_container read_state(const char *state_json)
{
    json_t *json = docker_sample_json("docker_web.json");
    json_t *state = docker_json_parse(span_of(state_json), &err);
    assert_non_null(state);
    assert_int_equal(json_object_set_new(json, "State", state), 0);
    return read_json(json);
}

#define STARTED  "\"StartedAt\":\"2026-11-23T06:04:23.1Z\","
#define FINISHED "\"FinishedAt\":\"2026-11-23T07:00:00+01:00\","

static void states_of_both_engines_are_known(void **state)
{
    static const struct {
        const char *name;
        enum runtime_status status;
    } cases[] = {{"created", RUNTIME_CREATED},     {"running", RUNTIME_RUNNING},
                 {"paused", RUNTIME_PAUSED},       {"restarting", RUNTIME_RESTARTING},
                 {"exited", RUNTIME_EXITED},       {"removing", RUNTIME_REMOVING},
                 {"dead", RUNTIME_DEAD},           {"configured", RUNTIME_CREATED},
                 {"initialized", RUNTIME_CREATED}, {"stopped", RUNTIME_EXITED},
                 {"stopping", RUNTIME_RUNNING}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "{" STARTED "\"Status\":\"%s\"}", cases[i].name);
        assert_int_equal(read_state(text).status, cases[i].status);
    }
}

static void an_end_counts_only_when_no_process_is_left(void **state)
{
    (void)state;
    struct runtime_container running =
        read_state("{" STARTED FINISHED "\"Status\":\"running\",\"ExitCode\":3}");
    assert_int_equal(running.finished_at, 0);
    assert_false(running.exit_code.known);

    struct runtime_container restarting =
        read_state("{" STARTED FINISHED "\"Status\":\"restarting\",\"ExitCode\":3}");
    assert_int_equal(restarting.exit_code.value, 3);
    assert_true(restarting.finished_at > 0);

    assert_false(read_state("{" STARTED "\"Status\":\"exited\",\"ExitCode\":0}").exit_code.known);
    assert_false(
        read_state("{" STARTED FINISHED "\"Status\":\"exited\",\"ExitCode\":-1}").exit_code.known);
    assert_false(read_state("{" STARTED FINISHED "\"Status\":\"exited\"}").exit_code.known);
    /* Windows: the process was ended by the system. */
    assert_int_equal(
        read_state("{" STARTED FINISHED "\"Status\":\"exited\",\"ExitCode\":1073807364}")
            .exit_code.value,
        1073807364);
}

static void a_failed_start_is_no_run(void **state)
{
    (void)state;
    struct runtime_container container = read_state(
        "{\"Status\":\"created\",\"ExitCode\":128,\"Error\":\"no such network\","
        "\"StartedAt\":\"0001-01-01T00:00:00Z\",\"FinishedAt\":\"0001-01-01T00:00:00Z\"}");
    assert_string_equal(container.state_error, "no such network");
    assert_int_equal(container.described.started_at, 0);
    assert_false(container.exit_code.known);
}

static void what_is_no_container_is_refused(void **state)
{
    static const char *const texts[] = {"null",
                                        "[]",
                                        "7",
                                        "{}",
                                        "{\"Id\":\"a\"}",
                                        "{\"Id\":7,\"State\":{\"Status\":\"exited\"}}",
                                        "{\"Id\":\"a\",\"State\":{\"Status\":\"unheard-of\"}}",
                                        "{\"Id\":\"a\",\"State\":[]}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct runtime_container container;
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        assert_int_equal(docker_container_read(json, &FACTS, &arena, &container, &err), -1);
        assert_int_equal(err.code, ERROR_CORRUPT);
        json_decref(json);
    }
}

static void members_of_other_types_are_as_absent(void **state)
{
    json_t *json = json_loads(
        "{\"Id\":\"a\",\"Name\":7,\"Created\":{},\"State\":{\"Status\":\"running\",\"Pid\":\"x\","
        "\"Health\":[],\"StartedAt\":1},\"Config\":{\"Labels\":{\"a\":1,\"b\":\"c\"},\"Env\":{},"
        "\"StopSignal\":15,\"StopTimeout\":\"1\"},\"HostConfig\":{\"Memory\":-1,\"CpuShares\":[],"
        "\"Links\":[7,null,\"\",\"/\",\"/x:/y\"],\"VolumesFrom\":\"x\",\"DeviceRequests\":[1,"
        "{\"DeviceIDs\":[1,\"\",\"GPU-1\"]}]},\"NetworkSettings\":{\"Networks\":[],\"Ports\":7}}",
        0, NULL);
    (void)state;
    assert_non_null(json);
    struct runtime_container container = read_json(json);
    assert_string_equal(container.described.name, "a");
    assert_int_equal(container.labels.count, 1);
    assert_int_equal(container.links.count, 1);
    assert_string_equal(container.links.items[0], "x");
    assert_int_equal(container.described.gpu_ids.count, 1);
    assert_int_equal(container.described.memory_mib, 0);
    assert_null(container.configured_stop_signal);
    assert_false(container.configured_stop_timeout_ms.known);
}

static void the_digest_is_that_of_the_configured_repository(void **state)
{
    (void)state;
    digests = json_pack("[s, s]", "other/plain@sha256:11", "docker.io/library/demo@sha256:22");
    struct runtime_container container = read_sample("docker_web.json");
    assert_string_equal(container.described.image_digest, "sha256:22");
}

static void a_digest_in_the_reference_needs_no_look_up(void **state)
{
    json_t *json = docker_sample_json("docker_web.json");
    (void)state;
    assert_int_equal(json_object_set_new(json_object_get(json, "Config"), "Image",
                                         json_string("r.example:5000/a/b@sha256:33")),
                     0);
    assert_string_equal(read_json(json).described.image_digest, "sha256:33");
}

static void labels_that_the_image_has_too_are_told_apart(void **state)
{
    json_t *json = docker_sample_json("docker_web.json");
    json_t *labels = json_pack("{s:s, s:s, s:s}", "kept", "1", "changed", "2", "own", "3");
    (void)state;
    image_labels = json_pack("{s:s, s:s, s:s}", "kept", "1", "changed", "1", "gone", "4");
    assert_int_equal(json_object_set_new(json_object_get(json, "Config"), "Labels", labels), 0);
    struct runtime_container container = read_json(json);
    assert_int_equal(container.labels.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct runtime_label *label = &container.labels.items[i];
        assert_true(label->inherited == (strcmp(label->key, "kept") == 0));
    }
}

/* Three states: an image without labels is not one that nobody could ask. */
static void labels_of_an_image_may_be_unknown(void **state)
{
    (void)state;
    assert_true(read_sample("docker_web.json").image_labels_unknown);
    image_labels = json_null(); /* as of an image that is gone */
    assert_true(read_sample("docker_web.json").image_labels_unknown);
    image_labels = json_object();
    assert_false(read_sample("docker_web.json").image_labels_unknown);
}

static void repositories_match_whatever_their_spelling(void **state)
{
    json_t *list =
        json_pack("[s, s, s]", "nginx@sha256:aa", "r.example:5000/nginx@sha256:bb", "not-a-digest");
    (void)state;
    assert_string_equal(docker_image_match(list, "nginx:1.27"), "sha256:aa");
    assert_string_equal(docker_image_match(list, "docker.io/library/nginx"), "sha256:aa");
    assert_string_equal(docker_image_match(list, "index.docker.io/library/nginx:x"), "sha256:aa");
    assert_string_equal(docker_image_match(list, "r.example:5000/nginx:1"), "sha256:bb");
    assert_null(docker_image_match(list, "sha256:0123"));
    assert_null(docker_image_match(list, "nginx2"));
    assert_null(docker_image_match(NULL, "nginx"));
    json_decref(list);
}

static struct runtime_container read_with_network(const char *name)
{
    json_t *json = docker_sample_json("docker_web.json");
    json_t *networks = json_pack("{s:{s:s, s:s, s:s}}", name, "NetworkID", "n1", "IPAddress",
                                 "10.9.0.7", "GlobalIPv6Address", "fd00::7");
    assert_int_equal(
        json_object_set_new(json_object_get(json, "NetworkSettings"), "Networks", networks), 0);
    return read_json(json);
}

static void own_addresses_are_interfaces(void **state)
{
    (void)state;
    driver = "macvlan";
    struct runtime_container own = read_with_network("lan");
    assert_int_equal(own.described.network_interfaces.count, 1);
    assert_string_equal(own.described.network_interfaces.items[0].private_ipv4, "10.9.0.7");
    assert_string_equal(own.described.network_interfaces.items[0].ipv6, "fd00::7");
    driver = "bridge";
    assert_int_equal(read_with_network("lan").described.network_interfaces.count, 0);
    driver = "ipvlan";
    assert_int_equal(read_with_network("lan").described.network_interfaces.count, 1);
    /* The engine's own networks are not asked about. */
    assert_int_equal(read_with_network("bridge").described.network_interfaces.count, 0);
}

static void a_label_with_a_nul_hides_nothing(void **state)
{
    static const char text[] = "{\"Id\":\"a\",\"State\":{\"Status\":\"running\"},\"Config\":"
                               "{\"Labels\":{\"k\":\"v\\u0000w\"}}}";
    json_t *json = docker_json_parse(span_of(text), &err);
    (void)state;
    assert_non_null(json);
    struct runtime_container container = read_json(json);
    assert_string_equal(label_of(&container, "k"), "v");
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    digests = json_pack("[s]", "demo@sha256:22");
    driver = "macvlan";
    for (uint64_t n = 1;; n++) {
        struct runtime_container container;
        json_t *json = docker_sample_json("docker_web.json");
        memory_fail_nth(n, false);
        int result = docker_container_read(json, &FACTS, &arena, &container, &err);
        memory_fail_nth(0, false);
        json_decref(json);
        arena_release(&arena);
        if (result == 0) {
            assert_true(n > 1);
            break;
        }
        assert_int_equal(err.code, ERROR_NO_MEMORY);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_running_container_has_all_its_members),
        TEST(ports_of_protocols_that_ecs_lacks_are_left_out),
        TEST(ports_become_bindings_and_ranges),
        TEST(two_neighbours_stay_single_ports),
        TEST(ports_that_are_none_are_left_out),
        TEST(shared_namespaces_health_and_signal_are_read),
        TEST(a_created_container_has_not_started_or_ended),
        TEST(an_oom_kill_is_read),
        TEST(podman_writes_numbers_for_signals),
        TEST(podmans_zero_is_no_stop_timeout),
        TEST(states_of_both_engines_are_known),
        TEST(an_end_counts_only_when_no_process_is_left),
        TEST(a_failed_start_is_no_run),
        TEST(what_is_no_container_is_refused),
        TEST(members_of_other_types_are_as_absent),
        TEST(the_digest_is_that_of_the_configured_repository),
        TEST(a_digest_in_the_reference_needs_no_look_up),
        TEST(labels_that_the_image_has_too_are_told_apart),
        TEST(labels_of_an_image_may_be_unknown),
        TEST(repositories_match_whatever_their_spelling),
        TEST(own_addresses_are_interfaces),
        TEST(a_label_with_a_nul_hides_nothing),
        TEST(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
