#include "worker/runtime/docker_container.h"

#include <string.h>

#include "worker/runtime/docker_image.h"
#include "worker/runtime/docker_json.h"
#include "worker/runtime/docker_ports.h"
#include "worker/runtime/signal_name.h"

enum { MEBIBYTE = 1 << 20, CPU_UNITS_PER_CPU = 1024 };
#define NANOS_PER_CPU INT64_C(1000000000)

/* Docker's names, then those that Podman has besides. */
static const struct {
    const char *name;
    enum runtime_status status;
} STATUSES[] = {
    {"created", RUNTIME_CREATED},     {"running", RUNTIME_RUNNING},
    {"paused", RUNTIME_PAUSED},       {"restarting", RUNTIME_RESTARTING},
    {"exited", RUNTIME_EXITED},       {"removing", RUNTIME_REMOVING},
    {"dead", RUNTIME_DEAD},           {"configured", RUNTIME_CREATED},
    {"initialized", RUNTIME_CREATED}, {"stopped", RUNTIME_EXITED},
    {"stopping", RUNTIME_RUNNING},
};

/* A copy that tells "absent" from "no memory". */
static int copy_text(struct arena *arena, const char *text, const char **ret_copy,
                     struct error *err)
{
    *ret_copy = arena_strdup(arena, text);
    return text != NULL && *ret_copy == NULL ? error_no_memory(err, "reading a container") : 0;
}

static int read_status(const json_t *state, enum runtime_status *ret_status, struct error *err)
{
    const char *name = docker_json_text(state, "Status");
    for (size_t i = 0; name != NULL && i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (strcmp(name, STATUSES[i].name) == 0) {
            *ret_status = STATUSES[i].status;
            return 0;
        }
    }
    return error_set(err, ERROR_CORRUPT, "the engine's State.Status is \"%.40s\", which is unknown",
                     name == NULL ? "" : name);
}

static const char *read_health(const json_t *state)
{
    const char *status = docker_json_text(json_object_get(state, "Health"), "Status");
    if (status != NULL && strcmp(status, "healthy") == 0) {
        return "HEALTHY";
    }
    return status != NULL && strcmp(status, "unhealthy") == 0 ? "UNHEALTHY" : "UNKNOWN";
}

/* The engine keeps the former run's end in a running container: it counts only when no process is
 * left. A negative code is Podman's for an end that nobody saw. */
static void read_end(const json_t *state, struct runtime_container *container)
{
    if (runtime_is_running(container->status) || container->described.started_at == 0) {
        return;
    }
    container->finished_at = docker_json_time_ms(state, "FinishedAt");
    int64_t code = docker_json_integer(state, "ExitCode", -1);
    if (container->finished_at != 0 && code >= 0) {
        container->exit_code = (struct optional_integer){.known = true, .value = code};
    }
}

/* An end that the engine has not seen is none while the process is there. */
static bool runs_on(const json_t *state, const struct docker_facts *facts,
                    const struct runtime_container *container)
{
    return container->status == RUNTIME_EXITED && docker_json_integer(state, "ExitCode", 0) < 0 &&
           facts->process_lives != NULL &&
           facts->process_lives(container->pid, container->described.container_id);
}

static int read_state(const json_t *state, const struct docker_facts *facts, struct arena *arena,
                      struct runtime_container *container, struct error *err)
{
    if (read_status(state, &container->status, err) != 0) {
        return -1;
    }
    container->described.started_at = docker_json_time_ms(state, "StartedAt");
    container->oom_killed = docker_json_is_true(state, "OOMKilled");
    container->health = read_health(state);
    container->pid = docker_json_integer(state, "Pid", 0);
    if (runs_on(state, facts, container)) {
        container->status = RUNTIME_RUNNING;
    }
    read_end(state, container);
    return copy_text(arena, docker_json_text(state, "Error"), &container->state_error, err);
}

static int add_text(struct text_list *list, struct arena *arena, const char *text, size_t length,
                    struct error *err)
{
    const char **items = arena_grow(arena, list->items, list->count, sizeof *items);
    char *copy = arena_strndup(arena, text, length);
    if (items == NULL || copy == NULL) {
        return error_no_memory(err, "reading a container");
    }
    list->items = items;
    items[list->count++] = copy;
    return 0;
}

/* Links are "/db:/web/alias", VolumesFrom "db:ro": what stands before the colon is meant. */
static int read_needs(const json_t *array, struct arena *arena, struct text_list *list,
                      struct error *err)
{
    size_t i;
    json_t *value;
    json_array_foreach(array, i, value)
    {
        const char *text = json_string_value(value);
        if (text != NULL && text[0] == '/') {
            text++;
        }
        size_t length = text == NULL ? 0 : strcspn(text, ":");
        if (length > 0 && add_text(list, arena, text, length, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int read_container_mode(const json_t *host, const char *key, struct arena *arena,
                               const char **ret_container, struct error *err)
{
    const char *mode = docker_json_text(host, key);
    bool shares = mode != NULL && strncmp(mode, "container:", strlen("container:")) == 0;
    return copy_text(arena, shares ? mode + strlen("container:") : NULL, ret_container, err);
}

/* ---- resources ---- */

static int read_gpu_requests(const json_t *requests, struct arena *arena, struct text_list *gpus,
                             struct error *err)
{
    size_t i, j;
    json_t *request, *id;
    json_array_foreach(requests, i, request)
    {
        json_array_foreach(json_object_get(request, "DeviceIDs"), j, id)
        {
            const char *text = json_string_value(id);
            if (text != NULL && text[0] != '\0' &&
                add_text(gpus, arena, text, strlen(text), err) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* "NVIDIA_VISIBLE_DEVICES=GPU-…,MIG-…": "all", "none" and index numbers are no ids. */
static int read_gpu_variable(const json_t *environment, struct arena *arena, struct text_list *gpus,
                             struct error *err)
{
    static const char name[] = "NVIDIA_VISIBLE_DEVICES=";
    size_t i;
    json_t *variable;
    json_array_foreach(environment, i, variable)
    {
        const char *text = json_string_value(variable);
        if (text == NULL || strncmp(text, name, strlen(name)) != 0) {
            continue;
        }
        for (text += strlen(name); *text != '\0'; text += *text == ',' ? 1 : 0) {
            size_t length = strcspn(text, ",");
            bool is_id =
                length > 4 && (strncmp(text, "GPU-", 4) == 0 || strncmp(text, "MIG-", 4) == 0);
            if (is_id && add_text(gpus, arena, text, length, err) != 0) {
                return -1;
            }
            text += length;
        }
    }
    return 0;
}

static int read_resources(const json_t *host, const json_t *config, struct arena *arena,
                          struct described_container *described, struct error *err)
{
    int64_t shares = docker_json_integer(host, "CpuShares", 0);
    int64_t nanos = docker_json_integer(host, "NanoCpus", 0);
    int64_t memory = docker_json_integer(host, "Memory", 0);
    int64_t reservation = docker_json_integer(host, "MemoryReservation", 0);

    if (shares <= 0 && nanos > 0 && nanos <= INT64_MAX / CPU_UNITS_PER_CPU) {
        shares = nanos * CPU_UNITS_PER_CPU / NANOS_PER_CPU;
    }
    described->cpu = shares > 0 ? shares : 0;
    described->memory_mib = memory > 0 ? memory / MEBIBYTE : 0;
    described->memory_reservation_mib = reservation > 0 ? reservation / MEBIBYTE : 0;
    if (read_gpu_requests(json_object_get(host, "DeviceRequests"), arena, &described->gpu_ids,
                          err) != 0) {
        return -1;
    }
    return described->gpu_ids.count > 0
               ? 0
               : read_gpu_variable(json_object_get(config, "Env"), arena, &described->gpu_ids, err);
}

/* ---- how it is stopped, what it needs ---- */

static int read_host_config(const json_t *host, struct arena *arena,
                            struct runtime_container *container, struct error *err)
{
    const char *policy = docker_json_text(json_object_get(host, "RestartPolicy"), "Name");
    container->described.auto_remove = docker_json_is_true(host, "AutoRemove");
    if (policy != NULL && strcmp(policy, "no") == 0) {
        policy = NULL;
    }
    bool ok =
        copy_text(arena, policy, &container->described.restart_policy, err) == 0 &&
        read_container_mode(host, "NetworkMode", arena, &container->network_container, err) == 0 &&
        read_container_mode(host, "IpcMode", arena, &container->ipc_container, err) == 0 &&
        read_container_mode(host, "PidMode", arena, &container->pid_container, err) == 0 &&
        read_needs(json_object_get(host, "Links"), arena, &container->links, err) == 0 &&
        read_needs(json_object_get(host, "VolumesFrom"), arena, &container->volumes_from, err) == 0;
    return ok ? 0 : -1;
}

static int read_labels(json_t *labels, const json_t *of_image, struct arena *arena,
                       struct runtime_container *container, struct error *err)
{
    const char *key;
    json_t *text;
    size_t count = json_object_size(labels);
    container->labels.items = arena_alloc(arena, (count + 1) * sizeof *container->labels.items);
    if (container->labels.items == NULL) {
        return error_no_memory(err, "reading a container's labels");
    }
    json_object_foreach(labels, key, text)
    {
        const char *value = json_string_value(text);
        struct runtime_label label = {.key = arena_strdup(arena, key),
                                      .value = arena_strdup(arena, value),
                                      .inherited =
                                          json_equal(text, json_object_get(of_image, key)) != 0};
        if (value == NULL) {
            continue;
        }
        if (label.key == NULL || label.value == NULL) {
            return error_no_memory(err, "reading a container's labels");
        }
        container->labels.items[container->labels.count++] = label;
    }
    return 0;
}

static int read_config(const json_t *inspect, const struct docker_facts *facts, struct arena *arena,
                       struct runtime_container *container, struct error *err)
{
    const json_t *config = json_object_get(inspect, "Config");
    const char *image_id = docker_container_image_id(inspect);
    const json_t *of_image =
        image_id == NULL ? NULL : facts->image_labels(facts->context, image_id);
    const json_t *timeout = json_object_get(config, "StopTimeout");
    container->image_labels_unknown = image_id != NULL && !json_is_object(of_image);
    /* Podman writes 0 of a container whose creator said nothing to its compatible API. */
    bool said = json_is_integer(timeout) && !(facts->podman && json_integer_value(timeout) == 0);
    container->configured_stop_signal =
        signal_name_normalize(span_of(docker_json_text(config, "StopSignal")));
    if (said) {
        int64_t seconds = (int64_t)json_integer_value(timeout);
        bool fits = seconds <= INT64_MAX / 1000 && seconds >= INT64_MIN / 1000;
        container->configured_stop_timeout_ms =
            (struct optional_integer){.known = fits, .value = fits ? seconds * 1000 : 0};
    }
    return read_labels(json_object_get(config, "Labels"), of_image, arena, container, err);
}

/* ---- networks ---- */

static bool is_engines_own(const char *name)
{
    return strcmp(name, "bridge") == 0 || strcmp(name, "host") == 0 || strcmp(name, "none") == 0;
}

static int add_interface(struct described_container *described, struct arena *arena,
                         const json_t *endpoint, struct error *err)
{
    const char *ipv4 = docker_json_text(endpoint, "IPAddress");
    const char *ipv6 = docker_json_text(endpoint, "GlobalIPv6Address");
    struct network_interface *items =
        arena_grow(arena, described->network_interfaces.items, described->network_interfaces.count,
                   sizeof *items);
    struct network_interface added = {.private_ipv4 = arena_strdup(arena, ipv4),
                                      .ipv6 = arena_strdup(arena, ipv6)};
    if (items == NULL || (ipv4 != NULL && added.private_ipv4 == NULL) ||
        (ipv6 != NULL && added.ipv6 == NULL)) {
        return error_no_memory(err, "reading a container's networks");
    }
    described->network_interfaces.items = items;
    if (ipv4 != NULL || ipv6 != NULL) {
        items[described->network_interfaces.count++] = added;
    }
    return 0;
}

static int read_networks(const json_t *settings, const struct docker_facts *facts,
                         struct arena *arena, struct described_container *described,
                         struct error *err)
{
    const char *name;
    json_t *endpoint;
    json_object_foreach(json_object_get(settings, "Networks"), name, endpoint)
    {
        const char *id = docker_json_text(endpoint, "NetworkID");
        const char *driver =
            id == NULL || is_engines_own(name) ? NULL : facts->network_driver(facts->context, id);
        bool own =
            driver != NULL && (strcmp(driver, "macvlan") == 0 || strcmp(driver, "ipvlan") == 0);
        if (own && add_interface(described, arena, endpoint, err) != 0) {
            return -1;
        }
    }
    return docker_ports_read(json_object_get(settings, "Ports"), arena, described, err);
}

void docker_container_each_network(const json_t *inspect,
                                   void (*fn)(void *context, const char *network_id), void *context)
{
    const json_t *settings = json_object_get(inspect, "NetworkSettings");
    const char *name;
    json_t *endpoint;
    json_object_foreach(json_object_get(settings, "Networks"), name, endpoint)
    {
        const char *id = docker_json_text(endpoint, "NetworkID");
        if (id != NULL && !is_engines_own(name)) {
            fn(context, id);
        }
    }
}

/* ---- the whole ---- */

const char *docker_container_image_id(const json_t *inspect)
{
    return docker_json_text(inspect, "Image");
}

const char *docker_container_digest(const json_t *inspect, const json_t *repo_digests)
{
    const char *configured = docker_json_text(json_object_get(inspect, "Config"), "Image");
    const char *digest = configured == NULL ? NULL : docker_image_digest_of(configured);
    return digest != NULL || configured == NULL ? digest
                                                : docker_image_match(repo_digests, configured);
}

static int read_image(const json_t *inspect, const struct docker_facts *facts, struct arena *arena,
                      struct described_container *described, struct error *err)
{
    const char *configured = docker_json_text(json_object_get(inspect, "Config"), "Image");
    const char *id = docker_container_image_id(inspect);
    const char *digest = docker_container_digest(
        inspect, id == NULL ? NULL : facts->repo_digests(facts->context, id));
    bool ok = copy_text(arena, configured, &described->image, err) == 0 &&
              copy_text(arena, digest, &described->image_digest, err) == 0;
    return ok ? 0 : -1;
}

static int read_identity(const json_t *inspect, struct arena *arena,
                         struct described_container *described, struct error *err)
{
    const char *id = docker_json_text(inspect, "Id");
    const char *name = docker_json_text(inspect, "Name");
    if (id == NULL) {
        return error_set(err, ERROR_CORRUPT, "the engine describes a container without an Id");
    }
    if (name != NULL && name[0] == '/') {
        name++;
    }
    described->container_id = arena_strdup(arena, id);
    described->name = arena_strdup(arena, name == NULL ? id : name);
    described->created_at = docker_json_time_ms(inspect, "Created");
    return described->container_id == NULL || described->name == NULL
               ? error_no_memory(err, "reading a container")
               : 0;
}

int docker_container_read(const json_t *inspect, const struct docker_facts *facts,
                          struct arena *arena, struct runtime_container *ret_container,
                          struct error *err)
{
    struct runtime_container container = {0};
    struct described_container *described = &container.described;
    const json_t *config = json_object_get(inspect, "Config");
    const json_t *host = json_object_get(inspect, "HostConfig");

    if (read_identity(inspect, arena, described, err) != 0) {
        return -1;
    }
    if (read_state(json_object_get(inspect, "State"), facts, arena, &container, err) != 0 ||
        read_image(inspect, facts, arena, described, err) != 0 ||
        read_resources(host, config, arena, described, err) != 0 ||
        read_host_config(host, arena, &container, err) != 0 ||
        read_config(inspect, facts, arena, &container, err) != 0 ||
        read_networks(json_object_get(inspect, "NetworkSettings"), facts, arena, described, err) !=
            0) {
        return error_wrap(err, "container %.64s", described->container_id);
    }
    *ret_container = container;
    return 0;
}
