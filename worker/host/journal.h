#ifndef WORKER_HOST_JOURNAL_H
#define WORKER_HOST_JOURNAL_H

/** What a worker says and is about to do, in a file of its state directory, before it says or does it. One
 *  checksummed file per incarnation, `journal-INCARNATION`; a new incarnation first takes over what the older ones' still hold.
 *
 *  A copy of a state directory is seen by the journal's first record, which says in which file it is. Its writer may live and have gone on: the
 *  copy lacks that, and does not send the writer's WorkerStarted, whose place in the log says which of the two is the later one.
 *
 *  A journal that may lack what its stops need is named `partial-INCARNATION` until it holds that: one that was begun
 *  without an older one, or that could not be written. Nobody acts by it before the log was read. */

#include "common/base/append_file.h"
#include "worker/host/journal_record.h"

/** Whether a task's own events and intents are still needed: until its terminal event was read back from the log. */
typedef bool journal_open_fn(void *context, struct span task);

struct journal_config {
    const char *directory;   /**< must exist */
    const char *incarnation; /**< of this worker */
    int64_t max_bytes; /**< of the file; 0 = no limit. A quarter is kept for stops under way */
    journal_open_fn *is_open;
    void *context;
};

/** One record that older incarnations left, in the order of writing. */
struct journal_item {
    enum journal_kind kind; /**< JOURNAL_EVENT, JOURNAL_FACT or JOURNAL_INTENT */
    bool delivered;         /**< events: no need to produce it again */
    struct span event;      /**< encoded; of a fact too */
    struct journal_intent intent;
};

/** What was taken over. {0} is empty. */
struct journal_found {
    bool any;     /**< an older incarnation's journal was there and could be read */
    bool partial; /**< one of them may lack something, or could not be read */
    bool copied;  /**< one of them is a copy: whoever wrote it may live */
    RECORD_LIST_OF(struct journal_item) items;
    struct arena arena;
};

struct journal {
    struct journal_config config;
    struct append_file file;
    bool partial; /**< it may lack something: the file is named so */
    bool failed;  /**< since it was whole last something could not be written */
    int64_t sequence;
    int64_t events;        /**< event records in the file */
    int64_t delivered;     /**< of these, from the first on, acknowledged by Kafka */
    int64_t marked;        /**< as the last mark says */
    off_t compacted_bytes; /**< its size when it was rewritten last */
    off_t compact_bytes;   /**< the file is rewritten when it has grown to this */
};

/** Opens this incarnation's file, copies what older files hold into it and deletes them. When the disk is full they stay, and are
 *  read again next time: then only the first journal->events events of ret_found are in the file. Files that are no journal are set aside as `damaged-…`.
 *  @return 0 (release journal and ret_found), or -1 with ERROR_IO, ERROR_FULL (not even the new file), ERROR_NO_MEMORY */
int journal_open(struct journal *journal, const struct journal_config *config,
                 struct journal_found *ret_found, struct error *err);
void journal_close(struct journal *journal);
void journal_found_release(struct journal_found *found);

/** Appends an event. Where it begins a stop (or anything else that can be left to later), `begins` keeps it out of the room kept for
 *  stops under way. @return 0; -1 with ERROR_FULL, ERROR_IO, ERROR_NO_MEMORY: it is not in the file, delivery marks stay right */
int journal_append_event(struct journal *journal, struct span event, bool begins,
                         struct error *err);
/** @return as journal_append_event */
int journal_append_intent(struct journal *journal, const struct journal_intent *intent,
                          struct error *err);
/** Appends an event of another incarnation that was read from the log. @return as journal_append_event */
int journal_append_fact(struct journal *journal, struct span event, struct error *err);
/** It lacks something that its stops need. */
void journal_lacks(struct journal *journal);
/** It holds all that its stops need: from now on the file's name says so. */
void journal_whole(struct journal *journal);
/** Another `count` of the events, in order, are delivered. The mark is written now and then, and when nothing is left. */
void journal_delivered(struct journal *journal, int64_t count);
/** Rewrites the file without what is no longer needed. @return 0, or -1: the file is as it was */
int journal_compact(struct journal *journal, struct error *err);

/** Private to journal*.c: the names of journals begin with one of these. */
#define JOURNAL_WHOLE_PREFIX   "journal-"
#define JOURNAL_PARTIAL_PREFIX "partial-"
/** A journal that is being rewritten: the old one counts until it takes its name. */
#define JOURNAL_COMPACTING_PREFIX "compacting-"
/** Private to journal*.c: the path of a file in the state directory; free with memory_free. */
char *journal_path(const char *directory, const char *prefix, const char *name, struct error *err);
/** Which file this is: what no copy of it has. @return false if nobody knows */
enum { JOURNAL_FILE_ID_SIZE = 33 };
bool journal_file_id(const char *path, char ret_id[JOURNAL_FILE_ID_SIZE]);
int journal_write_header(struct append_file *file, int64_t sequence, const char *incarnation,
                         struct error *err);
int journal_write_mark(struct append_file *file, int64_t events, struct error *err);
/** Reads all older files. */
int journal_read_older(const struct journal_config *config, struct journal_found *found,
                       int64_t *ret_sequence, struct error *err);
/** Deletes them. */
void journal_delete_older(const struct journal_config *config);
/** Deletes what older incarnations died over rewriting. */
void journal_delete_unfinished(const struct journal_config *config);

#endif
