#ifndef WORKER_HOST_JOURNAL_RECORD_H
#define WORKER_HOST_JOURNAL_RECORD_H

/** The payloads of a journal: one byte of kind, then a msgpack map. */

#include "common/domain/event.h"

enum journal_kind {
    JOURNAL_HEADER = 'H',    /**< first record of a file: struct journal_header */
    JOURNAL_EVENT = 'E',     /**< an event of the worker, as event_encode writes it */
    JOURNAL_DELIVERED = 'D', /**< struct journal_mark */
    JOURNAL_INTENT = 'I',    /**< struct journal_intent */
    JOURNAL_FACT = 'F' /**< an event of another incarnation, as the log has it: never produced */
};

struct journal_header {
    int64_t sequence; /**< higher than every older file's */
    const char *incarnation;
    const char *
        file; /**< which file it was written to: another one that begins so is a copy. NULL = of an older version */
};

/** The first `events` event records of the file are delivered. */
struct journal_mark {
    int64_t events;
};

/** In place of a signal's name: the pre-stop command is about to be started. */
#define JOURNAL_INTENT_PRE_STOP "pre-stop"

/** In place of a signal's name: each run of the task that began before unix_ms, whatever `run` says, may have been signalled by those whose
 *  journal is lost. */
#define JOURNAL_INTENT_SUSPECT "suspect"

/** An engine call that signals is about to be made. Local: never produced. */
struct journal_intent {
    const char *task;
    struct run run;
    const char *signal;
    int64_t boot_ms;
    int64_t unix_ms;
    const char *boot_id;
};

extern const struct record_spec JOURNAL_HEADER_SPEC;
extern const struct record_spec JOURNAL_MARK_SPEC;
extern const struct record_spec JOURNAL_INTENT_SPEC;

/** Appends kind and record to buf. @return 0 or -1 as record_encode */
int journal_record_encode(enum journal_kind kind, const struct record_spec *spec,
                          const void *record, struct buffer *buf, struct error *err);
bool journal_intent_equal(const struct journal_intent *a, const struct journal_intent *b);

#endif
