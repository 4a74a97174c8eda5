#include "worker/host/ended_ids.h"

#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

void ended_ids_release(struct ended_ids *ids)
{
    memory_free(ids->items);
    *ids = (struct ended_ids){0};
}

static struct ended_id *find(struct ended_ids *ids, const char *id)
{
    for (size_t i = 0; i < ids->count; i++) {
        if (strcmp(ids->items[i].id, id) == 0) {
            return &ids->items[i];
        }
    }
    return NULL;
}

bool ended_ids_meet(struct ended_ids *ids, const char *id, int64_t now_boot_ms)
{
    struct ended_id *known = find(ids, id);
    if (known == NULL) {
        struct ended_id *items = memory_realloc(ids->items, (ids->count + 1) * sizeof *ids->items);
        if (items == NULL) {
            return false;
        }
        ids->items = items;
        known = &items[ids->count++];
        *known = (struct ended_id){.since_boot_ms = now_boot_ms};
        (void)snprintf(known->id, sizeof known->id, "%s", id);
    }
    known->met = true;
    return now_boot_ms - known->since_boot_ms >= ENDED_IDS_BELIEVED_MS;
}

void ended_ids_turn(struct ended_ids *ids)
{
    size_t kept = 0;
    for (size_t i = 0; i < ids->count; i++) {
        if (ids->items[i].met) {
            ids->items[kept] = ids->items[i];
            ids->items[kept++].met = false;
        }
    }
    ids->count = kept;
}
