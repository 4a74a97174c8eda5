#include "worker/host/grouping.h"

#include <stdlib.h>
#include <string.h>

#include "worker/host/group_member.h"

#define ECS_TASK_ARN       "com.amazonaws.ecs.task-arn"
#define ECS_CLUSTER        "com.amazonaws.ecs.cluster"
#define OWN_PROJECT        "stopfleet"
#define ECS_ID_MIN_BYTES   32
#define ECS_ID_MAX_BYTES   36
#define GROUPING_KEY_BYTES 4096

/** Others that stop and start containers: by which label they are known, and what is one task of theirs once adopted. */
struct supervisor {
    enum group_exclusion exclusion;
    const char *name;
    const char *label; /**< ends with '.' = any label that begins so */
    const char *group_label;
};
static const struct supervisor SUPERVISORS[] = {
    {GROUP_KUBELET, "kubelet", "io.kubernetes.", "io.kubernetes.pod.uid"},
    {GROUP_SWARM, "swarm", "com.docker.swarm.task.id", "com.docker.swarm.task.id"},
    {GROUP_NOMAD, "nomad", "com.hashicorp.nomad.alloc_id", "com.hashicorp.nomad.alloc_id"},
    {GROUP_SYSTEMD, "systemd", "PODMAN_SYSTEMD_UNIT", "PODMAN_SYSTEMD_UNIT"},
};
enum { SUPERVISOR_COUNT = sizeof SUPERVISORS / sizeof SUPERVISORS[0] };

const char *group_exclusion_reason(enum group_exclusion exclusion)
{
    static const char *const reasons[GROUP_EXCLUSION_COUNT] = {
        [GROUP_INCLUDED] = "",
        [GROUP_IGNORED] = "its label io.stopfleet.ignore says so",
        [GROUP_OWN] = "it is a part of Stopfleet",
        [GROUP_KUBELET] = "the kubelet manages it (--adopt kubelet takes it)",
        [GROUP_SWARM] = "Docker Swarm manages it (--adopt swarm takes it)",
        [GROUP_NOMAD] = "Nomad manages it (--adopt nomad takes it)",
        [GROUP_SYSTEMD] = "a systemd unit manages it (--adopt systemd takes it)",
        [GROUP_OTHER_CLUSTER] = "its label com.amazonaws.ecs.cluster names another cluster",
        [GROUP_NO_TASK] = "no label says which task it belongs to (see docs/labels.md)",
    };
    return (unsigned)exclusion < GROUP_EXCLUSION_COUNT ? reasons[exclusion] : "";
}

enum group_exclusion group_supervisor_from_name(const char *name)
{
    for (size_t i = 0; i < SUPERVISOR_COUNT; i++) {
        if (strcmp(SUPERVISORS[i].name, name) == 0) {
            return SUPERVISORS[i].exclusion;
        }
    }
    return GROUP_INCLUDED;
}

bool grouping_is_alive(const struct runtime_container *container)
{
    return runtime_is_running(container->status) || container->status == RUNTIME_RESTARTING ||
           container->status == RUNTIME_CREATED;
}

struct run group_run_of(const struct runtime_container *container)
{
    return (struct run){.container_id = container->described.container_id,
                        .started_at = container->described.started_at};
}

static bool has_label(const struct runtime_container *container, const char *label)
{
    size_t length = strlen(label);
    if (label[length - 1] != '.') {
        return labels_get(container, label) != NULL;
    }
    for (size_t i = 0; i < container->labels.count; i++) {
        if (strncmp(container->labels.items[i].key, label, length) == 0) {
            return true;
        }
    }
    return false;
}

static const struct supervisor *supervisor_of(const struct runtime_container *container)
{
    for (size_t i = 0; i < SUPERVISOR_COUNT; i++) {
        if (has_label(container, SUPERVISORS[i].label)) {
            return &SUPERVISORS[i];
        }
    }
    return NULL;
}

static const char *after_last_slash(const char *text)
{
    const char *slash = strrchr(text, '/');
    return slash == NULL ? text : slash + 1;
}

/* "key prefix + value"; NULL when memory is out. */
static const char *join(struct arena *arena, const char *kind, const char *a, const char *b)
{
    struct buffer text;
    buffer_init(&text, GROUPING_KEY_BYTES);
    bool ok = buffer_append_format(&text, NULL, "%s%s%s%s", kind, a, b == NULL ? "" : "/",
                                   b == NULL ? "" : b) == 0;
    const char *result = ok ? arena_strdup(arena, text.data) : NULL;
    buffer_release(&text);
    return result;
}

/** What one container belongs to. */
struct membership {
    enum group_exclusion exclusion;
    const char *kind, *value, *part; /**< the group's key */
    const char *given_id, *name;
};

static struct membership in_project(const struct runtime_container *container,
                                    const struct grouping_options *options, const char *project)
{
    const char *oneoff = labels_get(container, COMPOSE_ONEOFF);
    const char *service = labels_get(container, COMPOSE_SERVICE);
    if (oneoff != NULL && strcmp(oneoff, "True") == 0) {
        return (struct membership){
            .kind = "oneoff ", .value = container->described.container_id, .name = project};
    }
    return (struct membership){.kind = "project ",
                               .value = project,
                               .part = options->by_service ? service : NULL,
                               .name = project};
}

static struct membership membership_of(const struct runtime_container *container,
                                       const struct label_values *labels,
                                       const struct grouping_options *options)
{
    const char *project = labels_get(container, COMPOSE_PROJECT);
    const char *arn = labels_get(container, ECS_TASK_ARN);
    const char *cluster = labels_get(container, ECS_CLUSTER);
    const struct supervisor *supervisor = supervisor_of(container);
    if (labels->ignore) {
        return (struct membership){.exclusion = GROUP_IGNORED};
    }
    if (labels->component != NULL || (project != NULL && strcmp(project, OWN_PROJECT) == 0)) {
        return (struct membership){.exclusion = GROUP_OWN};
    }
    if (supervisor != NULL && (options->adopted & 1U << supervisor->exclusion) == 0) {
        return (struct membership){.exclusion = supervisor->exclusion};
    }
    if (cluster != NULL && strcmp(after_last_slash(cluster), options->cluster) != 0) {
        return (struct membership){.exclusion = GROUP_OTHER_CLUSTER};
    }
    if (arn != NULL) {
        const char *id = after_last_slash(arn);
        if (strlen(id) >= ECS_ID_MIN_BYTES && strlen(id) <= ECS_ID_MAX_BYTES) {
            return (struct membership){.kind = "ecs ", .value = arn, .given_id = id, .name = id};
        }
    }
    if (labels->task != NULL) {
        return (struct membership){.kind = "task ", .value = labels->task, .name = labels->task};
    }
    if (project != NULL && project[0] != '\0') {
        return in_project(container, options, project);
    }
    const char *unit = supervisor == NULL ? NULL : labels_get(container, supervisor->group_label);
    if (unit != NULL) {
        return (struct membership){.kind = supervisor->name, .value = unit, .name = unit};
    }
    return (struct membership){.exclusion = GROUP_NO_TASK};
}

/** A member that does not know its group's object yet. */
struct candidate {
    struct membership membership;
    const char *key;
    struct group_member member;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order
                      : strcmp(x->member.described.container_id, y->member.described.container_id);
}

static int exclude(struct grouping *grouping, const struct runtime_container *container,
                   enum group_exclusion reason, struct arena *arena, struct error *err)
{
    struct excluded_container *items =
        arena_grow(arena, grouping->excluded.items, grouping->excluded.count, sizeof *items);
    if (items == NULL) {
        return error_no_memory(err, "grouping containers");
    }
    grouping->excluded.items = items;
    items[grouping->excluded.count++] =
        (struct excluded_container){.container = container, .reason = reason};
    return 0;
}

/* @return 1 if *candidate was filled, 0 if the container does not count, -1 */
static int consider(const struct runtime_container *container,
                    const struct grouping_options *options, struct arena *arena,
                    struct grouping *grouping, struct candidate *candidate, struct error *err)
{
    if (!grouping_is_alive(container)) {
        return 0;
    }
    *candidate = (struct candidate){.member.container = container};
    if (labels_read(container, arena, &candidate->member.labels, &grouping->warnings, err) != 0) {
        return -1;
    }
    candidate->membership = membership_of(container, &candidate->member.labels, options);
    if (candidate->membership.exclusion != GROUP_INCLUDED) {
        return exclude(grouping, container, candidate->membership.exclusion, arena, err);
    }
    if (container->status == RUNTIME_CREATED &&
        options->now_unix_ms - container->described.created_at < options->created_settle_ms) {
        grouping->settling = true;
        return 0;
    }
    candidate->key = join(arena, candidate->membership.kind, candidate->membership.value,
                          candidate->membership.part);
    if (candidate->key == NULL) {
        return error_no_memory(err, "grouping containers");
    }
    group_member_describe(&candidate->member);
    return 1;
}

static int add_group(struct grouping *grouping, const struct candidate *candidates, size_t count,
                     struct arena *arena, struct error *err)
{
    const struct membership *membership = &candidates[0].membership;
    struct task_group *groups =
        arena_grow(arena, grouping->groups.items, grouping->groups.count, sizeof *groups);
    struct group_member *members = arena_alloc(arena, count * sizeof *members);
    const char *name = join(arena, "", membership->name, membership->part);
    if (groups == NULL || members == NULL || name == NULL) {
        return error_no_memory(err, "grouping containers");
    }
    for (size_t i = 0; i < count; i++) {
        members[i] = candidates[i].member;
    }
    grouping->groups.items = groups;
    struct task_group *group = &groups[grouping->groups.count++];
    *group = (struct task_group){.key = candidates[0].key,
                                 .given_id = membership->given_id,
                                 .name = name,
                                 .members = {.items = members, .count = count}};
    return group_members_name(group, arena, err);
}

static int make_groups(struct grouping *grouping, struct candidate *candidates, size_t count,
                       struct arena *arena, struct error *err)
{
    if (count > 1) {
        qsort(candidates, count, sizeof *candidates, compare_candidates);
    }
    for (size_t first = 0; first < count;) {
        size_t end = first + 1;
        while (end < count && strcmp(candidates[end].key, candidates[first].key) == 0) {
            end++;
        }
        if (add_group(grouping, candidates + first, end - first, arena, err) != 0) {
            return -1;
        }
        first = end;
    }
    return 0;
}

int grouping_make(const struct runtime_container *containers, size_t count,
                  const struct grouping_options *options, struct arena *arena,
                  struct grouping *ret_grouping, struct error *err)
{
    struct grouping grouping = {0};
    struct candidate *candidates = arena_alloc(arena, (count + 1) * sizeof *candidates);
    if (candidates == NULL) {
        return error_no_memory(err, "grouping containers");
    }
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        int counts = consider(&containers[i], options, arena, &grouping, &candidates[found], err);
        if (counts < 0) {
            return -1;
        }
        found += (size_t)counts;
    }
    if (make_groups(&grouping, candidates, found, arena, err) != 0) {
        return -1;
    }
    *ret_grouping = grouping;
    return 0;
}
