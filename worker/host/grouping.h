#ifndef WORKER_HOST_GROUPING_H
#define WORKER_HOST_GROUPING_H

/** Which containers are one task (docs/labels.md). Pure: containers as the runtime lists them in, groups
 *  of living containers out. */

#include "common/base/option.h"
#include "worker/host/labels.h"

/** Why a container is never discovered. */
enum group_exclusion {
    GROUP_INCLUDED = 0,
    GROUP_IGNORED, /**< io.stopfleet.ignore */
    GROUP_OWN, /**< Stopfleet itself: by label, by project, or in this worker's network namespace */
    GROUP_OWN_PROJECT, /**< belongs together with the container that this worker runs in */
    GROUP_KUBELET,
    GROUP_SWARM,
    GROUP_NOMAD,
    GROUP_SYSTEMD,       /**< Podman under a systemd unit */
    GROUP_ECS_AGENT,     /**< labels of ECS, and an ECS agent's container is on this engine */
    GROUP_OTHER_CLUSTER, /**< labels that name another cluster, account or region */
    GROUP_MISSING, /**< a process that its task file names wrongly, that was gone at first sight, or that another file has */
    GROUP_NO_TASK, /**< no label says what it belongs to */
    GROUP_IMAGE_UNKNOWN, /**< labels say so that its image may have brought, which cannot be asked */
    GROUP_EXCLUSION_COUNT
};

/** A sentence for people ("the kubelet manages it"). */
const char *group_exclusion_reason(enum group_exclusion exclusion);
/** What --adopt calls it ("kubelet"); NULL = it cannot be adopted. */
const char *group_exclusion_name(enum group_exclusion exclusion);
/** The reverse. @return GROUP_INCLUDED for anything that --adopt does not take */
enum group_exclusion group_exclusion_from_name(const char *name);

/** By what the containers of a group belong together. */
enum group_kind {
    GROUP_KIND_ECS = 1,    /**< one ECS task ARN */
    GROUP_KIND_TASK,       /**< one io.stopfleet.task */
    GROUP_KIND_PROJECT,    /**< one Compose project */
    GROUP_KIND_SERVICE,    /**< one service of a Compose project (--group-by service) */
    GROUP_KIND_ONEOFF,     /**< one container of `docker compose run` */
    GROUP_KIND_SUPERVISED, /**< one task of an adopted supervisor */
    GROUP_KIND_COUNT
};
/** "ecs", "task", "project"… */
const char *group_kind_name(enum group_kind kind);

struct grouping_options {
    bool by_service;                        /**< a Compose service is a task, not the project */
    const char *account, *region, *cluster; /**< that this host belongs to */
    const char
        *own_container; /**< id of the container that this worker runs in, or of one that shares its
                                    network namespace; NULL or "" = none */
    const struct option_list *allowed_labels; /**< become tags; NULL = none */
    /** True if the log describes this container already: then what its image is does not matter. NULL = it describes none. */
    bool (*described)(void *context, const char *container_id);
    void *context;
    unsigned adopted; /**< bit 1 << group_exclusion for those whose containers are taken */
    int64_t now_unix_ms;
    int64_t
        created_settle_ms; /**< a container that was created, but not started, counts when it is this old */
};

/** A living container of a group. */
struct group_member {
    const struct runtime_container *container;
    struct label_values labels;
    struct described_container described; /**< final but for depends_on */
    const char *service;                  /**< of Compose; NULL = none */
    bool chosen; /**< for group_describe: belongs to the description; at first all do */
    bool owned;  /**< for the caller */
};

/** The living containers that belong together. */
struct task_group {
    const char *key; /**< tells groups apart: "ecs ID", "task NAME", "project NAME", … */
    enum group_kind kind;
    const char *given_id; /**< ECS: the ARN's task id; NULL = minted */
    const char *name;     /**< what an id is minted from; the family without a label */
    RECORD_LIST_OF(struct group_member) members; /**< sorted by name, then id */
};

struct excluded_container {
    const struct runtime_container *container;
    enum group_exclusion reason;
};

/** Its reason as a sentence for people, as far as possible of this very container. */
const char *group_excluded_reason(const struct excluded_container *excluded);

struct grouping {
    RECORD_LIST_OF(struct task_group) groups;           /**< sorted by key */
    RECORD_LIST_OF(struct excluded_container) excluded; /**< living or missing ones */
    struct label_warnings warnings;
    bool settling; /**< some created container is too young: look again after created_settle_ms */
};

/** True if the container is there to be stopped: it runs, will run again, or waits for its first start. */
bool grouping_is_alive(const struct runtime_container *container);

/** Groups the living containers. All memory is the arena's or the containers'.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int grouping_make(const struct runtime_container *containers, size_t count,
                  const struct grouping_options *options, struct arena *arena,
                  struct grouping *ret_grouping, struct error *err);

/** The canonical description of the group's chosen members. @return 0 or -1 with ERROR_NO_MEMORY */
int group_describe(const struct task_group *group, const struct grouping_options *options,
                   const char *runtime, struct arena *arena, struct description *ret_description,
                   struct error *err);

/** The minted or given id of a task that consists of the group's chosen members: from host, name and the earliest of them. */
void group_task_id(const struct task_group *group, const char *host, char ret_id[37]);

/** The run that a container is in. */
struct run group_run_of(const struct runtime_container *container);

#endif
