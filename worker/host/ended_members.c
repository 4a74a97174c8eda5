#include "worker/host/ended_members.h"

#include <string.h>

#include "common/base/memory.h"
#include "worker/host/exit_result.h"
#include "worker/host/group_member.h"

static int out_of_memory(struct error *err)
{
    return error_no_memory(err, "describing containers that have ended");
}

static const struct runtime_container *container_of(const struct ended_members *members,
                                                    const struct described_container *described)
{
    return observation_find(members->in->containers, members->in->container_count,
                            described->container_id);
}

/* What lives is described as it is now, or is another task's. */
static bool lives(const struct ended_members *members, const struct described_container *described)
{
    const struct runtime_container *container = container_of(members, described);
    return container != NULL && grouping_is_alive(container);
}

static bool is_replica(const char *name, const char *service)
{
    size_t length = strlen(service);
    return strncmp(name, service, length) == 0 && name[length] == '-' && name[length + 1] != '\0' &&
           strspn(name + length + 1, "0123456789") == strlen(name + length + 1);
}

/* True if a living container has the name, as one of several of its service or as the only one. */
static bool is_replaced(const struct ended_members *members, const char *name)
{
    for (size_t i = 0; i < members->group->members.count; i++) {
        const struct group_member *member = &members->group->members.items[i];
        if (member->chosen && (strcmp(name, member->described.name) == 0 ||
                               (member->service != NULL && strcmp(name, member->service) == 0))) {
            return true;
        }
    }
    return false;
}

/* What the runtime has removed has no labels any more: the description says. One that is named as the service itself is the only
 * one of it; two of one service are both numbered. */
static bool was_scaled(const struct description *have, const struct described_container *ended,
                       const char *service)
{
    bool scaled = false;
    for (size_t i = 0; i < have->containers.count; i++) {
        const struct described_container *other = &have->containers.items[i];
        if (other->name == NULL) {
            continue;
        }
        if (strcmp(other->name, service) == 0) {
            return false;
        }
        scaled =
            scaled || (strcmp(other->name, ended->name) != 0 && is_replica(other->name, service));
    }
    return scaled;
}

static bool was_of_service(const struct ended_members *members,
                           const struct described_container *ended, const char *service)
{
    const struct runtime_container *container = container_of(members, ended);
    if (container != NULL) {
        const char *label = labels_get(container, COMPOSE_SERVICE);
        return label != NULL && strcmp(label, service) == 0;
    }
    return was_scaled(&members->base->description, ended, service);
}

static int number_replicas(const struct ended_members *members,
                           const struct described_container *ended, struct error *err)
{
    for (size_t i = 0; i < members->group->members.count; i++) {
        struct group_member *member = &members->group->members.items[i];
        if (!member->chosen || member->service == NULL ||
            !is_replica(ended->name, member->service) ||
            !was_of_service(members, ended, member->service)) {
            continue;
        }
        member->described.name = group_member_name(member, true, members->arena);
        if (member->described.name == NULL) {
            return out_of_memory(err);
        }
    }
    return 0;
}

int ended_members_name(const struct ended_members *members, struct error *err)
{
    const struct description *have = &members->base->description;
    for (size_t i = 0; i < have->containers.count; i++) {
        const struct described_container *described = &have->containers.items[i];
        bool ended = described->name != NULL && !lives(members, described) &&
                     !is_replaced(members, described->name);
        if (ended && number_replicas(members, described, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- what is kept ---- */

/* Fills in what the runtime says now of a run that has ended. @return as ended_of */
static int end_of(const struct ended_members *members, struct described_container *ended,
                  struct error *err)
{
    const struct runtime_container *container = container_of(members, ended);
    char reason[EXIT_REASON_MAX_BYTES];
    struct run_result result;
    struct run run = {ended->container_id, ended->started_at};
    if (container != NULL && container->described.started_at != run.started_at) {
        run.started_at = container->described.started_at;
        if (run_claims_other(members->claims, run, members->base)) {
            return 0;
        }
    }
    if (run.started_at == 0 ||
        !exit_result_of(run, ended->name, container,
                        members->in->told_code(members->in->context, run), reason, &result)) {
        return 0;
    }
    ended->started_at = run.started_at;
    ended->ended = true;
    ended->exit_code = result.exit_code;
    ended->oom_killed = result.oom_killed;
    ended->finished_at = result.finished_at;
    ended->end_reason = arena_strdup(members->arena, result.reason);
    return result.reason != NULL && ended->end_reason == NULL ? out_of_memory(err) : 1;
}

static bool ran_again(const struct ended_members *members,
                      const struct described_container *described)
{
    const struct runtime_container *container = container_of(members, described);
    return container != NULL && container->described.started_at > described->started_at;
}

/* @return 1 if the description keeps it (*ret_ended), 0 if not, -1 without memory */
static int ended_of(const struct ended_members *members,
                    const struct described_container *described,
                    struct described_container *ret_ended, struct error *err)
{
    if (described->name == NULL || lives(members, described) ||
        is_replaced(members, described->name)) {
        return 0;
    }
    *ret_ended = *described;
    if (described->ended && described->exit_code.known && !ran_again(members, described)) {
        return 1;
    }
    int known = end_of(members, ret_ended, err);
    bool same = ret_ended->started_at == described->started_at;
    if (described->ended && (known == 0 || (known > 0 && same && !ret_ended->exit_code.known))) {
        *ret_ended = *described;
        known = 1;
    }
    return known;
}

/* When the last of the others ended; 0 = nobody knows. */
static int64_t others_ended_at(const struct ended_members *members,
                               const struct described_container *described)
{
    const struct description *have = &members->base->description;
    int64_t latest = 0;
    for (size_t i = 0; i < have->containers.count; i++) {
        const struct described_container *other = &have->containers.items[i];
        const struct runtime_container *container = container_of(members, other);
        int64_t at = container != NULL ? container->finished_at : other->finished_at;
        latest = other != described && at > latest ? at : latest;
    }
    return latest;
}

int ended_members_again(const struct ended_members *members, struct description *ret_want,
                        struct error *err)
{
    const struct description *have = &members->base->description;
    size_t count = have->containers.count;
    struct described_container *items = arena_alloc(members->arena, (count + 1) * sizeof *items);
    if (items == NULL) {
        return out_of_memory(err);
    }
    int again = 0;
    for (size_t i = 0; i < count; i++) {
        const struct described_container *described = &have->containers.items[i];
        items[i] = *described;
        if (!described->ended || described->name == NULL || !ran_again(members, described) ||
            container_of(members, described)->described.started_at >=
                others_ended_at(members, described)) {
            continue;
        }
        int known = end_of(members, &items[i], err);
        if (known < 0) {
            return -1;
        }
        again = known > 0 ? 1 : again;
    }
    *ret_want = *have;
    ret_want->containers.items = items;
    return again;
}

static size_t count_ended(const struct description *description)
{
    size_t count = 0;
    for (size_t i = 0; i < description->containers.count; i++) {
        count += description->containers.items[i].ended;
    }
    return count;
}

static int64_t earliest_creation(const struct description *description)
{
    int64_t earliest = description->created_at;
    for (size_t i = 0; i < description->containers.count; i++) {
        int64_t created_at = description->containers.items[i].created_at;
        earliest =
            earliest == 0 || (created_at != 0 && created_at < earliest) ? created_at : earliest;
    }
    return earliest;
}

/* A task is as old as the first container that it had. */
static void keep_age(struct description *description, int64_t created_at)
{
    int64_t listed = earliest_creation(description);
    if (created_at != 0 && (listed == 0 || created_at < listed)) {
        description->created_at = created_at;
    }
}

static bool lists(const struct text_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_ended(const struct described_container *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].ended && strcmp(items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* What a container needs it needs also while that has ended: it may be started again. */
static int keep_needs(const struct ended_members *members, const struct described_container *before,
                      struct described_container *items, size_t count, struct error *err)
{
    struct text_list *list = NULL;
    for (size_t i = 0; i < count && list == NULL; i++) {
        bool same = !items[i].ended && strcmp(items[i].container_id, before->container_id) == 0;
        list = same ? &items[i].depends_on : NULL;
    }
    for (size_t i = 0; list != NULL && i < before->depends_on.count; i++) {
        const char *name = before->depends_on.items[i];
        if (lists(list, name) || !has_ended(items, count, name)) {
            continue;
        }
        const char **grown = arena_alloc(members->arena, (list->count + 1) * sizeof *grown);
        if (grown == NULL) {
            return out_of_memory(err);
        }
        for (size_t k = 0; k < list->count; k++) {
            grown[k] = list->items[k];
        }
        grown[list->count++] = name;
        list->items = grown;
    }
    return 0;
}

int ended_members_keep(const struct ended_members *members, struct description *want,
                       struct error *err)
{
    const struct description *have = &members->base->description;
    size_t count = want->containers.count;
    struct described_container *items =
        arena_alloc(members->arena, (count + have->containers.count) * sizeof *items);
    if (items == NULL) {
        return out_of_memory(err);
    }
    memcpy(items, want->containers.items, count * sizeof *items);
    for (size_t i = 0; i < have->containers.count; i++) {
        int kept = ended_of(members, &have->containers.items[i], &items[count], err);
        if (kept < 0) {
            return -1;
        }
        count += (size_t)kept;
    }
    for (size_t i = 0; i < have->containers.count; i++) {
        if (keep_needs(members, &have->containers.items[i], items, count, err) != 0) {
            return -1;
        }
    }
    want->containers.items = items;
    want->containers.count = count;
    keep_age(want, earliest_creation(have));
    while ((count_ended(want) > ENDED_MEMBERS_MAX || want->containers.count > RECORD_LIST_MAX) &&
           ended_members_drop(want)) {
    }
    description_canonicalize(want);
    return 0;
}

/* Of one that vanished nobody knows when it ended: not before it started. */
static int64_t end_time(const struct described_container *ended)
{
    return ended->finished_at != 0 ? ended->finished_at : ended->started_at;
}

static bool ended_earlier(const struct described_container *a, const struct described_container *b)
{
    if (end_time(a) != end_time(b)) {
        return end_time(a) < end_time(b);
    }
    return strcmp(a->container_id, b->container_id) < 0;
}

bool ended_members_drop(struct description *description)
{
    struct described_container *items = description->containers.items;
    size_t count = description->containers.count;
    size_t first = count;
    for (size_t i = 0; i < count; i++) {
        if (items[i].ended && (first == count || ended_earlier(&items[i], &items[first]))) {
            first = i;
        }
    }
    if (first == count) {
        return false;
    }
    int64_t created_at = earliest_creation(description);
    memmove(&items[first], &items[first + 1], (count - first - 1) * sizeof *items);
    description->containers.count--;
    keep_age(description, created_at);
    return true;
}
