#ifndef COMMON_DOMAIN_DESCRIPTION_H
#define COMMON_DOMAIN_DESCRIPTION_H

/** What a worker observed of a task: the containers of one run, in a canonical form that can be
 *  compared byte for byte. Plain data; record_spec for the codec. */

#include "common/domain/record.h"

/** Tag of a task (ECS Tag). */
struct tag {
    const char *key;
    const char *value;
};

/** A published port (ECS NetworkBinding): single port, or a range when the range members are
 *  set. */
struct network_binding {
    const char *bind_ip;
    const char *protocol;   /**< "tcp", "udp", "sctp" */
    int64_t container_port; /**< 0 when a range */
    int64_t host_port;
    const char *container_port_range; /**< "8000-8010" */
    const char *host_port_range;
};

/** An address of its own (macvlan, ipvlan; ECS NetworkInterface). */
struct network_interface {
    const char *attachment_id;
    const char *private_ipv4;
    const char *ipv6;
};

/** One container of a task. A run is (container_id, started_at). */
struct described_container {
    const char *name; /**< container name within the task */
    const char
        *container_id;  /**< runtime id: Docker's 64 hex, or BOOT-PID-STARTTIME of a process */
    int64_t created_at; /**< unix ms; 0 = unknown */
    int64_t started_at; /**< unix ms of this run; 0 = created, not started */
    const char *image;
    const char *image_digest;
    int64_t cpu;                    /**< CPU units, 0 = unset */
    int64_t memory_mib;             /**< hard limit, 0 = unlimited */
    int64_t memory_reservation_mib; /**< 0 = unset */
    bool non_essential;             /**< io.stopfleet.essential=false */
    bool sidecar;                   /**< stopped after all others */
    const char *stop_signal;        /**< name with SIG, e.g. "SIGTERM" */
    struct optional_integer
        stop_timeout_ms; /**< label or Config.StopTimeout; unknown = worker's default */
    int64_t drain_delay_ms;
    const char *pre_stop; /**< command of io.stopfleet.pre-stop, absent = none */
    /** Names of containers of this task that this one needs: it is stopped before them. */
    struct text_list depends_on;
    struct text_list gpu_ids;
    RECORD_LIST_OF(struct network_binding) network_bindings;
    RECORD_LIST_OF(struct network_interface) network_interfaces;
    bool auto_remove;
    const char *restart_policy; /**< "no", "always", "unless-stopped", "on-failure"; absent = no */
    /* of a run that ended while others of its task ran on; it is listed as it was last seen running */
    bool ended;
    struct optional_integer exit_code; /**< unknown = absent */
    bool oom_killed;
    int64_t finished_at;    /**< unix ms as the runtime says; 0 = unknown */
    const char *end_reason; /**< as ECS words it, at most 1024 */
};

/** A whole task. */
struct description {
    const char *runtime;         /**< "docker" or "process" */
    const char *family;          /**< task definition family */
    const char *family_revision; /**< ECS label; absent = revision of the description */
    const char *group;           /**< label; absent = "family:FAMILY" */
    const char *started_by;
    int64_t cpu, memory_mib; /**< task level label, 0 = sum of the containers */
    int64_t created_at; /**< unix ms, of the earliest container that it had; 0 = of those listed */
    RECORD_LIST_OF(struct described_container) containers; /**< sorted by name, then container_id */
    RECORD_LIST_OF(struct tag) tags;                       /**< sorted by key */
};

extern const struct record_spec DESCRIPTION_SPEC;
extern const struct record_spec DESCRIBED_CONTAINER_SPEC;
extern const struct record_spec TAG_SPEC;

/** Sorts what has no order of its own, in place, so that equal tasks have equal bytes:
 *  containers by (name, container_id), tags by key, and each container's dependencies, GPUs,
 *  bindings, interfaces. */
void description_canonicalize(struct description *description);

#endif
