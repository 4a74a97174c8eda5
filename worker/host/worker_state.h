#ifndef WORKER_HOST_WORKER_STATE_H
#define WORKER_HOST_WORKER_STATE_H

/** Private to the worker: its parts, and what they are told to call. */

#include "common/base/id.h"
#include "worker/host/discovery.h"
#include "worker/host/heartbeat.h"
#include "worker/host/host_id.h"
#include "worker/host/log_intake.h"
#include "worker/host/projector.h"
#include "worker/host/registration.h"
#include "worker/host/stopper.h"
#include "worker/host/worker.h"

enum { WORKER_END_LIMIT_MS = 5000 /* from the last step of an end on */ };

struct worker {
    const struct worker_options *options;
    struct host_record record;
    struct arena arena;
    char host[HOST_ID_SIZE], instance[256];
    char incarnation[ID_HEX_SIZE], boot_id[BOOT_ID_SIZE];
    struct identity identity;
    struct kafka_config kafka;
    struct loop *loop;
    struct loop_timer *patience, *end;
    struct redis_view *view;
    struct kafka_writer *writer;
    struct runtime *runtime;
    int engine_claim; /**< descriptor, -1 = none */
    int state_lock;   /**< descriptor, 0 = none: up to the stopper, which takes it for good */
    struct registration *registration;
    struct projector *projector;
    struct stopper *stopper;
    struct discovery *discovery;
    struct heartbeat *heartbeat;
    struct log_intake *intake;
    bool registered;    /**< the state directory had the registration */
    bool journal_found; /**< an older incarnation's journal was there */
    bool begun;         /**< the log is being read, from `committed` on */
    bool started_read;  /**< our own WorkerStarted came back from the log */
    bool acting, log_read, kafka_away, runtime_known, runtime_back, ending;
    bool end_limited; /**< the process ends in time, whatever its parts wait for */
    bool finishing;   /**< SIGTERM came, and the stops under way are carried to their end first */
    int64_t started_offset; /**< of our WorkerStarted; -1 = not delivered yet */
    int64_t committed;
    int64_t end_of_log; /**< when reading it began */
    enum worker_exit exit;
    struct error *err;
};

/** Called by the parts, with the worker as context. */
struct worker_callbacks {
    loop_signal_fn *on_termination;
    loop_timer_fn *on_patience, *on_end;
    struct runtime_callbacks runtime;
    kafka_state_fn *on_writer_state;
    redis_state_fn *on_view_state;
    struct projector_environment projector; /**< callbacks only, as below */
    struct registration_environment registration;
    struct stopper_environment stopper;
    struct log_intake_environment intake;
    bool (*is_settled)(void *context);
    const char *(*runtime_state)(void *context);
};

/** Who we are: host id, boot, state directory, registration. @return 0 or -1 */
int worker_find_identity(struct worker *worker, struct error *err);
/** Loop, runtime, log and view, with these callbacks. Nothing is connected yet. @return 0 or -1 */
int worker_open_peers(struct worker *worker, const struct worker_callbacks *callbacks,
                      struct error *err);
/** What needs the partition: takes the state directory, reads the journals. @return 0 or -1 */
int worker_open_parts(struct worker *worker, const struct worker_callbacks *callbacks,
                      struct error *err);
/** Ends the loop with this status. */
void worker_give_up(struct worker *worker, enum worker_exit status);
/** SIGTERM came. context: the worker. */
void worker_on_termination(int signal, void *context);
/** The timer `end` has run out. context: the worker. */
void worker_on_end(void *context);
/** From now on the process has WORKER_END_LIMIT_MS to end; later calls change nothing. why: kept, NULL = SIGTERM */
void worker_limit_end(struct worker *worker, enum worker_exit status, const char *why);
/** Frees everything, those who call first, then those whom they call. */
void worker_release(struct worker *worker);

#endif
