#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_json.h"

/* All containers: their ids, then an inspect of each whose kept inspect does not hold (docker_inspects.h), a few at a time
 * so that others get calls too. */

enum { INSPECTS_AT_ONCE = 8 };

struct listing;

/** A container of the engine's list. */
struct listed {
    char *id;
    uint64_t shown;
};

/** An inspect under way. */
struct look {
    struct listing *listing;
    bool open;
    uint64_t begun, shown;
    char *id;
};

struct listing {
    struct docker_operation operation;
    struct arena arena;
    struct listed *listed;
    size_t count, next, open;
    struct look looks[INSPECTS_AT_ONCE];
    bool failed;
    struct error error; /* the first */
    runtime_list_fn *fn;
    void *context;
};

static void release(struct docker_operation *operation)
{
    struct listing *listing = (struct listing *)operation;
    for (size_t i = 0; i < INSPECTS_AT_ONCE; i++) {
        memory_free(listing->looks[i].id);
    }
    arena_release(&listing->arena);
}

static void fail(struct listing *listing, const struct error *error)
{
    if (!listing->failed) {
        listing->failed = true;
        listing->error = *error;
    }
}

/* ---- the answer ---- */

static size_t collect(struct listing *listing, struct runtime_container *containers)
{
    struct docker_inspects *inspects = &listing->operation.docker->inspects;
    size_t count = 0;
    docker_inspects_list_begin(inspects);
    for (size_t i = 0; i < listing->count; i++) {
        const struct runtime_container *kept =
            docker_inspects_take(inspects, listing->listed[i].id);
        if (kept != NULL) {
            containers[count++] = *kept;
        }
    }
    docker_inspects_list_end(inspects);
    return count;
}

static void finish(struct listing *listing)
{
    struct runtime_container *containers =
        listing->failed ? NULL : memory_alloc((listing->count + 1) * sizeof *containers);
    struct error err = {0};
    if (!listing->failed && containers == NULL) {
        error_no_memory(&err, "listing containers");
        fail(listing, &err);
    }
    if (listing->failed) {
        listing->fn(listing->context, &listing->error, NULL, 0);
    } else {
        listing->fn(listing->context, NULL, containers, collect(listing, containers));
    }
    memory_free(containers);
    docker_operation_free(&listing->operation);
}

/* ---- the inspects ---- */

static int keep(struct look *look, json_t *inspect, struct error *err)
{
    struct docker *docker = look->listing->operation.docker;
    const struct docker_facts facts = docker_facts_of(docker);
    struct runtime_container container;
    struct arena arena = {0};
    if (docker_container_read(inspect, &facts, &arena, &container, err) != 0) {
        arena_release(&arena);
        return -1;
    }
    return docker_inspects_keep(&docker->inspects, &container, &arena,
                                docker_facts_known(docker, inspect) ? look->begun : 0, look->shown,
                                clock_boot_ms(clock_system()), err);
}

static void inspect_more(struct listing *listing);

static void on_described(void *context, const struct error *error, json_t *inspect)
{
    struct look *look = context;
    struct listing *listing = look->listing;
    struct error err = {0};
    look->open = false;
    listing->open--;
    if (error != NULL) {
        fail(listing, error);
    } else if (inspect == NULL) {
        docker_inspects_forget(&listing->operation.docker->inspects, look->id);
    } else if (!listing->failed && keep(look, inspect, &err) != 0) {
        fail(listing, &err);
    }
    inspect_more(listing);
}

static int begin_look(struct listing *listing, const char *id, uint64_t shown, struct error *err)
{
    struct docker *docker = listing->operation.docker;
    struct look *look = listing->looks;
    while (look->open) {
        look++;
    }
    memory_free(look->id);
    *look = (struct look){.listing = listing,
                          .shown = shown,
                          .begun = docker_inspects_begin(&docker->inspects),
                          .id = memory_strdup(id)};
    if (look->id == NULL) {
        return error_no_memory(err, "listing containers");
    }
    if (docker_describe(docker, id, DOCKER_NORMAL, true, on_described, look, err) != 0) {
        return -1;
    }
    look->open = true;
    listing->open++;
    return 0;
}

/* Without the stream no event says what has changed. */
static bool holds(struct docker *docker, const char *id, uint64_t shown)
{
    return docker->connection == DOCKER_CONNECTED &&
           docker_inspects_hold(&docker->inspects, id, shown, clock_boot_ms(clock_system()));
}

static void inspect_more(struct listing *listing)
{
    struct docker *docker = listing->operation.docker;
    /* Stops want calls too, whatever hangs here. */
    int64_t share = docker->calls_at_once < 4 ? 1 : docker->calls_at_once / 4;
    size_t at_once = share < INSPECTS_AT_ONCE ? (size_t)share : INSPECTS_AT_ONCE;
    while (!listing->failed && listing->open < at_once && listing->next < listing->count) {
        const struct listed *listed = &listing->listed[listing->next++];
        struct error err = {0};
        if (!holds(docker, listed->id, listed->shown) &&
            begin_look(listing, listed->id, listed->shown, &err) != 0) {
            fail(listing, &err);
        }
    }
    if (listing->open == 0) {
        finish(listing);
    }
}

/* ---- the engine's list ---- */

static int read_list(struct listing *listing, const json_t *list, struct error *err)
{
    size_t i;
    json_t *entry;
    if (!json_is_array(list)) {
        return error_set(err, ERROR_CORRUPT, "the engine's list of containers is no array");
    }
    listing->listed =
        arena_alloc(&listing->arena, (json_array_size(list) + 1) * sizeof *listing->listed);
    if (listing->listed == NULL) {
        return error_no_memory(err, "listing containers");
    }
    json_array_foreach(list, i, entry)
    {
        const char *id = docker_json_text(entry, "Id");
        if (id == NULL) {
            return error_set(err, ERROR_CORRUPT, "the engine lists a container without an Id");
        }
        listing->listed[i] = (struct listed){.id = arena_strdup(&listing->arena, id),
                                             .shown = docker_inspects_shown(entry)};
        if (listing->listed[i].id == NULL) {
            return error_no_memory(err, "listing containers");
        }
        listing->count++;
    }
    return 0;
}

/* The list is large and what is kept of the inspects stays: it goes before they come. */
static void on_list(void *context, const struct docker_response *response)
{
    struct listing *listing = context;
    struct error err = {0};
    json_t *list = docker_response_json(response, &err);
    if (list == NULL || read_list(listing, list, &err) != 0) {
        fail(listing, &err);
    }
    json_decref(list);
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
