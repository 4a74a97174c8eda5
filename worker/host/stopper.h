#ifndef WORKER_HOST_STOPPER_H
#define WORKER_HOST_STOPPER_H

/** Drives the stop engine of every task with a StopRequested: journal, signals, proofs, results.
 *  Knows of a task's stop only what the worker's own events say (log, then journal). */

#include "common/base/clock.h"
#include "common/domain/task.h"
#include "common/io/kafka.h"
#include "common/io/loop.h"
#include "worker/host/identity.h"
#include "worker/host/outbox.h"
#include "worker/runtime/runtime.h"

struct stopper;

/** What the stopper asks of the rest of the worker. */
struct stopper_environment {
    struct loop *loop;
    const struct clock *clock;
    struct runtime *runtime;
    struct kafka_writer *writer; /**< KAFKA_WRITER_WORKER kind */
    const struct identity *identity;
    const char *state_directory;
    int64_t journal_max_bytes;
    int64_t default_grace_ms;
    int64_t engine_call_limit; /**< stops that may have an engine call open at once */
    /** The projector's fold of a task up to *ret_pos; NULL = not known (the projector then goes and gets it, and calls
     *  stopper_on_base when it has it). Valid until the loop's next turn. */
    const struct task *(*base)(void *context, const char *cluster, const char *task,
                               int64_t *ret_pos);
    /** True if a run is described by another open task, or by one whose TaskObserved is under way: it is never put into this task's plan. */
    bool (*claimed)(void *context, const char *task, struct run run);
    /** Why a container as it is now is somebody else's, whatever the log describes (left_alone.h): a sentence; then no plan begins with it. NULL: it
     *  is not; as a member, nothing is. */
    const char *(*left)(void *context, const struct runtime_container *container);
    /** A later incarnation of this host id acts: the process must stop acting and exit. */
    void (*superseded)(void *context, const char *other_incarnation);
    /** Memory was out for a stop's own event or run: the process must exit. Its next start carries the stop on, from log and journal,
     *  as after any crash. */
    void (*failed)(void *context, const struct error *error);
    /** True if all that was read is folded into bases, to the end of the log: only then is a run that was started again taken into a plan. NULL = always. */
    bool (*ready)(void *context);
    void *context;
    /** Instead of kafka_writer_send to this host's partition, for tests. NULL = the writer. */
    outbox_send_fn *send;
    void *send_context;
};

/** Locks the state directory (ERROR_CONFLICT names who holds it), opens a new journal and takes over older ones: what these
 *  hold undelivered is sent from now on. The caller writes WorkerStarted (stopper_write) before it reads the log.
 *  *ret_journal_found: an older incarnation's journal was there, and may be acted by. */
struct stopper *stopper_new(const struct stopper_environment *environment, bool *ret_journal_found,
                            struct error *err);
/** NULL-safe. Freed after the writer and the runtime: neither may report to it any more. */
void stopper_free(struct stopper *stopper);

/* ---- recovery, in this order ---- */
/** Each record of this host from the log, in order, before and after stopper_act. event.task may be NULL. */
void stopper_on_record(struct stopper *stopper, int64_t offset, const struct event *event);
/** The log was read to its end (or Kafka stayed away and log_read is false): own state = log, then journal; begin to act. Without the log and without
 *  an older journal nothing is known: acting then begins with stopper_caught_up. */
void stopper_act(struct stopper *stopper, bool log_read);
/** Called once when the log's end is reached after stopper_act(…, false). */
void stopper_caught_up(struct stopper *stopper);

/** Kafka went away, or is back, as the writer found (at first it is taken to be there). Until the log's end is reached, signals wait for it only
 *  while Kafka is there: stops that the journal carries go on without it. */
void stopper_on_kafka(struct stopper *stopper, bool away);

/* ---- afterwards ---- */
/** The base of this task was folded further, or fetched: new work may be taken up. */
void stopper_on_base(struct stopper *stopper, const char *cluster, const char *task);
void stopper_on_runtime_event(struct stopper *stopper, const struct runtime_event *event);
/** The runtime is back: everything under way is inspected anew. */
void stopper_on_runtime_back(struct stopper *stopper);
/** To be taken when the runtime is asked for a list. */
uint64_t stopper_watch_mark(const struct stopper *stopper);
/** A list that was asked for at `mark` shows this run alive. */
void stopper_saw_alive(struct stopper *stopper, struct run run, uint64_t mark);
/** The exit code that the runtime's events told of this run: the only source once its container is removed or runs again. Unknown where the event
 *  could be another run's. */
struct optional_integer stopper_told_code(const struct stopper *stopper, struct run run);

/** The highest offset that may be committed, given that all before next_offset was read and all before projected was folded into bases: the first
 *  StopRequested whose terminal event was not read back and whose base, folded to it, is not terminal. */
int64_t stopper_commit_floor(struct stopper *stopper, int64_t next_offset, int64_t projected);
/** Own state of a task's stop (fold of the worker's own events), NULL = none. */
const struct task *stopper_own(const struct stopper *stopper, const char *task);
/** True if a StopRequested of this task waits to be taken up, or a stop is under way. */
bool stopper_concerned(const struct stopper *stopper, const char *task);
/** True while every StopRequested read is settled (for an orderly end). */
bool stopper_idle(const struct stopper *stopper);

/** Writes an event of this worker that must not be lost (TaskGone): journal, own state, log. */
int stopper_write(struct stopper *stopper, const struct event *event, struct error *err);
/** The same; delivered is told where it lies in the log, each time if it is sent again. */
int stopper_write_told(struct stopper *stopper, const struct event *event,
                       kafka_delivered_fn *delivered, void *context, struct error *err);
/** Produces an event that is made anew if it is lost (TaskObserved): not journalled. delivered as kafka_writer_send. */
int stopper_write_volatile(struct stopper *stopper, const struct event *event,
                           kafka_delivered_fn *delivered, void *context, struct error *err);

#endif
