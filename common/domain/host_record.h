#ifndef COMMON_DOMAIN_HOST_RECORD_H
#define COMMON_DOMAIN_HOST_RECORD_H

/** A host's registration: value of the compacted topic stopfleet.hosts (key = host id), repeated
 *  in Redis for the API and in the worker's state directory. */

#include "common/domain/record.h"

struct host_attribute {
    const char *name;
    const char *value;
};

struct host_record {
    int64_t version;  /**< major, 1 */
    const char *host; /**< host id: 32 hex from the machine id, or --host-id */
    const char *name; /**< host name, for people */
    const char *account, *region, *cluster;
    int64_t partition;     /**< of stopfleet.events; kept for ever */
    int64_t registered_at; /**< unix ms */
    const char *runtime;   /**< "docker" or "process" */
    const char *engine_version, *api_version;
    const char *os, *architecture; /**< "linux", "x86_64" or "arm64" */
    const char *worker_version;
    int64_t cpu_units, memory_mib; /**< capacity */
    const char *availability_zone;
    RECORD_LIST_OF(struct host_attribute) attributes;
};

extern const struct record_spec HOST_RECORD_SPEC;

#endif
