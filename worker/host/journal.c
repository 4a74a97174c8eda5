#include "worker/host/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/fault_point.h"
#include "common/base/log.h"
#include "common/base/memory.h"

enum {
    PATH_MAX_BYTES = 4096,
    SMALL_RECORD_BYTES = 8192,
    MARK_EVERY = 64,
    COMPACT_FIRST_BYTES = 1 << 20,
    WORTH_COMPACTING_BYTES = 4096
};

char *journal_path(const char *directory, const char *prefix, const char *name, struct error *err)
{
    struct buffer path;
    buffer_init(&path, PATH_MAX_BYTES);
    if (buffer_append_format(&path, err, "%s/%s%s", directory, prefix, name) != 0) {
        buffer_release(&path);
        return NULL;
    }
    return buffer_steal(&path);
}

static int write_record(struct append_file *file, enum journal_kind kind,
                        const struct record_spec *spec, const void *record, struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, SMALL_RECORD_BYTES);
    int rc = journal_record_encode(kind, spec, record, &bytes, err);
    if (rc == 0) {
        rc = append_file_append(file, buffer_span(&bytes), err);
    }
    buffer_release(&bytes);
    return rc;
}

bool journal_file_id(const char *path, char ret_id[JOURNAL_FILE_ID_SIZE])
{
    enum { NS = 1000000000 };
    struct statx status;
    if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &status) != 0) {
        return false;
    }
    /* numbers of removed files are used again, with another time of birth */
    bool born = (status.stx_mask & STATX_BTIME) != 0;
    uint64_t birth = born ? (uint64_t)status.stx_btime.tv_sec * NS + status.stx_btime.tv_nsec : 0;
    (void)snprintf(ret_id, JOURNAL_FILE_ID_SIZE, "%016" PRIx64 "%016" PRIx64,
                   (uint64_t)status.stx_ino, birth);
    return true;
}

int journal_write_header(struct append_file *file, int64_t sequence, const char *incarnation,
                         struct error *err)
{
    char id[JOURNAL_FILE_ID_SIZE];
    struct journal_header header = {.sequence = sequence,
                                    .incarnation = incarnation,
                                    .file = journal_file_id(file->path, id) ? id : NULL};
    return write_record(file, JOURNAL_HEADER, &JOURNAL_HEADER_SPEC, &header, err);
}

int journal_write_mark(struct append_file *file, int64_t events, struct error *err)
{
    struct journal_mark mark = {.events = events};
    return write_record(file, JOURNAL_DELIVERED, &JOURNAL_MARK_SPEC, &mark, err);
}

/** kind + event into buf. */
static int event_payload(enum journal_kind kind, struct span event, struct buffer *buf,
                         struct error *err)
{
    char byte = (char)kind;
    buffer_init(buf, EVENT_MAX_BYTES + 1);
    if (buffer_append(buf, &byte, 1, err) != 0) {
        return -1;
    }
    return buffer_append(buf, event.data, event.length, err);
}

static void set_compaction(struct journal *journal)
{
    off_t at = 2 * journal->file.size_bytes;
    journal->compacted_bytes = journal->file.size_bytes;
    journal->compact_bytes = at < COMPACT_FIRST_BYTES ? COMPACT_FIRST_BYTES : at;
}

/* ---- opening ---- */

static int copy_item(struct journal *journal, const struct journal_item *item, struct error *err)
{
    if (item->kind == JOURNAL_INTENT) {
        return write_record(&journal->file, JOURNAL_INTENT, &JOURNAL_INTENT_SPEC, &item->intent,
                            err);
    }
    struct buffer payload;
    int rc = event_payload(item->kind, item->event, &payload, err);
    if (rc == 0) {
        rc = append_file_append(&journal->file, buffer_span(&payload), err);
    }
    buffer_release(&payload);
    if (rc == 0 && item->kind == JOURNAL_EVENT) {
        journal->events++;
        journal->delivered += item->delivered ? 1 : 0;
    }
    return rc;
}

static int copy_found(struct journal *journal, const struct journal_found *found, struct error *err)
{
    for (size_t i = 0; i < found->items.count; i++) {
        if (copy_item(journal, &found->items.items[i], err) != 0) {
            return -1;
        }
    }
    if (journal->delivered > 0 &&
        journal_write_mark(&journal->file, journal->delivered, err) != 0) {
        return -1;
    }
    journal->marked = journal->delivered;
    return 0;
}

/** From the first event on that was not delivered, all are produced again, in order. */
static void redo_from_first_undelivered(struct journal_found *found)
{
    bool redo = false;
    for (size_t i = 0; i < found->items.count; i++) {
        struct journal_item *item = &found->items.items[i];
        if (item->kind == JOURNAL_EVENT) {
            redo = redo || !item->delivered;
            item->delivered = !redo;
        }
    }
}

static const char *prefix_of(const struct journal *journal)
{
    return journal->partial ? JOURNAL_PARTIAL_PREFIX : JOURNAL_WHOLE_PREFIX;
}

static int open_file(struct journal *journal, struct error *err)
{
    char *path = journal_path(journal->config.directory, prefix_of(journal),
                              journal->config.incarnation, err);
    if (path == NULL) {
        return -1;
    }
    int rc = append_file_open(&journal->file, path, 1, NULL, NULL, NULL, err);
    memory_free(path);
    if (rc != 0) {
        return -1;
    }
    if (journal_write_header(&journal->file, journal->sequence, journal->config.incarnation, err) !=
        0) {
        append_file_close(&journal->file);
        return -1;
    }
    journal->file.max_bytes = (off_t)journal->config.max_bytes;
    return 0;
}

int journal_open(struct journal *journal, const struct journal_config *config,
                 struct journal_found *ret_found, struct error *err)
{
    *journal = (struct journal){.config = *config, .file = {.fd = -1}};
    *ret_found = (struct journal_found){0};
    int64_t newest = 0;
    journal_delete_unfinished(config);
    if (journal_read_older(config, ret_found, &newest, err) != 0) {
        return -1;
    }
    journal->sequence = newest + 1;
    journal->partial = !ret_found->any || ret_found->partial;
    if (open_file(journal, err) != 0) {
        return -1;
    }
    FAULT_POINT(JOURNAL_OPENED);
    redo_from_first_undelivered(ret_found);
    struct error copying = {0};
    if (copy_found(journal, ret_found, &copying) != 0) {
        log_error("journal.full",
                  "older journals could not be taken over into the new one and stay where they are",
                  LOG_STR("error", copying.message));
    } else {
        FAULT_POINT(JOURNAL_COPIED);
        journal_delete_older(config);
    }
    set_compaction(journal);
    return 0;
}

void journal_close(struct journal *journal)
{
    if (journal->file.path != NULL) {
        append_file_close(&journal->file);
    }
}

void journal_found_release(struct journal_found *found)
{
    arena_release(&found->arena);
    *found = (struct journal_found){0};
}

/* ---- whole or partial ---- */

/** A name of the same length: a full disk has room for it. Where even that cannot be written, the file keeps its name. */
static void set_partial(struct journal *journal, bool partial)
{
    if (journal->partial == partial) {
        return;
    }
    journal->partial = partial;
    char *path = journal_path(journal->config.directory, prefix_of(journal),
                              journal->config.incarnation, NULL);
    if (path == NULL || rename(journal->file.path, path) != 0) {
        memory_free(path);
        journal->partial = !partial;
        return;
    }
    memory_free(journal->file.path);
    journal->file.path = path;
}

void journal_lacks(struct journal *journal)
{
    journal->failed = true;
    set_partial(journal, true);
}

void journal_whole(struct journal *journal)
{
    journal->failed = false;
    set_partial(journal, false);
}

/* ---- appending ---- */

static off_t room_limit(const struct journal *journal, bool begins)
{
    off_t max_bytes = (off_t)journal->config.max_bytes;
    return begins ? max_bytes - max_bytes / 4 : max_bytes;
}

/** Rewriting is worth it only when enough was written since the last time. */
static bool worth_compacting(const struct journal *journal)
{
    return journal->file.size_bytes - journal->compacted_bytes >= WORTH_COMPACTING_BYTES;
}

static int append(struct journal *journal, struct span payload, bool begins, struct error *err)
{
    struct error failure = {0};
    if (journal->file.size_bytes >= journal->compact_bytes) {
        (void)journal_compact(journal, NULL);
    }
    journal->file.max_bytes = room_limit(journal, begins);
    int rc = append_file_append(&journal->file, payload, &failure);
    if (rc != 0 && failure.code == ERROR_FULL && worth_compacting(journal) &&
        journal_compact(journal, NULL) == 0) {
        journal->file.max_bytes = room_limit(journal, begins);
        failure = (struct error){0};
        rc = append_file_append(&journal->file, payload, &failure);
    }
    if (rc != 0) {
        journal_lacks(journal);
        return error_set(err, failure.code, "journal: %s", failure.message);
    }
    return 0;
}

static int append_bytes(struct journal *journal, enum journal_kind kind, struct span event,
                        bool begins, struct error *err)
{
    struct buffer payload;
    int rc = event_payload(kind, event, &payload, err);
    if (rc == 0) {
        rc = append(journal, buffer_span(&payload), begins, err);
    }
    buffer_release(&payload);
    return rc;
}

int journal_append_event(struct journal *journal, struct span event, bool begins, struct error *err)
{
    int rc = append_bytes(journal, JOURNAL_EVENT, event, begins, err);
    if (rc == 0) {
        journal->events++;
    }
    return rc;
}

int journal_append_fact(struct journal *journal, struct span event, struct error *err)
{
    return append_bytes(journal, JOURNAL_FACT, event, false, err);
}

int journal_append_intent(struct journal *journal, const struct journal_intent *intent,
                          struct error *err)
{
    struct buffer bytes;
    buffer_init(&bytes, SMALL_RECORD_BYTES);
    int rc = journal_record_encode(JOURNAL_INTENT, &JOURNAL_INTENT_SPEC, intent, &bytes, err);
    if (rc == 0) {
        rc = append(journal, buffer_span(&bytes), false, err);
    }
    buffer_release(&bytes);
    return rc;
}

void journal_delivered(struct journal *journal, int64_t count)
{
    journal->delivered += count;
    bool all = journal->delivered == journal->events;
    if (journal->delivered == journal->marked ||
        (!all && journal->delivered - journal->marked < MARK_EVERY)) {
        return;
    }
    journal->file.max_bytes = room_limit(journal, false);
    /* without the mark the events are produced once more after a restart, which changes nothing */
    if (journal_write_mark(&journal->file, journal->delivered, NULL) == 0) {
        journal->marked = journal->delivered;
        FAULT_POINT(EVENT_MARKED);
    }
}

/* ---- compaction ---- */

struct compaction {
    const struct journal *journal;
    struct append_file *to;
    int64_t seen;      /**< events of the old file */
    int64_t kept;      /**< events of the new one */
    int64_t delivered; /**< of these */
};

static bool event_needed(const struct compaction *compaction, struct span event)
{
    struct span task = record_peek_text(event, "task");
    enum event_type type = event_type_from_name(record_peek_text(event, "type"));
    return task.data != NULL && event_is_workers_own(type) &&
           compaction->journal->config.is_open(compaction->journal->config.context, task);
}

static int compact_record(struct span payload, void *context, struct error *err)
{
    struct compaction *compaction = context;
    struct span body = {payload.data + 1, payload.length - 1};
    bool keep = false;
    if (payload.data[0] == (char)JOURNAL_EVENT) {
        bool delivered = compaction->seen++ < compaction->journal->delivered;
        keep = !delivered || event_needed(compaction, body);
        compaction->kept += keep ? 1 : 0;
        compaction->delivered += keep && delivered ? 1 : 0;
    } else if (payload.data[0] == (char)JOURNAL_FACT) {
        keep = event_needed(compaction, body);
    } else if (payload.data[0] == (char)JOURNAL_INTENT) {
        struct span task = record_peek_text(body, "task");
        keep = compaction->journal->config.is_open(compaction->journal->config.context, task);
    }
    return keep ? append_file_append(compaction->to, payload, err) : 0;
}

static int compact_into(struct journal *journal, struct append_file *to,
                        struct compaction *compaction, struct error *err)
{
    struct append_file from = {.fd = -1};
    if (journal_write_header(to, journal->sequence, journal->config.incarnation, err) != 0 ||
        append_file_open(&from, journal->file.path, 0, compact_record, compaction, NULL, err) !=
            0) {
        return -1;
    }
    append_file_close(&from);
    return journal_write_mark(to, compaction->delivered, err);
}

/** The new file takes the old one's name and place. */
static int replace_file(struct journal *journal, struct append_file *new_file, struct error *err)
{
    if (rename(new_file->path, journal->file.path) != 0) {
        return error_set_errno(err, errno, "rename %s", new_file->path);
    }
    char *path = new_file->path;
    new_file->path = journal->file.path;
    journal->file.path = path;
    append_file_close(&journal->file);
    journal->file = *new_file;
    return 0;
}

int journal_compact(struct journal *journal, struct error *err)
{
    char *path = journal_path(journal->config.directory, JOURNAL_COMPACTING_PREFIX,
                              journal->config.incarnation, err);
    if (path == NULL) {
        return -1;
    }
    (void)remove(path);
    struct append_file file = {.fd = -1};
    struct compaction compaction = {.journal = journal, .to = &file};
    int rc = append_file_open(&file, path, 1, NULL, NULL, NULL, err);
    if (rc == 0) {
        rc = compact_into(journal, &file, &compaction, err);
        if (rc == 0) {
            rc = replace_file(journal, &file, err);
        }
        if (rc != 0) {
            append_file_close(&file);
            (void)remove(path);
        }
    }
    memory_free(path);
    if (rc == 0) {
        journal->events = compaction.kept;
        journal->delivered = compaction.delivered;
        journal->marked = compaction.delivered;
    }
    set_compaction(journal);
    return rc;
}
