#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_json.h"

/* All containers: their ids, then an inspect of each, a few at a time so that others get calls too. */

enum { INSPECTS_AT_ONCE = 8 };

struct listing {
    struct docker_operation operation;
    json_t *entries; /* the engine's list; NULL = not here yet */
    size_t next, open;
    bool failed;
    struct error error; /* the first */
    struct arena arena;
    struct runtime_container *containers;
    size_t count;
    runtime_list_fn *fn;
    void *context;
};

static void release(struct docker_operation *operation)
{
    struct listing *listing = (struct listing *)operation;
    json_decref(listing->entries);
    arena_release(&listing->arena);
}

static void finish(struct listing *listing)
{
    if (listing->failed) {
        listing->fn(listing->context, &listing->error, NULL, 0);
    } else {
        listing->fn(listing->context, NULL, listing->containers, listing->count);
    }
    docker_operation_free(&listing->operation);
}

static void fail(struct listing *listing, const struct error *error)
{
    if (!listing->failed) {
        listing->failed = true;
        listing->error = *error;
    }
}

static void add(struct listing *listing, json_t *inspect)
{
    const struct docker_facts facts = docker_facts_of(listing->operation.docker);
    struct error err = {0};
    struct runtime_container *containers =
        arena_grow(&listing->arena, listing->containers, listing->count, sizeof *containers);
    if (containers == NULL) {
        error_no_memory(&err, "listing containers");
        fail(listing, &err);
        return;
    }
    listing->containers = containers;
    if (docker_container_read(inspect, &facts, &listing->arena, &containers[listing->count],
                              &err) != 0) {
        fail(listing, &err);
    } else {
        listing->count++;
    }
}

static void inspect_more(struct listing *listing);

static void on_described(void *context, const struct error *error, json_t *inspect)
{
    struct listing *listing = context;
    listing->open--;
    if (error != NULL) {
        fail(listing, error);
    } else if (inspect != NULL && !listing->failed) {
        add(listing, inspect);
    }
    inspect_more(listing);
}

static void inspect_more(struct listing *listing)
{
    struct docker *docker = listing->operation.docker;
    size_t at_once =
        docker->calls_at_once < INSPECTS_AT_ONCE ? (size_t)docker->calls_at_once : INSPECTS_AT_ONCE;
    while (!listing->failed && listing->open < at_once &&
           listing->next < json_array_size(listing->entries)) {
        const char *id = docker_json_text(json_array_get(listing->entries, listing->next), "Id");
        struct error err = {0};
        listing->next++;
        if (id == NULL) {
            error_set(&err, ERROR_CORRUPT, "the engine lists a container without an Id");
            fail(listing, &err);
        } else if (docker_describe(docker, id, DOCKER_NORMAL, true, on_described, listing, &err) !=
                   0) {
            fail(listing, &err);
        } else {
            listing->open++;
        }
    }
    if (listing->open == 0) {
        finish(listing);
    }
}

static void on_list(void *context, const struct docker_response *response)
{
    struct listing *listing = context;
    struct error err = {0};

    listing->entries = docker_response_json(response, &err);
    if (listing->entries != NULL && !json_is_array(listing->entries)) {
        error_set(&err, ERROR_CORRUPT, "the engine's list of containers is no array");
        json_decref(listing->entries);
        listing->entries = NULL;
    }
    if (listing->entries == NULL) {
        fail(listing, &err);
    }
    inspect_more(listing);
}

void docker_list(struct runtime *runtime, runtime_list_fn *fn, void *context)
{
    struct docker *docker = (struct docker *)runtime;
    struct error err = {0};
    struct listing *listing = docker_operation_new(docker, sizeof *listing, release);

    if (listing == NULL) {
        error_no_memory(&err, "listing containers");
        fn(context, &err, NULL, 0);
        return;
    }
    listing->fn = fn;
    listing->context = context;
    if (docker_get(docker, DOCKER_NORMAL, on_list, listing, &err, "/containers/json?all=1") != 0) {
        docker_operation_free(&listing->operation);
        fn(context, &err, NULL, 0);
    }
}
