#ifndef WORKER_RUNTIME_DOCKER_INSPECTS_H
#define WORKER_RUNTIME_DOCKER_INSPECTS_H

/** What inspects said, kept between lists of all containers. One is used again until an event named its container, the
 *  list shows the container differently, the event stream was interrupted, or it has become old: a lost event then shows
 *  after DOCKER_INSPECT_OLD_MS to twice of that. */

#include "common/base/id_table.h"
#include "common/base/memory.h"
#include "worker/runtime/docker_container.h"

enum { DOCKER_INSPECT_OLD_MS = 60000 };

/** {0} is a valid empty store. */
struct docker_inspects {
    struct id_table table;
    uint64_t turn;        /**< events and beginnings of inspects, counted */
    uint64_t all_doubted; /**< the turn of docker_inspects_doubt_all */
    uint64_t unknown;     /**< the turn of the last event of a container that is not kept */
    uint64_t lists;
};

/** How the list shows a container, as a number: state, names, labels, networks. 0 = memory is out, equal to nothing. */
uint64_t docker_inspects_shown(const json_t *list_entry);

/** An inspect begins: the number that belongs to its answer. */
uint64_t docker_inspects_begin(struct docker_inspects *inspects);
/** Keeps a container that was read from the answer; the arena, which its texts are in, is taken over. Also when memory is
 *  out: then nothing is kept. begun 0: it is known to be incomplete, and is used once. */
int docker_inspects_keep(struct docker_inspects *inspects,
                         const struct runtime_container *container, struct arena *arena,
                         uint64_t begun, uint64_t shown, int64_t now_boot_ms, struct error *err);
/** Something happened to that container. */
void docker_inspects_doubt(struct docker_inspects *inspects, const char *container_id);
/** Events may have been missed. */
void docker_inspects_doubt_all(struct docker_inspects *inspects);
/** Whether what is kept of the container still holds. */
bool docker_inspects_hold(const struct docker_inspects *inspects, const char *container_id,
                          uint64_t shown, int64_t now_boot_ms);
void docker_inspects_forget(struct docker_inspects *inspects, const char *container_id);

/** A list is through: each of its containers is taken, then those that it did not show are forgotten. */
void docker_inspects_list_begin(struct docker_inspects *inspects);
/** What is kept of it, until the next change here; NULL = nothing. */
const struct runtime_container *docker_inspects_take(struct docker_inspects *inspects,
                                                     const char *container_id);
void docker_inspects_list_end(struct docker_inspects *inspects);

/** Forgets all; the store is empty and usable again. */
void docker_inspects_release(struct docker_inspects *inspects);

#endif
