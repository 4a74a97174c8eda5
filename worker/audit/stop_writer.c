/** The incarnations of workers that a log names, and what each knew of what the others wrote. */

#include <string.h>

#include "worker/audit/stop_history_internal.h"

enum { CLOCKS_APART_MS = 1000 /**< of broker and host, without being wrong */ };

struct stop_writer *stop_writer_of(struct stop_history *history, const struct event *event)
{
    const char *incarnation = event->actor.incarnation == NULL ? "" : event->actor.incarnation;
    const struct id_entry *known =
        id_table_find(&history->writers, incarnation, strlen(incarnation));
    if (known != NULL) {
        return known->owner;
    }
    struct stop_writer *writer = arena_alloc(&history->arena, sizeof *writer);
    char *key = arena_strdup(&history->arena, incarnation);
    char *boot_id =
        arena_strdup(&history->arena, event->actor.boot_id == NULL ? "" : event->actor.boot_id);
    if (writer == NULL || key == NULL || boot_id == NULL) {
        return NULL;
    }
    *writer = (struct stop_writer){
        .entry = {.key = key, .owner = writer}, .boot_id = boot_id, .started_offset = -1};
    return id_table_add(&history->writers, &writer->entry) == 0 ? writer : NULL;
}

static struct stop_host *host_of(struct stop_history *history, const char *name)
{
    const struct id_entry *known = id_table_find(&history->hosts, name, strlen(name));
    if (known != NULL) {
        return known->owner;
    }
    struct stop_host *host = arena_alloc(&history->arena, sizeof *host);
    char *key = arena_strdup(&history->arena, name);
    if (host == NULL || key == NULL) {
        return NULL;
    }
    *host = (struct stop_host){.entry = {.key = key, .owner = host}};
    return id_table_add(&history->hosts, &host->entry) == 0 ? host : NULL;
}

int stop_writer_start(struct stop_history *history, const struct event *event, int64_t offset,
                      struct error *err)
{
    struct stop_writer *writer = stop_writer_of(history, event);
    struct stop_host *host = host_of(history, event->host);
    if (writer == NULL || host == NULL) {
        return error_no_memory(err, "judging a stop");
    }
    if (writer->started_offset < 0) {
        writer->started_offset = offset;
        writer->started_ts = event->ts;
        writer->journal_found = event->worker_started.journal_found;
        writer->elder = host->newest;
        if (host->newest != NULL) {
            host->newest->younger = writer;
        }
        host->newest = writer;
    }
    return 0;
}

/* A start without a journal: what the journals before it held is known to later ones from the log alone, which a worker that
 * starts while Kafka is away does not read. */
static bool journal_lost_since(const struct stop_writer *writer, int64_t offset)
{
    for (const struct stop_writer *elder = writer->elder;
         elder != NULL && elder->started_offset > offset; elder = elder->elder) {
        if (!elder->journal_found) {
            return true;
        }
    }
    return false;
}

enum stop_knowledge stop_knowledge_of(const struct stop_writer *writer,
                                      const struct stop_source *of)
{
    if (of->writer == NULL) {
        return STOP_KNOWLEDGE_MAYBE;
    }
    if (of->writer == writer) {
        return STOP_KNOWLEDGE_OWN;
    }
    /* what a worker wrote beside its successor may have come when the next one had begun to read */
    const struct stop_writer *successor = of->writer->younger;
    bool late = successor != NULL && successor->started_offset < of->record.offset;
    /* nor is what was in a journal whose end went with the power */
    bool same_boot = strcmp(of->writer->boot_id, writer->boot_id) == 0;
    /* nor what came into the log once the writer had begun, which may have read less before its own WorkerStarted came there */
    bool read =
        of->appended_unix_ms == 0 || of->appended_unix_ms + CLOCKS_APART_MS <= writer->started_ts;
    bool certain = !late && read && same_boot && of->record.offset < writer->started_offset &&
                   of->ts <= writer->started_ts && !journal_lost_since(writer, of->record.offset);
    return certain ? STOP_KNOWLEDGE_CERTAIN : STOP_KNOWLEDGE_MAYBE;
}

/* The first start after a power failure writes again what is left of the journal, which may lack its end. */
static bool is_cut_repetition(const struct stop_source *source)
{
    const struct stop_writer *next = source->writer->younger;
    while (next != NULL && next->started_offset < source->written) {
        next = next->younger;
    }
    return next != NULL && source->written > source->record.offset &&
           strcmp(next->boot_id, source->writer->boot_id) != 0;
}

bool stop_writer_may_lack(const struct stop_source *source)
{
    const struct stop_writer *younger = source->writer->younger;
    while (younger != NULL && younger->journal_found &&
           younger->started_offset < source->record.offset) {
        younger = younger->younger;
    }
    return younger != NULL && (!younger->journal_found || is_cut_repetition(source));
}
