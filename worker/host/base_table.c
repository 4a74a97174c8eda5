#include "worker/host/base_table.h"

#include <string.h>

#include "common/base/memory.h"

enum { FIRST_BUCKETS = 64 };

static uint64_t hash_text(uint64_t hash, const char *text)
{
    /* FNV-1a; the ids are ours or an engine's, not a stranger's. */
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    return hash;
}

static struct base **bucket_of(const struct base_table *table, const char *cluster,
                               const char *task)
{
    uint64_t hash = hash_text(hash_text(UINT64_C(14695981039346656037), cluster), task);
    return &table->buckets[hash % table->bucket_count];
}

struct base *base_table_find(const struct base_table *table, const char *cluster, const char *task)
{
    if (table->bucket_count == 0) {
        return NULL;
    }
    struct base *base = *bucket_of(table, cluster, task);
    while (base != NULL && (strcmp(base->id, task) != 0 || strcmp(base->cluster, cluster) != 0)) {
        base = base->next;
    }
    return base;
}

static void insert(const struct base_table *table, struct base *base)
{
    struct base **bucket = bucket_of(table, base->cluster, base->id);
    base->next = *bucket;
    *bucket = base;
}

static bool grow(struct base_table *table)
{
    if (table->count < table->bucket_count) {
        return true;
    }
    struct base_table wider = {.bucket_count = table->bucket_count == 0 ? FIRST_BUCKETS
                                                                        : table->bucket_count * 2,
                               .count = table->count};
    wider.buckets = memory_calloc(wider.bucket_count, sizeof(struct base *));
    if (wider.buckets == NULL) {
        return table->bucket_count > 0;
    }
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct base *base = table->buckets[i]; base != NULL;) {
            struct base *next = base->next;
            insert(&wider, base);
            base = next;
        }
    }
    memory_free(table->buckets);
    *table = wider;
    return true;
}

struct base *base_table_need(struct base_table *table, const char *cluster, const char *task)
{
    struct base *base = base_table_find(table, cluster, task);
    if (base != NULL) {
        return base;
    }
    size_t cluster_size = strlen(cluster) + 1;
    size_t task_size = strlen(task) + 1;
    base = grow(table) ? memory_calloc(1, sizeof *base + cluster_size + task_size) : NULL;
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
    insert(table, base);
    table->count++;
    return base;
}

void base_table_remove(struct base_table *table, struct base *base)
{
    struct base **link = bucket_of(table, base->cluster, base->id);
    while (*link != base) {
        link = &(*link)->next;
    }
    *link = base->next;
    table->count--;
    task_release(&base->task);
    memory_free(base);
}

void base_table_each(struct base_table *table, base_table_fn *fn, void *context)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct base *base = table->buckets[i]; base != NULL;) {
            struct base *next = base->next;
            fn(context, base);
            base = next;
        }
    }
}

void base_table_release(struct base_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            struct base *base = table->buckets[i];
            table->buckets[i] = base->next;
            task_release(&base->task);
            memory_free(base);
        }
    }
    memory_free(table->buckets);
    *table = (struct base_table){0};
}
