#ifndef WORKER_HOST_HOST_CENSUS_H
#define WORKER_HOST_HOST_CENSUS_H

/** What stopfleet.hosts holds: which host has which partition of stopfleet.events. Pure. */

#include "common/base/buffer.h"
#include "common/base/memory.h"

struct census_entry;
struct host_census {
    struct census_entry *items;
    size_t count;
    struct arena arena;
};

/** {0} is a valid empty census. */
void host_census_release(struct host_census *census);
/** A record of the topic, in order: a later one of the same host replaces an earlier one, an empty value forgets the host.
 *  @return 0, or -1 with ERROR_CORRUPT, ERROR_NO_MEMORY */
int host_census_add(struct host_census *census, struct span host, struct span value,
                    struct error *err);
/** The partition with the fewest hosts for a new host; of several the one that the host's name begins to look at, so that hosts which
 *  register at the same moment spread. @return 0 or -1 with ERROR_NO_MEMORY, ERROR_INVALID (no partitions) */
int host_census_fewest(const struct host_census *census, const char *host, int32_t partitions,
                       int32_t *ret_partition, struct error *err);

#endif
