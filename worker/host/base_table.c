#include "worker/host/base_table.h"

#include <string.h>

#include "common/base/memory.h"

struct base *base_table_find(const struct base_table *table, const char *cluster, const char *task)
{
    struct id_entry *entry = id_table_find(&table->ids, task, strlen(task));
    while (entry != NULL && strcmp(((struct base *)entry->owner)->cluster, cluster) != 0) {
        entry = id_table_same(entry);
    }
    return entry == NULL ? NULL : entry->owner;
}

struct base *base_table_need(struct base_table *table, const char *cluster, const char *task)
{
    struct base *base = base_table_find(table, cluster, task);
    if (base != NULL) {
        return base;
    }
    size_t cluster_size = strlen(cluster) + 1;
    size_t task_size = strlen(task) + 1;
    base = memory_calloc(1, sizeof *base + cluster_size + task_size);
    if (base == NULL) {
        return NULL;
    }
    char *texts = (char *)(base + 1);
    memcpy(texts, cluster, cluster_size);
    memcpy(texts + cluster_size, task, task_size);
    base->cluster = texts;
    base->id = texts + cluster_size;
    base->state = BASE_FETCHING;
    base->pos = -1;
    base->entry.key = base->id;
    base->entry.owner = base;
    if (id_table_add(&table->ids, &base->entry) != 0) {
        memory_free(base);
        return NULL;
    }
    return base;
}

void base_table_remove(struct base_table *table, struct base *base)
{
    id_table_remove(&table->ids, &base->entry);
    task_release(&base->task);
    task_release(&base->again);
    memory_free(base);
}

/** base_table_each on its way through the table. */
struct each {
    base_table_fn *fn;
    void *context;
};

static void visit(void *context, void *owner)
{
    const struct each *each = context;
    each->fn(each->context, owner);
}

void base_table_each(struct base_table *table, base_table_fn *fn, void *context)
{
    struct each each = {.fn = fn, .context = context};
    id_table_each(&table->ids, visit, &each);
}

static void release_one(void *context, struct base *base)
{
    base_table_remove(context, base);
}

void base_table_release(struct base_table *table)
{
    base_table_each(table, release_one, table);
    id_table_release(&table->ids);
}
