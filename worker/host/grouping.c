#include "worker/host/grouping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/host/group_member.h"
#include "worker/host/membership.h"

/** What people are told of an exclusion, and how --adopt names it (NULL: it cannot be adopted). */
static const struct {
    const char *name, *reason;
} EXCLUSIONS[GROUP_EXCLUSION_COUNT] = {
    [GROUP_INCLUDED] = {NULL, ""},
    [GROUP_IGNORED] = {NULL, "its label io.stopfleet.ignore says so"},
    [GROUP_OWN] = {NULL, "it is a part of Stopfleet, or shares the network of the container "
                         "that this worker runs in"},
    [GROUP_OWN_PROJECT] = {"own-project", "it belongs together with the container that this worker "
                                          "runs in (--adopt own-project takes it)"},
    [GROUP_KUBELET] = {"kubelet", "the kubelet manages it (--adopt kubelet takes it)"},
    [GROUP_SWARM] = {"swarm", "Docker Swarm manages it (--adopt swarm takes it)"},
    [GROUP_NOMAD] = {"nomad", "Nomad manages it (--adopt nomad takes it)"},
    [GROUP_SYSTEMD] = {"systemd", "a systemd unit manages it (--adopt systemd takes it)"},
    [GROUP_ECS_AGENT] = {"ecs", "the ECS agent of this engine manages it (--adopt ecs takes it)"},
    [GROUP_OTHER_CLUSTER] = {NULL, "its labels name another cluster, account or region"},
    [GROUP_MISSING] = {NULL, "its task file names a process that is not there"},
    [GROUP_IMAGE_UNKNOWN] =
        {NULL, "the labels of its image could not be read, and may be where its own come "
               "from (see docs/tasks.md)"},
    [GROUP_NO_TASK] = {NULL, "no label says which task it belongs to (see docs/labels.md)"},
};

/** The word of each kind of grouping: begins the group's key. */
static const char *const KINDS[GROUP_KIND_COUNT] = {
    [GROUP_KIND_ECS] = "ecs",         [GROUP_KIND_TASK] = "task",
    [GROUP_KIND_PROJECT] = "project", [GROUP_KIND_SERVICE] = "service",
    [GROUP_KIND_ONEOFF] = "oneoff",   [GROUP_KIND_SUPERVISED] = "adopted",
};

const char *group_exclusion_reason(enum group_exclusion exclusion)
{
    return (unsigned)exclusion < GROUP_EXCLUSION_COUNT ? EXCLUSIONS[exclusion].reason : "";
}

const char *group_excluded_reason(const struct excluded_container *excluded)
{
    const struct runtime_container *container = excluded->container;
    if (container->missing != NULL) {
        return container->missing;
    }
    return container->task_file != NULL && excluded->reason == GROUP_OTHER_CLUSTER
               ? "its task file names another cluster, account or region"
               : group_exclusion_reason(excluded->reason);
}

const char *group_exclusion_name(enum group_exclusion exclusion)
{
    return (unsigned)exclusion < GROUP_EXCLUSION_COUNT ? EXCLUSIONS[exclusion].name : NULL;
}

enum group_exclusion group_exclusion_from_name(const char *name)
{
    for (unsigned i = 0; i < GROUP_EXCLUSION_COUNT; i++) {
        if (EXCLUSIONS[i].name != NULL && strcmp(EXCLUSIONS[i].name, name) == 0) {
            return (enum group_exclusion)i;
        }
    }
    return GROUP_INCLUDED;
}

const char *group_kind_name(enum group_kind kind)
{
    return (unsigned)kind < GROUP_KIND_COUNT ? KINDS[kind] : "";
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

/* "KIND a/b", or without a kind "a/b"; NULL when memory is out. Labels are as long as their writer likes. */
static const char *join(struct arena *arena, const char *kind, const char *a, const char *b)
{
    size_t size = strlen(kind) + strlen(a) + (b == NULL ? 0 : strlen(b)) + 3;
    char *text = arena_alloc(arena, size);
    if (text != NULL) {
        (void)snprintf(text, size, "%s%s%s%s%s", kind, kind[0] == '\0' ? "" : " ", a,
                       b == NULL ? "" : "/", b == NULL ? "" : b);
    }
    return text;
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
static int consider(const struct membership_scene *scene, const struct runtime_container *container,
                    struct arena *arena, struct grouping *grouping, struct candidate *candidate,
                    struct error *err)
{
    if (!grouping_is_alive(container)) {
        return container->missing == NULL ? 0
                                          : exclude(grouping, container, GROUP_MISSING, arena, err);
    }
    *candidate = (struct candidate){.member.container = container};
    if (labels_read(container, arena, &candidate->member.labels, &grouping->warnings, err) != 0) {
        return -1;
    }
    if (membership_find(scene, container, &candidate->member.labels, arena, &candidate->membership,
                        &grouping->warnings, err) != 0) {
        return -1;
    }
    if (candidate->membership.exclusion != GROUP_INCLUDED) {
        return exclude(grouping, container, candidate->membership.exclusion, arena, err);
    }
    if (container->status == RUNTIME_CREATED &&
        scene->options->now_unix_ms - container->described.created_at <
            scene->options->created_settle_ms) {
        grouping->settling = true;
        return 0;
    }
    candidate->key = join(arena, group_kind_name(candidate->membership.kind),
                          candidate->membership.value, candidate->membership.part);
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
    bool by_service = membership->kind == GROUP_KIND_SERVICE;
    const char *name = join(arena, "", membership->name, by_service ? membership->part : NULL);
    if (groups == NULL || members == NULL || name == NULL) {
        return error_no_memory(err, "grouping containers");
    }
    for (size_t i = 0; i < count; i++) {
        members[i] = candidates[i].member;
    }
    grouping->groups.items = groups;
    struct task_group *group = &groups[grouping->groups.count++];
    *group = (struct task_group){.key = candidates[0].key,
                                 .kind = membership->kind,
                                 .given_id = membership->given_id,
                                 .name = name,
                                 .members = {.items = members, .count = count}};
    return group_members_name(group, arena, err) != 0
               ? -1
               : group_check(group, arena, &grouping->warnings, err);
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
    struct membership_scene scene = membership_look(containers, count, options);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        int counts = consider(&scene, &containers[i], arena, &grouping, &candidates[found], err);
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
