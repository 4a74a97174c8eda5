#include "worker/host/group_member.h"

#include <stdlib.h>
#include <string.h>

#include "worker/runtime/signal_name.h"

#define ECS_CONTAINER_NAME "com.amazonaws.ecs.container-name"
enum { NAME_MAX_BYTES = 255, NUMBER_MAX_BYTES = 16, CONFIGURED_GRACE_MIN_MS = 1000 };

/* What a label says; an empty one says nothing. */
static const char *said(const struct runtime_container *container, const char *key)
{
    const char *value = labels_get(container, key);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

void group_member_describe(struct group_member *member)
{
    const struct runtime_container *container = member->container;
    const struct label_values *labels = &member->labels;
    struct described_container *described = &member->described;
    *described = container->described;
    member->service = said(container, COMPOSE_SERVICE);
    described->non_essential = !labels->essential;
    described->sidecar = labels->sidecar;
    described->pre_stop = labels->pre_stop;
    described->drain_delay_ms = labels->drain_delay_ms.known ? labels->drain_delay_ms.value : 0;
    described->stop_signal = labels->stop_signal;
    if (described->stop_signal == NULL && container->configured_stop_signal != NULL) {
        described->stop_signal = signal_name_normalize(span_of(container->configured_stop_signal));
    }
    if (described->stop_signal == NULL) {
        described->stop_signal = "SIGTERM";
    }
    described->stop_timeout_ms = labels->stop_timeout_ms;
    const struct optional_integer *configured = &container->configured_stop_timeout_ms;
    /* Docker's negative timeout (wait for ever) is no grace: the worker's own holds. */
    if (!labels->stop_timeout_ms.known && configured->known && configured->value >= 0) {
        bool short_one = configured->value < CONFIGURED_GRACE_MIN_MS;
        described->stop_timeout_ms = (struct optional_integer){
            .known = true, .value = short_one ? CONFIGURED_GRACE_MIN_MS : configured->value};
    }
    described->depends_on = (struct text_list){0};
}

static bool is_scaled(const struct task_group *group, const struct group_member *member)
{
    for (size_t i = 0; i < group->members.count; i++) {
        const struct group_member *other = &group->members.items[i];
        if (other != member && same(other->service, member->service)) {
            return true;
        }
    }
    return false;
}

static int compare_members(const void *a, const void *b)
{
    const struct group_member *x = a;
    const struct group_member *y = b;
    int order = strcmp(x->described.name, y->described.name);
    return order != 0 ? order : strcmp(x->described.container_id, y->described.container_id);
}

const char *group_member_name(const struct group_member *member, bool numbered, struct arena *arena)
{
    const char *given = said(member->container, ECS_CONTAINER_NAME);
    const char *number = said(member->container, COMPOSE_NUMBER);
    const char *name = given != NULL             ? given
                       : member->service != NULL ? member->service
                                                 : member->container->described.name;
    struct buffer text;
    buffer_init(&text, NAME_MAX_BYTES + 64);
    numbered = numbered && given == NULL && member->service != NULL && number != NULL;
    size_t room = NAME_MAX_BYTES - (numbered ? 1 + strnlen(number, NUMBER_MAX_BYTES) : 0);
    struct span kept = span_cut_utf8(span_of(name), room);
    bool ok =
        buffer_append(&text, kept.data, kept.length, NULL) == 0 &&
        (!numbered || buffer_append_format(&text, NULL, "-%.*s", NUMBER_MAX_BYTES, number) == 0);
    const char *result = ok ? arena_strdup(arena, text.data) : NULL;
    buffer_release(&text);
    return result;
}

int group_members_name(struct task_group *group, struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < group->members.count; i++) {
        struct group_member *member = &group->members.items[i];
        member->described.name = group_member_name(member, is_scaled(group, member), arena);
        if (member->described.name == NULL) {
            return error_no_memory(err, "naming containers");
        }
    }
    qsort(group->members.items, group->members.count, sizeof *group->members.items,
          compare_members);
    return 0;
}

/* ---- what a member needs ---- */

static int add_dependency(struct group_member *member, const struct group_member *needed,
                          struct arena *arena, struct error *err)
{
    struct text_list *list = &member->described.depends_on;
    if (needed == member || !needed->chosen) {
        return 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], needed->described.name) == 0) {
            return 0;
        }
    }
    const char **items = arena_grow(arena, list->items, list->count, sizeof *items);
    if (items == NULL) {
        return error_no_memory(err, "describing containers");
    }
    list->items = items;
    items[list->count++] = needed->described.name;
    return 0;
}

bool group_member_is_called(const struct group_member *member, struct span called)
{
    return span_equal_text(called, member->described.name) ||
           (member->service != NULL && span_equal_text(called, member->service)) ||
           span_equal_text(called, member->container->described.name) ||
           span_equal_text(called, member->described.container_id);
}

/* Every member that is called so: by its name in the task, its service, the runtime's name, or its id. */
static int need(const struct task_group *group, struct group_member *member, struct span called,
                struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < group->members.count; i++) {
        const struct group_member *other = &group->members.items[i];
        if (group_member_is_called(other, called) &&
            add_dependency(member, other, arena, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int need_text(const struct task_group *group, struct group_member *member,
                     const char *called, struct arena *arena, struct error *err)
{
    return called == NULL ? 0 : need(group, member, span_of(called), arena, err);
}

static int need_all(const struct task_group *group, struct group_member *member,
                    const struct text_list *list, struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (need_text(group, member, list->items[i], arena, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Compose v2 writes "db:service_healthy:false,cache:service_started:false". */
static int need_services(const struct task_group *group, struct group_member *member,
                         struct arena *arena, struct error *err)
{
    const char *rest = labels_get(member->container, COMPOSE_DEPENDS_ON);
    while (rest != NULL && rest[0] != '\0') {
        struct span service = {.data = rest, .length = strcspn(rest, ":,")};
        if (service.length > 0 && need(group, member, service, arena, err) != 0) {
            return -1;
        }
        const char *comma = strchr(rest, ',');
        rest = comma == NULL ? NULL : comma + 1;
    }
    return 0;
}

int group_member_need(const struct task_group *group, struct group_member *member,
                      struct arena *arena, struct error *err)
{
    member->described.depends_on = (struct text_list){0};
    const struct runtime_container *container = member->container;
    bool ok = need_all(group, member, &member->labels.depends_on, arena, err) == 0 &&
              need_services(group, member, arena, err) == 0 &&
              need_all(group, member, &container->links, arena, err) == 0 &&
              need_all(group, member, &container->volumes_from, arena, err) == 0 &&
              need_text(group, member, container->network_container, arena, err) == 0 &&
              need_text(group, member, container->ipc_container, arena, err) == 0 &&
              need_text(group, member, container->pid_container, arena, err) == 0;
    return ok ? 0 : -1;
}

/* ---- the whole task ---- */

static int add_tag(struct description *description, const char *key, const char *value,
                   struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < description->tags.count; i++) {
        if (strcmp(description->tags.items[i].key, key) == 0) {
            return 0;
        }
    }
    struct tag *items =
        arena_grow(arena, description->tags.items, description->tags.count, sizeof *items);
    if (items == NULL) {
        return error_no_memory(err, "describing containers");
    }
    description->tags.items = items;
    items[description->tags.count++] = (struct tag){.key = key, .value = value};
    return 0;
}

static bool is_allowed(const struct option_list *allowed, const char *key)
{
    for (size_t i = 0; allowed != NULL && i < allowed->count; i++) {
        if (strcmp(allowed->items[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static int add_tags(struct description *description, const struct runtime_container *container,
                    const struct grouping_options *options, struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < container->labels.count; i++) {
        const struct runtime_label *label = &container->labels.items[i];
        const char *key = labels_tag_key(label);
        if (key == NULL && is_allowed(options->allowed_labels, label->key)) {
            key = label->key;
        }
        if (key != NULL && key[0] != '\0' &&
            add_tag(description, key, label->value, arena, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static bool is_number(const char *text)
{
    int64_t number = 0;
    return text != NULL && span_to_int64(span_of(text), 1, INT32_MAX, &number);
}

/* The first member by name that says something wins. A revision is a number: anything else is none. */
static void add_task_labels(struct description *description, const struct group_member *member)
{
    const struct label_values *labels = &member->labels;
    const char *family = said(member->container, "com.amazonaws.ecs.task-definition-family");
    const char *revision = said(member->container, "com.amazonaws.ecs.task-definition-version");
    if (description->family_revision == NULL && is_number(revision)) {
        description->family_revision = revision;
    }
    if (description->family == NULL) {
        description->family = family != NULL ? family : labels->family;
    }
    if (description->group == NULL) {
        description->group = labels->group;
    }
    if (description->started_by == NULL) {
        description->started_by = labels->started_by;
    }
    if (description->cpu == 0 && labels->cpu.known) {
        description->cpu = labels->cpu.value;
    }
    if (description->memory_mib == 0 && labels->memory_mib.known) {
        description->memory_mib = labels->memory_mib.value;
    }
}

/* A family has ECS's characters only, at most 255 (RegisterTaskDefinition): a task definition ARN is made of it.
 * NULL: memory is out. */
static const char *family_of(const char *name, struct arena *arena)
{
    char *family = arena_strndup(arena, name, strnlen(name, NAME_MAX_BYTES));
    for (char *c = family; c != NULL && *c != '\0'; c++) {
        bool fine = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || *c == '-' || *c == '_';
        if (!fine) {
            *c = '-';
        }
    }
    return family;
}

int group_describe(const struct task_group *group, const struct grouping_options *options,
                   const char *runtime, struct arena *arena, struct description *ret_description,
                   struct error *err)
{
    struct description description = {.runtime = runtime};
    description.containers.items =
        arena_alloc(arena, (group->members.count + 1) * sizeof *description.containers.items);
    if (description.containers.items == NULL) {
        return error_no_memory(err, "describing containers");
    }
    for (size_t i = 0; i < group->members.count; i++) {
        struct group_member *member = &group->members.items[i];
        if (!member->chosen) {
            continue;
        }
        if (group_member_need(group, member, arena, err) != 0 ||
            add_tags(&description, member->container, options, arena, err) != 0) {
            return -1;
        }
        add_task_labels(&description, member);
        description.containers.items[description.containers.count++] = member->described;
    }
    description.family =
        family_of(description.family == NULL ? group->name : description.family, arena);
    if (description.family == NULL) {
        return error_no_memory(err, "describing containers");
    }
    description_canonicalize(&description);
    *ret_description = description;
    return 0;
}

void group_task_id(const struct task_group *group, const char *host, char ret_id[37])
{
    const struct described_container *earliest = NULL;
    for (size_t i = 0; i < group->members.count; i++) {
        const struct group_member *member = &group->members.items[i];
        const struct described_container *d = &member->described;
        bool earlier = earliest == NULL || (d->started_at != 0 && earliest->started_at == 0) ||
                       (d->started_at != 0 && d->started_at < earliest->started_at);
        if (member->chosen && earlier) {
            earliest = d;
        }
    }
    if (group->given_id != NULL) {
        memcpy(ret_id, group->given_id, strlen(group->given_id) + 1);
    } else if (earliest != NULL) {
        event_mint_task_id(host, group->name, earliest->container_id, earliest->started_at, ret_id);
    } else {
        ret_id[0] = '\0';
    }
}
