#include "common/base/id_table.h"

#include <string.h>

#include "common/base/memory.h"

enum { FIRST_BUCKETS = 64 };

/** FNV-1a. */
static uint64_t hash_of(const char *key, size_t length)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

void id_table_release(struct id_table *table)
{
    memory_free(table->buckets);
    *table = (struct id_table){0};
}

static int grow(struct id_table *table)
{
    size_t count = table->bucket_count == 0 ? FIRST_BUCKETS : 2 * table->bucket_count;
    struct id_entry **buckets = memory_calloc(count, sizeof(struct id_entry *));
    if (buckets == NULL) {
        return -1;
    }
    for (size_t i = 0; i < table->bucket_count; i++) {
        while (table->buckets[i] != NULL) {
            struct id_entry *entry = table->buckets[i];
            table->buckets[i] = entry->next;
            entry->next = buckets[entry->hash % count];
            buckets[entry->hash % count] = entry;
        }
    }
    memory_free(table->buckets);
    table->buckets = buckets;
    table->bucket_count = count;
    return 0;
}

int id_table_add(struct id_table *table, struct id_entry *entry)
{
    if (table->count >= table->bucket_count && grow(table) != 0 && table->bucket_count == 0) {
        return -1;
    }
    entry->hash = hash_of(entry->key, strlen(entry->key));
    struct id_entry **bucket = &table->buckets[entry->hash % table->bucket_count];
    entry->next = *bucket;
    *bucket = entry;
    table->count++;
    return 0;
}

void id_table_remove(struct id_table *table, struct id_entry *entry)
{
    if (table->bucket_count == 0) {
        return;
    }
    struct id_entry **link = &table->buckets[entry->hash % table->bucket_count];
    while (*link != NULL && *link != entry) {
        link = &(*link)->next;
    }
    if (*link == entry) {
        *link = entry->next;
        table->count--;
    }
}

static struct id_entry *match(struct id_entry *entry, uint64_t hash, const char *key, size_t length)
{
    while (entry != NULL && (entry->hash != hash || strlen(entry->key) != length ||
                             memcmp(entry->key, key, length) != 0)) {
        entry = entry->next;
    }
    return entry;
}

struct id_entry *id_table_find(const struct id_table *table, const char *key, size_t length)
{
    if (table->bucket_count == 0) {
        return NULL;
    }
    uint64_t hash = hash_of(key, length);
    return match(table->buckets[hash % table->bucket_count], hash, key, length);
}

struct id_entry *id_table_same(const struct id_entry *entry)
{
    return match(entry->next, entry->hash, entry->key, strlen(entry->key));
}

void id_table_each(const struct id_table *table, id_table_fn *fn, void *context)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        struct id_entry *entry = table->buckets[i];
        while (entry != NULL) {
            struct id_entry *next = entry->next;
            fn(context, entry->owner);
            entry = next;
        }
    }
}
