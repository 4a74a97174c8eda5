#ifndef WORKER_HOST_ENDED_NAMES_H
#define WORKER_HOST_ENDED_NAMES_H

/** That tasks have ended, of very many: a 64-bit hash of each one's cluster and id (FNV-1a), of which no two of a host's meet in
 *  practice. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENDED_NAMES_MAX = 2 * 1024 * 1024 /**< 32 MiB */ };

/** {0} is valid and empty. */
struct ended_names {
    uint64_t *slots; /**< 0 = free */
    size_t room, count;
};

void ended_names_release(struct ended_names *names);
/** @return false if it is not remembered: memory is out, or there are ENDED_NAMES_MAX */
bool ended_names_add(struct ended_names *names, const char *cluster, const char *task);
bool ended_names_has(const struct ended_names *names, const char *cluster, const char *task);

#endif
