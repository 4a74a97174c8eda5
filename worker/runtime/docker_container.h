#ifndef WORKER_RUNTIME_DOCKER_CONTAINER_H
#define WORKER_RUNTIME_DOCKER_CONTAINER_H

/** A container from the engine's own words: GET /containers/{id}/json in, what the Task document needs
 *  out. Pure. Where each member of the Task document comes from is decided here. */

#include <jansson.h>

#include "worker/runtime/runtime.h"

/** What inspect does not say and other calls do. */
struct docker_facts {
    /** The RepoDigests of an image (a JSON array, NULL = none), from GET /images/{id}/json */
    const json_t *(*repo_digests)(void *context, const char *image_id);
    /** The labels of an image (a JSON object, anything else = not known), from the same */
    const json_t *(*image_labels)(void *context, const char *image_id);
    /** The driver of a network ("bridge", "macvlan", …; NULL = not known), from GET /networks/{id} */
    const char *(*network_driver)(void *context, const char *network_id);
    void *context;
    bool podman; /**< the engine is Podman's compatible API */
    /** Whether that process is seen, and is the container's; NULL = cannot be asked. Podman says of a process that it cannot kill, and of one whose
     *  conmon has died, that it has ended. */
    bool (*process_lives)(int64_t pid, const char *container_id);
};

/** Fills *ret_container, all texts and lists in the arena.
 *  @return 0, or -1: ERROR_CORRUPT (no id, or a state that this version does not know: an end is never
 *  guessed), ERROR_NO_MEMORY */
int docker_container_read(const json_t *inspect, const struct docker_facts *facts,
                          struct arena *arena, struct runtime_container *ret_container,
                          struct error *err);

/** The id of the container's image ("sha256:…"); NULL when there is none. */
const char *docker_container_image_id(const json_t *inspect);
/** The digest of its image, by its configured name or the image's RepoDigests (may be NULL); NULL = not known. */
const char *docker_container_digest(const json_t *inspect, const json_t *repo_digests);
/** Calls fn for the id of each of its networks whose driver matters (not the engine's own bridge, host
 *  and none). */
void docker_container_each_network(const json_t *inspect,
                                   void (*fn)(void *context, const char *network_id),
                                   void *context);

#endif
