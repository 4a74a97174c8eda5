#include "worker/runtime/docker_inspects.h"

#include <string.h>

#include "worker/runtime/docker_json.h"

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

struct inspected {
    struct id_entry entry;
    struct arena arena;
    struct runtime_container container; /* in the arena, its id too */
    uint64_t begun, shown;
    uint64_t doubted; /* the turn of the last event */
    int64_t old_at_boot_ms;
    uint64_t list; /* the last one that showed it */
};

/* ---- how the list shows it ---- */

static int hash_more(const char *text, size_t length, void *context)
{
    uint64_t *hash = context;
    for (size_t i = 0; i < length; i++) {
        *hash = (*hash ^ (unsigned char)text[i]) * FNV_PRIME;
    }
    return 0;
}

/* "Up 5 minutes (healthy)", "Exited (143) 2 hours ago": the times go on by themselves. */
static void hash_status(const char *status, uint64_t *hash)
{
    const char *open = status == NULL ? NULL : strchr(status, '(');
    if (open != NULL) {
        (void)hash_more(open, strcspn(open, ")"), hash);
    }
}

uint64_t docker_inspects_shown(const json_t *list_entry)
{
    static const char *const MEMBERS[] = {"State",   "Created", "Names",
                                          "ImageID", "Labels",  "NetworkSettings"};
    uint64_t hash = FNV_OFFSET;
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        const json_t *member = json_object_get(list_entry, MEMBERS[i]);
        (void)hash_more(MEMBERS[i], strlen(MEMBERS[i]), &hash);
        if (member != NULL &&
            json_dump_callback(member, hash_more, &hash,
                               JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0) {
            return 0;
        }
    }
    hash_status(docker_json_text(list_entry, "Status"), &hash);
    return hash == 0 ? 1 : hash;
}

/* ---- the store ---- */

static struct inspected *find(const struct docker_inspects *inspects, const char *container_id)
{
    const struct id_entry *entry =
        id_table_find(&inspects->table, container_id, strlen(container_id));
    return entry == NULL ? NULL : entry->owner;
}

static void forget(struct docker_inspects *inspects, struct inspected *inspected)
{
    id_table_remove(&inspects->table, &inspected->entry);
    arena_release(&inspected->arena);
    memory_free(inspected);
}

void docker_inspects_forget(struct docker_inspects *inspects, const char *container_id)
{
    struct inspected *inspected = find(inspects, container_id);
    if (inspected != NULL) {
        forget(inspects, inspected);
    }
}

uint64_t docker_inspects_begin(struct docker_inspects *inspects)
{
    return ++inspects->turn;
}

int docker_inspects_keep(struct docker_inspects *inspects,
                         const struct runtime_container *container, struct arena *arena,
                         uint64_t begun, uint64_t shown, int64_t now_boot_ms, struct error *err)
{
    const char *id = container->described.container_id;
    struct inspected *before = find(inspects, id);
    struct inspected *inspected = memory_calloc(1, sizeof *inspected);
    if (inspected == NULL) {
        arena_release(arena);
        return error_no_memory(err, "keeping the inspect of a container");
    }
    *inspected = (struct inspected){.entry = {.key = id, .owner = inspected},
                                    .container = *container,
                                    .begun = begun,
                                    .shown = shown,
                                    .doubted = before == NULL ? inspects->unknown : before->doubted,
                                    .list = before == NULL ? 0 : before->list};
    if (id_table_add(&inspects->table, &inspected->entry) != 0) {
        memory_free(inspected);
        arena_release(arena);
        return error_no_memory(err, "keeping the inspect of a container");
    }
    inspected->arena = *arena;
    *arena = (struct arena){0};
    /* Not all in the same minute: each has its own age, by its id. */
    inspected->old_at_boot_ms = now_boot_ms + DOCKER_INSPECT_OLD_MS +
                                (int64_t)(inspected->entry.hash % DOCKER_INSPECT_OLD_MS);
    if (before != NULL) {
        forget(inspects, before);
    }
    return 0;
}

void docker_inspects_doubt(struct docker_inspects *inspects, const char *container_id)
{
    struct inspected *inspected = find(inspects, container_id);
    *(inspected == NULL ? &inspects->unknown : &inspected->doubted) = ++inspects->turn;
}

void docker_inspects_doubt_all(struct docker_inspects *inspects)
{
    inspects->all_doubted = ++inspects->turn;
}

bool docker_inspects_hold(const struct docker_inspects *inspects, const char *container_id,
                          uint64_t shown, int64_t now_boot_ms)
{
    const struct inspected *inspected = find(inspects, container_id);
    return inspected != NULL && inspected->begun > inspected->doubted &&
           inspected->begun > inspects->all_doubted && shown != 0 && inspected->shown == shown &&
           now_boot_ms < inspected->old_at_boot_ms;
}

/* ---- a list ---- */

void docker_inspects_list_begin(struct docker_inspects *inspects)
{
    inspects->lists++;
}

const struct runtime_container *docker_inspects_take(struct docker_inspects *inspects,
                                                     const char *container_id)
{
    struct inspected *inspected = find(inspects, container_id);
    if (inspected == NULL) {
        return NULL;
    }
    inspected->list = inspects->lists;
    return &inspected->container;
}

static void forget_unlisted(void *context, void *owner)
{
    struct docker_inspects *inspects = context;
    struct inspected *inspected = owner;
    if (inspected->list != inspects->lists) {
        forget(inspects, inspected);
    }
}

void docker_inspects_list_end(struct docker_inspects *inspects)
{
    id_table_each(&inspects->table, forget_unlisted, inspects);
}

static void forget_each(void *context, void *owner)
{
    forget(context, owner);
}

void docker_inspects_release(struct docker_inspects *inspects)
{
    id_table_each(&inspects->table, forget_each, inspects);
    id_table_release(&inspects->table);
    *inspects = (struct docker_inspects){0};
}
