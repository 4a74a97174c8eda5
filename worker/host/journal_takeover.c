#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/id_table.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/journal.h"

/** One older file. */
struct older {
    const char *name;
    struct journal_header header;
    size_t first, count; /**< its items among all that were read */
    int64_t events, delivered;
};

struct reading {
    const struct journal_config *config;
    struct journal_found *found; /**< items in order of reading */
    RECORD_LIST_OF(struct older) files;
    struct older *file; /**< the one being read */
};

static int out_of_memory(struct error *err)
{
    return error_no_memory(err, "reading older journals");
}

static struct journal_item *add_item(struct reading *reading, enum journal_kind kind)
{
    struct journal_found *found = reading->found;
    struct journal_item *grown = arena_grow(&found->arena, found->items.items, found->items.count,
                                            sizeof *found->items.items);
    if (grown == NULL) {
        return NULL;
    }
    found->items.items = grown;
    struct journal_item *item = &grown[found->items.count++];
    *item = (struct journal_item){.kind = kind};
    reading->file->count++;
    return item;
}

static int keep_event(struct reading *reading, enum journal_kind kind, struct span body,
                      struct error *err)
{
    struct journal_item *item = add_item(reading, kind);
    char *copy = arena_alloc(&reading->found->arena, body.length + 1);
    if (item == NULL || copy == NULL) {
        return out_of_memory(err);
    }
    memcpy(copy, body.data, body.length);
    item->event = (struct span){copy, body.length};
    reading->file->events += kind == JOURNAL_EVENT ? 1 : 0;
    return 0;
}

static int on_record(struct span payload, void *context, struct error *err)
{
    struct reading *reading = context;
    struct arena *arena = &reading->found->arena;
    struct span body = {payload.data + 1, payload.length - 1};
    struct journal_mark mark = {0};
    struct journal_item *item = NULL;
    switch (payload.data[0]) {
    case JOURNAL_HEADER:
        return record_decode(&JOURNAL_HEADER_SPEC, body, arena, &reading->file->header, err);
    case JOURNAL_EVENT:
        return keep_event(reading, JOURNAL_EVENT, body, err);
    case JOURNAL_FACT:
        return keep_event(reading, JOURNAL_FACT, body, err);
    case JOURNAL_DELIVERED:
        if (record_decode(&JOURNAL_MARK_SPEC, body, arena, &mark, err) != 0) {
            return -1;
        }
        reading->file->delivered = mark.events;
        return 0;
    case JOURNAL_INTENT:
        item = add_item(reading, JOURNAL_INTENT);
        if (item == NULL) {
            return out_of_memory(err);
        }
        return record_decode(&JOURNAL_INTENT_SPEC, body, arena, &item->intent, err);
    default:
        return 0; /* of a newer version: nothing that this one knows how to need */
    }
}

static void mark_delivered(struct reading *reading)
{
    int64_t left = reading->file->delivered;
    struct journal_item *items = reading->found->items.items;
    for (size_t i = reading->file->first; i < reading->found->items.count && left > 0; i++) {
        if (items[i].kind == JOURNAL_EVENT) {
            items[i].delivered = true;
            left--;
        }
    }
}

static bool is_named(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static void set_aside(const struct journal_config *config, const char *path, const char *name,
                      const char *why)
{
    char *aside = journal_path(config->directory, "damaged-", name, NULL);
    bool moved = aside != NULL && rename(path, aside) == 0;
    log_error("journal.damaged",
              moved ? "an older journal cannot be read; it is set aside and counts as lost"
                    : "an older journal cannot be read and counts as lost",
              LOG_STR("file", path), LOG_STR("error", why));
    memory_free(aside);
}

static bool is_copy(const struct journal_header *header, const char *path)
{
    char id[JOURNAL_FILE_ID_SIZE];
    return header->file != NULL && journal_file_id(path, id) && strcmp(header->file, id) != 0;
}

/** The writer of a copy sends its WorkerStarted itself, if it lives. */
static void leave_started(struct reading *reading)
{
    struct journal_found *found = reading->found;
    size_t kept = reading->file->first;
    for (size_t i = reading->file->first; i < found->items.count; i++) {
        const struct journal_item *item = &found->items.items[i];
        bool started =
            item->kind == JOURNAL_EVENT && !item->delivered &&
            event_type_from_name(record_peek_text(item->event, "type")) == EVENT_WORKER_STARTED;
        if (!started) {
            found->items.items[kept++] = *item;
        }
    }
    found->items.count = kept;
    reading->file->count = kept - reading->file->first;
}

static int read_file(struct reading *reading, const char *path, const char *name, struct error *err)
{
    struct append_file file = {.fd = -1};
    struct append_file_scan scan = {0};
    struct error failure = {0};
    if (append_file_open(&file, path, 0, on_record, reading, &scan, &failure) != 0) {
        if (failure.code != ERROR_CORRUPT) {
            return error_set(err, failure.code, "%s", failure.message);
        }
        reading->found->items.count = reading->file->first;
        reading->files.count--;
        reading->found->partial = true;
        set_aside(reading->config, path, name, failure.message);
        return 0;
    }
    append_file_close(&file);
    if (scan.dropped_bytes > 0) {
        log_warn("journal.torn", "the end of an older journal was torn and is cut",
                 LOG_STR("file", path), LOG_INT("bytes", scan.dropped_bytes));
    }
    mark_delivered(reading);
    bool copied = is_copy(&reading->file->header, path);
    if (copied) {
        leave_started(reading);
    }
    reading->found->any = true;
    reading->found->copied = reading->found->copied || copied;
    reading->found->partial =
        reading->found->partial || copied || is_named(name, JOURNAL_PARTIAL_PREFIX);
    return 0;
}

static int add_file(struct reading *reading, const char *name, struct error *err)
{
    struct arena *arena = &reading->found->arena;
    struct older *grown =
        arena_grow(arena, reading->files.items, reading->files.count, sizeof *grown);
    const char *kept = arena_strdup(arena, name);
    if (grown == NULL || kept == NULL) {
        return out_of_memory(err);
    }
    reading->files.items = grown;
    reading->file = &grown[reading->files.count++];
    *reading->file = (struct older){.name = kept, .first = reading->found->items.count};
    char *path = journal_path(reading->config->directory, "", name, err);
    if (path == NULL) {
        return -1;
    }
    int rc = read_file(reading, path, name, err);
    memory_free(path);
    return rc;
}

typedef int each_fn(void *context, const char *name, struct error *err);
typedef const char *incarnation_fn(const char *name);

/** NULL = not a journal. */
static const char *incarnation_of(const char *name)
{
    return is_named(name, JOURNAL_WHOLE_PREFIX)     ? name + strlen(JOURNAL_WHOLE_PREFIX)
           : is_named(name, JOURNAL_PARTIAL_PREFIX) ? name + strlen(JOURNAL_PARTIAL_PREFIX)
                                                    : NULL;
}

/** NULL = not a journal that was being rewritten. */
static const char *rewriter_of(const char *name)
{
    return is_named(name, JOURNAL_COMPACTING_PREFIX) ? name + strlen(JOURNAL_COMPACTING_PREFIX)
                                                     : NULL;
}

/** Calls fn for the name of every file in the directory that is another incarnation's, as far as `of` knows one. */
static int each_older(const struct journal_config *config, incarnation_fn *of, each_fn *fn,
                      void *context, struct error *err)
{
    DIR *directory = opendir(config->directory);
    if (directory == NULL) {
        return error_set_errno(err, errno, "read state directory %s", config->directory);
    }
    int rc = 0;
    for (struct dirent *entry = readdir(directory); entry != NULL && rc == 0;
         entry = readdir(directory)) {
        const char *incarnation = of(entry->d_name);
        if (incarnation != NULL && strcmp(incarnation, config->incarnation) != 0) {
            rc = fn(context, entry->d_name, err);
        }
    }
    closedir(directory);
    return rc;
}

static int add_each(void *context, const char *name, struct error *err)
{
    return add_file(context, name, err);
}

static int by_sequence(const void *a, const void *b)
{
    const struct older *first = a;
    const struct older *second = b;
    if (first->header.sequence != second->header.sequence) {
        return first->header.sequence < second->header.sequence ? -1 : 1;
    }
    return strcmp(first->name, second->name);
}

/** A merged item, by what it is likely to share with its twins alone. */
struct merged_entry {
    struct id_entry entry;
    struct journal_item *item;
};

struct merging {
    struct journal_found *found;
    struct journal_item *merged;
    struct merged_entry *entries; /**< one per merged item */
    size_t count;
    struct id_table by_key;
};

static struct span key_of(const struct journal_item *item)
{
    struct span key = item->kind == JOURNAL_INTENT ? span_of(item->intent.run.container_id)
                                                   : record_peek_text(item->event, "id");
    return key.data == NULL ? span_of("") : key;
}

/** The item that says the same, NULL = none. More than one file is there only when a worker died while it took over. */
static struct journal_item *twin_of(const struct merging *merging, const struct journal_item *item)
{
    struct span key = key_of(item);
    struct id_entry *entry = id_table_find(&merging->by_key, key.data, key.length);
    for (; entry != NULL; entry = id_table_same(entry)) {
        const struct merged_entry *at = entry->owner;
        if (at->item->kind == item->kind &&
            (item->kind != JOURNAL_INTENT ||
             journal_intent_equal(&at->item->intent, &item->intent))) {
            return at->item;
        }
    }
    return NULL;
}

/** Adds what an older file has no twin of. */
static int merge_file(struct merging *merging, const struct older *file, struct error *err)
{
    size_t before = merging->count;
    for (size_t i = file->first; i < file->first + file->count; i++) {
        const struct journal_item *item = &merging->found->items.items[i];
        struct journal_item *twin = twin_of(merging, item);
        if (twin != NULL) {
            twin->delivered = twin->delivered || item->delivered;
        } else {
            merging->merged[merging->count++] = *item;
        }
    }
    for (size_t i = before; i < merging->count; i++) {
        struct merged_entry *added = &merging->entries[i];
        struct span key = key_of(&merging->merged[i]);
        *added = (struct merged_entry){.item = &merging->merged[i]};
        added->entry.owner = added;
        added->entry.key = arena_strndup(&merging->found->arena, key.data, key.length);
        if (added->entry.key == NULL || id_table_add(&merging->by_key, &added->entry) != 0) {
            return out_of_memory(err);
        }
    }
    return 0;
}

/** Puts the items into the order of the files' sequence, each once; delivered according to any file is delivered. */
static int merge(struct reading *reading, struct error *err)
{
    if (reading->files.count < 2) {
        return 0;
    }
    struct journal_found *found = reading->found;
    size_t size = found->items.count + 1;
    struct merging merging = {.found = found,
                              .merged = arena_alloc(&found->arena, size * sizeof *merging.merged),
                              .entries =
                                  arena_alloc(&found->arena, size * sizeof *merging.entries)};
    int rc = merging.merged == NULL || merging.entries == NULL ? out_of_memory(err) : 0;
    for (size_t f = 0; f < reading->files.count && rc == 0; f++) {
        rc = merge_file(&merging, &reading->files.items[f], err);
    }
    id_table_release(&merging.by_key);
    if (rc == 0) {
        found->items.items = merging.merged;
        found->items.count = merging.count;
    }
    return rc;
}

int journal_read_older(const struct journal_config *config, struct journal_found *found,
                       int64_t *ret_sequence, struct error *err)
{
    struct reading reading = {.config = config, .found = found};
    if (each_older(config, incarnation_of, add_each, &reading, err) != 0) {
        journal_found_release(found);
        return -1;
    }
    if (reading.files.count > 0) {
        qsort(reading.files.items, reading.files.count, sizeof(struct older), by_sequence);
        *ret_sequence = reading.files.items[reading.files.count - 1].header.sequence;
    }
    if (merge(&reading, err) != 0) {
        journal_found_release(found);
        return -1;
    }
    return 0;
}

static int delete_file(const struct journal_config *config, const char *name, const char *failed,
                       struct error *err)
{
    char *path = journal_path(config->directory, "", name, err);
    if (path == NULL) {
        return -1;
    }
    if (remove(path) != 0) {
        log_warn("journal.kept", failed, LOG_STR("file", path));
    }
    memory_free(path);
    return 0;
}

static int delete_one(void *context, const char *name, struct error *err)
{
    int rc = delete_file(context, name, "an older journal that was taken over could not be deleted",
                         err);
    if (rc == 0) {
        FAULT_POINT(JOURNAL_DELETED);
    }
    return rc;
}

void journal_delete_older(const struct journal_config *config)
{
    struct journal_config copy = *config;
    (void)each_older(config, incarnation_of, delete_one, &copy, NULL);
}

static int delete_unfinished(void *context, const char *name, struct error *err)
{
    return delete_file(context, name,
                       "a journal that was not rewritten to its end could not be deleted", err);
}

void journal_delete_unfinished(const struct journal_config *config)
{
    struct journal_config copy = *config;
    (void)each_older(config, rewriter_of, delete_unfinished, &copy, NULL);
}
