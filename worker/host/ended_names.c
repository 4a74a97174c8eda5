#include "worker/host/ended_names.h"

#include "common/base/memory.h"

enum { FIRST_ROOM = 1024 };

static uint64_t hash_on(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++ != '\0');
    return hash;
}

static uint64_t hash_of(const char *cluster, const char *task)
{
    uint64_t hash = hash_on(hash_on(UINT64_C(0xcbf29ce484222325), cluster), task);
    return hash == 0 ? 1 : hash;
}

/* The slot that holds the hash, or the free one that it would take. room is a power of two, and never full. */
static uint64_t *slot_of(uint64_t *slots, size_t room, uint64_t hash)
{
    size_t at = (size_t)hash & (room - 1);
    while (slots[at] != 0 && slots[at] != hash) {
        at = (at + 1) & (room - 1);
    }
    return &slots[at];
}

static bool grow(struct ended_names *names)
{
    size_t room = names->room == 0 ? FIRST_ROOM : names->room * 2;
    uint64_t *slots = memory_calloc(room, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < names->room; i++) {
        if (names->slots[i] != 0) {
            *slot_of(slots, room, names->slots[i]) = names->slots[i];
        }
    }
    memory_free(names->slots);
    names->slots = slots;
    names->room = room;
    return true;
}

void ended_names_release(struct ended_names *names)
{
    memory_free(names->slots);
    *names = (struct ended_names){0};
}

bool ended_names_add(struct ended_names *names, const char *cluster, const char *task)
{
    if (names->count >= ENDED_NAMES_MAX || (names->count * 2 >= names->room && !grow(names))) {
        return false;
    }
    uint64_t hash = hash_of(cluster, task);
    uint64_t *slot = slot_of(names->slots, names->room, hash);
    names->count += *slot == 0;
    *slot = hash;
    return true;
}

bool ended_names_has(const struct ended_names *names, const char *cluster, const char *task)
{
    return names->count > 0 && *slot_of(names->slots, names->room, hash_of(cluster, task)) != 0;
}
