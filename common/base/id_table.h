#ifndef COMMON_BASE_ID_TABLE_H
#define COMMON_BASE_ID_TABLE_H

/** A hash table by text, of entries that are embedded in what they name. Several entries may have the same key. */

#include <stddef.h>
#include <stdint.h>

struct id_entry {
    struct id_entry *next; /**< private */
    uint64_t hash;         /**< private */
    const char *key;       /**< the owner's, while it is in the table */
    void *owner;
};

/** {0} is a valid empty table. */
struct id_table {
    struct id_entry **buckets;
    size_t bucket_count, count;
};

/** Frees the table, not the entries. */
void id_table_release(struct id_table *table);
/** Adds an entry whose key and owner are set. @return 0, or -1 when memory is out */
int id_table_add(struct id_table *table, struct id_entry *entry);
void id_table_remove(struct id_table *table, struct id_entry *entry);
/** The first entry with this key, NULL = none. */
struct id_entry *id_table_find(const struct id_table *table, const char *key, size_t length);
/** The next one with the same key. */
struct id_entry *id_table_same(const struct id_entry *entry);
/** Calls fn for each owner; fn may remove and free that one, and add none. */
typedef void id_table_fn(void *context, void *owner);
void id_table_each(const struct id_table *table, id_table_fn *fn, void *context);

#endif
