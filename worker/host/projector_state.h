#ifndef WORKER_HOST_PROJECTOR_STATE_H
#define WORKER_HOST_PROJECTOR_STATE_H

/** Private to the projector: what its files share. */

#include "common/io/task_put.h"
#include "worker/host/base_table.h"
#include "worker/host/ended_names.h"
#include "worker/host/projector.h"
#include "worker/host/record_queue.h"

enum {
    PROJECTOR_BATCH = 100, /**< records folded before the loop has its turn and Redis the bases */
    PROJECTOR_QUEUE_MAX = 10000, /**< records that wait: reading pauses */
    PROJECTOR_QUEUE_RESUME = 5000,
    PROJECTOR_ENDED_MAX = 10000, /**< bases of ended tasks that are remembered; of more, names */
    PROJECTOR_RETRY_MS = 500,    /**< until Redis is asked again */
    PROJECTOR_SEEN_MS = 5000, /**< `seen` alone moves over other hosts' records as often as this */
    PROJECTOR_COMPARE_MS = 10000, /**< `seen` is compared, and this host's keys are looked at */
    PROJECTOR_LINGER_MS = 60000,  /**< an ended base is held on, for those who ask */
    PROJECTOR_ABSENT_MS = 10000,  /**< an absence is believed */
    PROJECTOR_PUT_MAX_BYTES = 64 * 1024 * 1024
};

/** Records that are folded and put together. */
struct projector_batch {
    struct event events[PROJECTOR_BATCH];
    int64_t offsets[PROJECTOR_BATCH];
    bool foldable[PROJECTOR_BATCH];
    size_t count, folded;
    size_t told; /**< records whose host facts the view has, from the first on */
    struct base *touched[PROJECTOR_BATCH]; /**< bases that are to be put, in the order of: */
    int64_t touched_at[PROJECTOR_BATCH];   /**< the first record of the batch about each */
    size_t touched_count;
    size_t putting; /**< how many of them, from the first on, the put under way is about */
    int64_t next;   /**< offset behind the batch */
};

struct projector {
    struct projector_environment env;
    struct kafka_reader *reader;
    struct base_table table;
    struct ended_names names; /**< what ended in this pass and is no longer in the table */
    struct record_queue queue;
    struct projector_batch batch;
    struct buffer put_bytes;
    char reserved[PROJECTOR_BATCH][TASK_RESERVATION_SIZE]; /**< texts of the put being made */
    struct loop_timer *work, *retry, *tidy, *compare;
    int64_t committed; /**< as projector_start was told */
    int64_t end;  /**< of the log as far as it is known to this pass or was read in one before */
    int64_t seen; /**< as Redis has it, as far as we know */
    int64_t position;  /**< all before it is put */
    int64_t read_next; /**< offset behind the last record that was read, any host's */
    int64_t started;   /**< where this pass began; KAFKA_OFFSET_BEGINNING = at the first record */
    uint64_t pass, put_pass; /**< this pass, and that of the put under way */
    size_t fetching;         /**< bases in state FETCHING */
    size_t asked;            /**< of these, an answer will come */
    size_t ended;            /**< bases in state ENDED */
    uint64_t skipped;        /**< records that cannot be read */
    uint64_t unwritable;     /**< times that a base became one that cannot be encoded */
    bool begun;              /**< projector_start was called: partition and commit are known */
    bool loaded, loading, putting, paused;
    bool stranded; /**< the log is another than the view's: nothing is folded or put */
    bool at_end;   /**< the log's end was reached in this pass */
    bool ready;    /**< it was reached and all was put, once */
};

/** Goes on with whatever can be done now. */
void projector_step(struct projector *projector);
/** Begins a new pass at `offset` (KAFKA_OFFSET_BEGINNING: at the log's first record). */
void projector_go_back(struct projector *projector, int64_t offset, const char *why);
/** Redis has another `seen` than we knew. */
void projector_on_other_seen(struct projector *projector, int64_t seen);
/** Asks Redis for every base in state FETCHING that nobody has asked for. */
void projector_fetch(struct projector *projector);
/** Makes a base that is not there, or no longer believed, one to be fetched. NULL when memory is out. */
struct base *projector_need(struct projector *projector, const char *cluster, const char *task);

/** Takes in what Redis holds of it. @return 0 or -1 with ERROR_CORRUPT, ERROR_NO_MEMORY */
int projector_hold(struct projector *projector, struct base *base, const struct redis_base *found,
                   struct error *err);
/** Says that a base in Redis cannot be read, and has Redis take it for none. @return false if it is left as it is */
bool projector_void(struct projector *projector, const char *cluster, const char *task,
                    const struct error *why);
/** Takes the base out of the table. */
void projector_forget(struct projector *projector, struct base *base);
/** Asks for it, if it is to be fetched and nobody has (a base_table_fn). */
void projector_fetch_one(void *context, struct base *base);
/** A terminal base is no longer held: nothing can change it, and that it has ended is all that is remembered. */
void projector_end(struct projector *projector, struct base *base);
/** Moves `seen` alone, where only records of other hosts were read. */
void projector_move_seen(struct projector *projector);

/** Folds and puts the next batch if nothing is under way. */
void projector_fold_step(struct projector *projector);
/** Forgets the batch under way. */
void projector_batch_clear(struct projector_batch *batch);

#endif
