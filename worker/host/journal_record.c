#include "worker/host/journal_record.h"

#include <string.h>

enum { NEEDED = RECORD_REQUIRED, ID_MAX = 1024, RUN_ID_MAX = 255 };

static const struct record_field header_fields[] = {
    RECORD_FIELD_INTEGER(struct journal_header, sequence, "sequence", NEEDED,
                         "higher than every older file's"),
    RECORD_FIELD_TEXT(struct journal_header, incarnation, "incarnation", NEEDED, ID_MAX,
                      "who writes this file"),
    RECORD_FIELD_TEXT(struct journal_header, file, "file", 0, ID_MAX, "which file this is"),
};
const struct record_spec JOURNAL_HEADER_SPEC = RECORD_SPEC(
    struct journal_header, header_fields, "JournalHeader", "First record of a journal.");

static const struct record_field mark_fields[] = {
    RECORD_FIELD_INTEGER(struct journal_mark, events, "events", NEEDED,
                         "how many of the file's events, from its first on, are delivered"),
};
const struct record_spec JOURNAL_MARK_SPEC =
    RECORD_SPEC(struct journal_mark, mark_fields, "JournalMark", "Events that Kafka acknowledged.");

static const struct record_field run_fields[] = {
    RECORD_FIELD_TEXT(struct run, container_id, "containerId", NEEDED, RUN_ID_MAX, "container"),
    RECORD_FIELD_INTEGER(struct run, started_at, "startedAt", 0, "start of the run"),
};
static const struct record_spec run_spec =
    RECORD_SPEC(struct run, run_fields, "JournalRun", "A container run.");

static const struct record_field intent_fields[] = {
    RECORD_FIELD_TEXT(struct journal_intent, task, "task", NEEDED, ID_MAX, "task id"),
    RECORD_FIELD_OBJECT(struct journal_intent, run, "run", &run_spec, NEEDED, "whom it signals"),
    RECORD_FIELD_TEXT(struct journal_intent, signal, "signal", NEEDED, ID_MAX, "signal"),
    RECORD_FIELD_INTEGER(struct journal_intent, boot_ms, "bootMs", 0, "boot-time clock"),
    RECORD_FIELD_INTEGER(struct journal_intent, unix_ms, "unixMs", 0, "wall clock"),
    RECORD_FIELD_TEXT(struct journal_intent, boot_id, "bootId", NEEDED, ID_MAX,
                      "whose boot_ms it is"),
};
const struct record_spec JOURNAL_INTENT_SPEC = RECORD_SPEC(
    struct journal_intent, intent_fields, "JournalIntent", "An engine call about to be made.");

int journal_record_encode(enum journal_kind kind, const struct record_spec *spec,
                          const void *record, struct buffer *buf, struct error *err)
{
    char byte = (char)kind;
    if (buffer_append(buf, &byte, 1, err) != 0) {
        return -1;
    }
    return record_encode(spec, record, buf, NULL, err);
}

bool journal_intent_equal(const struct journal_intent *a, const struct journal_intent *b)
{
    return a->boot_ms == b->boot_ms && a->unix_ms == b->unix_ms && run_equal(a->run, b->run) &&
           strcmp(a->task, b->task) == 0 && strcmp(a->signal, b->signal) == 0 &&
           strcmp(a->boot_id, b->boot_id) == 0;
}
