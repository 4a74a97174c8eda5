#ifndef TESTS_UNIT_WORKER_STOP_WORLD_H
#define TESTS_UNIT_WORKER_STOP_WORLD_H

/** A small world for the stopper: an engine with containers, a log, a projector that is always up to date, and clocks that the test
 *  owns. Everything that the worker asks for waits until the test lets it happen. */

#include "common/domain/reduce.h"
#include "worker/host/stopper_internal.h"

enum {
    WORLD_CONTAINERS = 8,
    WORLD_LOG = 1024,
    WORLD_CALLS = 64,
    WORLD_SENT = 512,
    WORLD_SIGNALS = 64,
    WORLD_COMMANDS = 16
};

/** A container at the engine. */
struct world_container {
    const char *id, *name;
    int64_t started_at;
    enum runtime_status status;
    int64_t exit_code;
    bool gone;     /**< removed */
    bool ignores;  /**< its stop signal */
    bool immortal; /**< SIGKILL does nothing */
    bool restarts; /**< once, when it has ended */
    int64_t obeys_after_ms;
    int64_t ends_at_boot_ms; /**< 0 = not under way to end */
    const char *depends_on;
    int64_t stop_timeout_ms;
    int64_t drain_delay_ms;
    bool sidecar;
    const char *pre_stop;     /**< "absent" cannot be started */
    int64_t pre_stop_ends_ms; /**< after its start */
    int64_t pre_stop_code;    /**< that it ends with */
};

/** A signal that reached a run. */
struct world_signal {
    char container_id[80];
    int64_t started_at;
    char signal[16];
    int64_t at_boot_ms;
    int64_t at_unix_ms; /**< by the engine's clock */
};

enum world_answer { WORLD_ANSWERS = 0, WORLD_NO_ANSWER, WORLD_NO_ANSWER_NOT_SENT, WORLD_REFUSES };

enum world_call_kind {
    WORLD_INSPECT = 1,
    WORLD_SIGNAL,
    WORLD_HISTORY,
    WORLD_RUN_COMMAND,
    WORLD_LOOK_COMMAND
};

/** A command that was started in a container; its exec id is "exec-" and its place. */
struct world_command {
    char container_id[80];
    int64_t started_at; /**< of the run */
    int64_t begun_boot_ms, ends_boot_ms, exit_code;
};

struct world_call {
    enum world_call_kind kind;
    char container_id[80], signal[16];
    size_t command; /**< that is asked after */
    int64_t started_at, since_unix_ms;
    struct world_container asked; /**< the container when it was asked for */
    union {
        runtime_inspect_fn *inspect;
        runtime_signal_fn *signal;
        runtime_history_fn *history;
        runtime_command_fn *run_command;
        runtime_look_fn *look_command;
    } fn;
    void *context;
};

struct world_record {
    char *bytes;
    size_t length;
};

struct world {
    struct runtime runtime; /**< first: the stopper's runtime is this */
    struct clock clock;
    int64_t boot_ms, wall_ms;
    struct world_container containers[WORLD_CONTAINERS];
    size_t container_count;
    struct world_call calls[WORLD_CALLS];
    size_t call_count;
    struct world_signal signals[WORLD_SIGNALS];
    size_t signal_count;
    struct world_command commands[WORLD_COMMANDS];
    size_t command_count;
    struct world_record log[WORLD_LOG];
    size_t log_count, read, commit;
    struct {
        struct world_record record;
        kafka_delivered_fn *delivered;
        void *context;
    } sent[WORLD_SENT];
    size_t sent_count;
    bool kafka_away, engine_away;
    bool commands_forgotten; /**< by the engine */
    enum world_answer signal_answer;
    enum runtime_history_answer history; /**< 0 = as it was */
    struct task base;
    size_t based; /**< records folded into base */
    bool base_unknown, base_frozen;
    bool stale_answers; /**< an inspection shows what was when it was asked for */
    char directory[64];
    struct identity identity;
    char incarnation[33];
    int incarnations;
    struct stopper *stopper;
    int64_t default_grace_ms;
    int64_t call_limit;
    const char *left; /* why every container is somebody else's; NULL: none is */
    bool superseded, failed, journal_found, claimed, not_ready, lost_state;
    uint64_t fails_in, fails_counted_from; /**< private to world_fail_allocation */
};

extern const struct runtime_ops WORLD_ENGINE;
/** A signal arrives. @return false if there is no such run */
bool world_reach(struct world *world, const struct world_call *call);
/** A command is started. @return false if there is no such run, or it cannot be started */
bool world_begin_command(struct world *world, const struct world_call *call);

/** A task "t" of the containers that were set up; the worker has observed it. */
void world_open(struct world *world);
void world_close(struct world *world);
/** Starts a worker: reads the log, then acts (log_read false: Kafka stays away). */
void world_start(struct world *world, bool log_read);
/** As world_start, of a worker that may lack memory. @return false if it could not even begin */
bool world_try_start(struct world *world, bool log_read);
/** The n-th allocation of the worker from now fails, 0 = none. */
void world_fail_allocation(struct world *world, uint64_t n);
/** Whether it has failed. */
bool world_allocation_failed(const struct world *world);
/** kill -9. What is asked of the engine is lost unless `reaches`. */
void world_crash(struct world *world, bool reaches);
/** The state directory is lost. */
void world_lose_state(struct world *world);
/** An API records a StopRequested. timeout -1 = none. */
void world_request(struct world *world, const char *id, int64_t timeout_ms);
/** Appends an event of whomever to the log. */
void world_append(struct world *world, const struct event *event);
/** Everything that can happen now happens. @return whether something did */
bool world_settle(struct world *world);
/** Time passes, millisecond by millisecond. */
void world_run(struct world *world, int64_t ms);
/** One pending engine call is answered. */
bool world_answer_call(struct world *world);
bool world_deliver(struct world *world);
bool world_read(struct world *world);
void world_end_container(struct world *world, struct world_container *container, int64_t exit_code,
                         bool tell);

/** How many signals reached a run. started_at 0 = any run. */
size_t world_signals(const struct world *world, const char *container_id, int64_t started_at,
                     const char *signal);
int64_t world_signal_at(const struct world *world, const char *container_id, const char *signal);
/** How many events of a type the log holds. */
size_t world_events(struct world *world, enum event_type type);
/** The n-th (from 0) event of a type in the log; release it. */
bool world_event(struct world *world, enum event_type type, size_t number, struct event *ret_event);
/** The fold of the log. */
const struct task *world_fold(struct world *world);

#endif
