#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_json.h"
#include "worker/runtime/main_process.h"

/* An inspect, and before it is handed on the calls for what it does not say: the image's digests and labels, and
 * the networks' drivers, all kept since they do not change: but an image can get a digest later, by a push. */

enum {
    CACHE_MAX_ENTRIES = 1024,
    PATH_MAX_BYTES = 4096,
    /* Of a question that the engine answers with an error. */
    FACT_TRIES = 3,
    /* Until digests that lack the container's are asked for again. */
    DIGESTS_OLD_MS = DOCKER_INSPECT_OLD_MS
};

struct describing {
    struct docker_operation operation;
    enum docker_priority priority;
    bool with_facts;
    char *container_id;
    json_t *inspect;
    json_t *cache; /* of the fact that is being asked for: borrowed */
    char *key;     /* and its id there */
    int tries;     /* of that fact, without success */
    docker_describe_fn *fn;
    void *context;
};

static void release(struct docker_operation *operation)
{
    struct describing *describing = (struct describing *)operation;
    memory_free(describing->container_id);
    memory_free(describing->key);
    json_decref(describing->inspect);
}

static void finish(struct describing *describing, const struct error *error)
{
    describing->fn(describing->context, error, error == NULL ? describing->inspect : NULL);
    docker_operation_free(&describing->operation);
}

/* ---- facts ---- */

static const json_t *repo_digests(void *context, const char *image_id)
{
    const struct docker *docker = context;
    return json_object_get(docker->repo_digests, image_id);
}

static const json_t *image_labels(void *context, const char *image_id)
{
    const struct docker *docker = context;
    return json_object_get(docker->image_labels, image_id);
}

static const char *network_driver(void *context, const char *network_id)
{
    const struct docker *docker = context;
    return json_string_value(json_object_get(docker->network_drivers, network_id));
}

static bool process_lives(int64_t pid, const char *container_id)
{
    struct main_process process;
    return main_process_read(pid, container_id, &process);
}

struct docker_facts docker_facts_of(struct docker *docker)
{
    return (struct docker_facts){.repo_digests = repo_digests,
                                 .image_labels = image_labels,
                                 .network_driver = network_driver,
                                 .context = docker,
                                 .podman = docker->engine.podman,
                                 .process_lives = process_lives};
}

static const json_t *no_facts(void *context, const char *image_id)
{
    (void)context;
    (void)image_id;
    return NULL;
}

static const char *no_driver(void *context, const char *network_id)
{
    (void)context;
    (void)network_id;
    return NULL;
}

int docker_read_run(const json_t *inspect, struct arena *arena,
                    struct runtime_container *ret_container, struct error *err)
{
    static const struct docker_facts none = {.repo_digests = no_facts,
                                             .image_labels = no_facts,
                                             .network_driver = no_driver,
                                             .process_lives = process_lives};
    return docker_container_read(inspect, &none, arena, ret_container, err);
}

static void remember(json_t *cache, const char *key, json_t *value)
{
    if (json_object_size(cache) >= CACHE_MAX_ENTRIES) {
        (void)json_object_clear(cache);
    }
    (void)json_object_set(cache, key, value);
}

/* They never change: an image that is gone (null) takes none away. One that has none has an empty object. */
static void remember_labels(struct docker *docker, const char *image_id, const json_t *image)
{
    json_t *labels = json_object_get(json_object_get(image, "Config"), "Labels");
    if (image == NULL) {
        if (json_object_get(docker->image_labels, image_id) == NULL) {
            remember(docker->image_labels, image_id, json_null());
        }
        return;
    }
    json_t *known = json_is_object(labels) ? json_incref(labels) : json_object();
    remember(docker->image_labels, image_id, known);
    json_decref(known);
}

static void next_fact(struct describing *describing);

static void on_fact(void *context, const struct docker_response *response)
{
    struct describing *describing = context;
    struct docker *docker = describing->operation.docker;
    bool of_image = describing->cache == docker->repo_digests;
    struct error err = {0};
    json_t *json = docker_response_json(response, &err);
    json_t *value = json_object_get(json, of_image ? "RepoDigests" : "Driver");

    bool gone = response->outcome == DOCKER_ANSWERED && response->status == 404;
    if (value != NULL || gone) {
        json_t *none = json_null();
        remember(describing->cache, describing->key, value == NULL ? none : value);
        if (of_image) {
            remember_labels(docker, describing->key, value == NULL ? NULL : json);
            json_t *now = json_integer(clock_boot_ms(clock_system()));
            remember(docker->digests_asked, describing->key, now);
            json_decref(now);
        }
        json_decref(json);
        describing->tries = 0;
        next_fact(describing);
        return;
    }
    json_decref(json);
    if (response->outcome == DOCKER_ANSWERED && ++describing->tries < FACT_TRIES) {
        next_fact(describing);
        return;
    }
    /* Not known now; the container is described without it rather than not at all. */
    finish(describing, NULL);
}

static void ask_fact(struct describing *describing, json_t *cache, const char *key,
                     const char *folder, const char *rest)
{
    struct error err = {0};
    struct buffer escaped;

    buffer_init(&escaped, PATH_MAX_BYTES);
    memory_free(describing->key);
    describing->key = memory_strdup(key);
    describing->cache = cache;
    if (describing->key == NULL || docker_api_path_escaped(&escaped, key, &err) != 0 ||
        docker_get(describing->operation.docker, describing->priority, on_fact, describing, &err,
                   "/%s/%s%s", folder, escaped.data, rest) != 0) {
        finish(describing, NULL);
    }
    buffer_release(&escaped);
}

struct unknown_network {
    const json_t *known;
    const char *id;
};

static void find_unknown(void *context, const char *network_id)
{
    struct unknown_network *unknown = context;
    if (unknown->id == NULL && json_object_get(unknown->known, network_id) == NULL) {
        unknown->id = network_id;
    }
}

/** A fact that no cache holds yet. */
struct missing_fact {
    json_t *cache; /* NULL = none is missing */
    const char *key, *folder, *rest;
};

/* Digests that lack the container's may have it by now. */
static bool digests_hold(const struct docker *docker, const json_t *inspect, const char *image_id)
{
    const json_t *known = json_object_get(docker->repo_digests, image_id);
    const json_t *asked = json_object_get(docker->digests_asked, image_id);
    return known != NULL && (docker_container_digest(inspect, known) != NULL ||
                             (asked != NULL && clock_boot_ms(clock_system()) <
                                                   json_integer_value(asked) + DIGESTS_OLD_MS));
}

static struct missing_fact find_missing(struct docker *docker, const json_t *inspect)
{
    const char *image_id = docker_container_image_id(inspect);
    struct unknown_network network = {.known = docker->network_drivers};

    docker_container_each_network(inspect, find_unknown, &network);
    if (image_id != NULL && (!digests_hold(docker, inspect, image_id) ||
                             json_object_get(docker->image_labels, image_id) == NULL)) {
        return (struct missing_fact){docker->repo_digests, image_id, "images", "/json"};
    }
    if (network.id != NULL) {
        return (struct missing_fact){docker->network_drivers, network.id, "networks", ""};
    }
    return (struct missing_fact){0};
}

bool docker_facts_known(struct docker *docker, const json_t *inspect)
{
    return find_missing(docker, inspect).cache == NULL;
}

static void next_fact(struct describing *describing)
{
    struct missing_fact missing = find_missing(describing->operation.docker, describing->inspect);
    if (missing.cache == NULL) {
        finish(describing, NULL);
    } else {
        ask_fact(describing, missing.cache, missing.key, missing.folder, missing.rest);
    }
}

/* ---- the inspect ---- */

/* 404 in the engine's own words: not a proxy's, nor for a path that the engine does not know. */
static bool is_gone(const struct docker_response *response)
{
    char message[64];
    if (response->outcome != DOCKER_ANSWERED || response->status != 404) {
        return false;
    }
    docker_response_message(response, message, sizeof message);
    return message[0] != '\0' && strcmp(message, "page not found") != 0;
}

static void on_inspect(void *context, const struct docker_response *response)
{
    struct describing *describing = context;
    struct error err = {0};

    if (is_gone(response)) {
        finish(describing, NULL);
        return;
    }
    json_t *inspect = docker_response_json(response, &err);
    const char *id = docker_json_text(inspect, "Id");
    /* Podman means other things by some members: what the engine is has to be known first. */
    if (inspect != NULL && describing->operation.docker->engine.api_version[0] == '\0') {
        error_set(&err, ERROR_UNAVAILABLE, "the engine has not said yet what it is");
        json_decref(inspect);
        inspect = NULL;
    }
    if (inspect != NULL && id == NULL) {
        error_set(&err, ERROR_CORRUPT, "the engine describes a container without an Id");
        json_decref(inspect);
        inspect = NULL;
    }
    if (inspect == NULL) {
        error_wrap(&err, "inspect of container %.64s", describing->container_id);
        finish(describing, &err);
        return;
    }
    /* Engines take names and beginnings of ids too; only the whole id is meant. */
    if (strcmp(id, describing->container_id) != 0) {
        json_decref(inspect);
        finish(describing, NULL);
        return;
    }
    describing->inspect = inspect;
    if (describing->with_facts) {
        next_fact(describing);
    } else {
        finish(describing, NULL);
    }
}

int docker_describe(struct docker *docker, const char *container_id, enum docker_priority priority,
                    bool with_facts, docker_describe_fn *fn, void *context, struct error *err)
{
    struct describing *describing = docker_operation_new(docker, sizeof *describing, release);
    struct buffer escaped;
    int result = -1;

    if (describing == NULL) {
        return error_no_memory(err, "inspecting a container");
    }
    describing->container_id = memory_strdup(container_id);
    describing->priority = priority;
    describing->with_facts = with_facts;
    describing->fn = fn;
    describing->context = context;
    buffer_init(&escaped, PATH_MAX_BYTES);
    if (describing->container_id == NULL) {
        error_no_memory(err, "inspecting a container");
    } else if (docker_api_path_escaped(&escaped, container_id, err) == 0) {
        result = docker_get(docker, priority, on_inspect, describing, err, "/containers/%s/json",
                            escaped.length == 0 ? "" : escaped.data);
    }
    buffer_release(&escaped);
    if (result != 0) {
        docker_operation_free(&describing->operation);
    }
    return result;
}

/* ---- for the callers of the runtime ---- */

struct inspection {
    struct docker_operation operation;
    runtime_inspect_fn *fn;
    void *context;
};

static void release_nothing(struct docker_operation *operation)
{
    (void)operation;
}

static void on_described(void *context, const struct error *error, json_t *inspect)
{
    struct inspection *inspection = context;
    const struct docker_facts facts = docker_facts_of(inspection->operation.docker);
    struct runtime_container container;
    struct arena arena = {0};
    struct error err = {0};

    if (error == NULL && inspect != NULL &&
        docker_container_read(inspect, &facts, &arena, &container, &err) != 0) {
        error = &err;
    }
    inspection->fn(inspection->context, error,
                   error == NULL && inspect != NULL ? &container : NULL);
    arena_release(&arena);
    docker_operation_free(&inspection->operation);
}

void docker_inspect(struct runtime *runtime, const char *container_id, runtime_inspect_fn *fn,
                    void *context)
{
    struct docker *docker = (struct docker *)runtime;
    struct error err = {0};
    struct inspection *inspection =
        docker_operation_new(docker, sizeof *inspection, release_nothing);

    if (inspection == NULL) {
        error_no_memory(&err, "inspecting a container");
        fn(context, &err, NULL);
        return;
    }
    inspection->fn = fn;
    inspection->context = context;
    if (docker_describe(docker, container_id, DOCKER_NORMAL, true, on_described, inspection,
                        &err) != 0) {
        docker_operation_free(&inspection->operation);
        fn(context, &err, NULL);
    }
}
