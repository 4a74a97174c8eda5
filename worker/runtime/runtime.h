#ifndef WORKER_RUNTIME_RUNTIME_H
#define WORKER_RUNTIME_RUNTIME_H

/** What runs containers, behind one small table of functions: Docker's engine (and Podman's
 *  compatible socket), or plain processes. All calls return at once; each callback is called exactly
 *  once, later, on the loop, within the call's own time limit (except those still open when the
 *  runtime is freed: they are dropped). Pointers handed to callbacks are valid during the call.
 *  Callbacks may make further calls, but not free the runtime. */

#include <stdbool.h>
#include <stdint.h>

#include "common/domain/event.h"
#include "common/io/loop.h"

enum runtime_status {
    RUNTIME_CREATED = 1, /**< never started */
    RUNTIME_RUNNING,
    RUNTIME_PAUSED,     /**< frozen, its processes exist */
    RUNTIME_RESTARTING, /**< in restart back-off: no process, the engine will start one */
    RUNTIME_EXITED,
    RUNTIME_REMOVING,
    RUNTIME_DEAD
};

/** A label of a container. */
struct runtime_label {
    const char *key;
    const char *value;
    const char *member; /**< of the task file, which it was made of; NULL = it is a label */
    bool inherited;     /**< its image has the same: whoever runs that image gets it */
};

/** One container as the runtime describes it now. */
struct runtime_container {
    /** name is the runtime's own name here; grouping gives the task's */
    struct described_container described;
    enum runtime_status status;
    int64_t finished_at;               /**< unix ms, 0 = not ended, or not known when */
    struct optional_integer exit_code; /**< of the current (ended) run */
    bool oom_killed;
    const char *state_error;            /**< the engine's text, NULL = none */
    const char *health;                 /**< "HEALTHY", "UNHEALTHY", "UNKNOWN" */
    int64_t pid;                        /**< in the engine's namespace, 0 = none */
    const char *configured_stop_signal; /**< image's or container's, as "SIGTERM"; NULL = none */
    struct optional_integer configured_stop_timeout_ms;
    struct text_list links, volumes_from; /**< names or ids of containers that it needs */
    /** id or name of `container:` modes */
    const char *network_container, *ipc_container, *pid_container;
    /** why it counts as ended though nobody saw it run, or is left to another task file; NULL = it was seen */
    const char *missing;
    const char
        *task_file; /**< name of the task file that names the process; NULL = it is a container */
    RECORD_LIST_OF(struct runtime_label) labels;
    bool image_labels_unknown; /**< so no label is known to be inherited, nor not to be */
};

/** True while the run has processes (restarting: it has none, but the engine will start a new run). */
static inline bool runtime_is_running(enum runtime_status status)
{
    return status == RUNTIME_RUNNING || status == RUNTIME_PAUSED;
}

enum runtime_event_kind {
    RUNTIME_EVENT_STARTED = 1,
    RUNTIME_EVENT_EXITED,
    RUNTIME_EVENT_REMOVED,
    RUNTIME_EVENT_CHANGED /**< health, rename, update, created */
};

/** Something happened to a container: a hint to inspect; never proof by itself. */
struct runtime_event {
    enum runtime_event_kind kind;
    const char *container_id;
    struct optional_integer exit_code; /**< EXITED, if the runtime said */
    int64_t at_unix_ms;
};

enum runtime_state {
    RUNTIME_AWAY = 1,
    RUNTIME_BACK /**< also at first: list everything anew, events may have been missed */
};

struct runtime_callbacks {
    void (*on_event)(void *context, const struct runtime_event *event);
    /** AWAY: detail says why; said once until BACK. BACK may come twice in a row. */
    void (*on_state)(void *context, enum runtime_state state, const char *detail);
};

/** A signal, and what of its stop the runtime may need to know. */
struct runtime_signal {
    const char *name;        /**< "SIGTERM", "SIGKILL", … */
    const char *stop_signal; /**< with SIGKILL: the one that came before; NULL = none */
    int64_t grace_ms;        /**< from this signal to SIGKILL */
};

/** What became of a signal that the engine was asked to send. */
enum runtime_answer {
    RUNTIME_SENT =
        1, /**< the engine said that it was sent (detail: what it added, or its status) */
    RUNTIME_NOT_RUNNING,  /**< no process of that run (Docker 409, ESRCH; another run has taken its
                               place; restart back-off, now cancelled): inspect */
    RUNTIME_NO_CONTAINER, /**< Docker 404 */
    RUNTIME_REFUSED,  /**< it was not sent: the engine said no (500…), or could not be asked */
    RUNTIME_NO_ANSWER /**< it may or may not have been sent */
};
typedef void runtime_signal_fn(void *context, enum runtime_answer answer, const char *detail);
/** error: ERROR_UNAVAILABLE, ERROR_TIMEOUT, ERROR_CORRUPT (the engine's answer), ERROR_NO_MEMORY.
 *  container NULL without error = it does not exist. */
typedef void runtime_inspect_fn(void *context, const struct error *error,
                                const struct runtime_container *container);
/** error as above: then nothing is known, not even a part. */
typedef void runtime_list_fn(void *context, const struct error *error,
                             const struct runtime_container *containers, size_t count);

enum runtime_history_answer {
    RUNTIME_HISTORY_SENT = 1,
    RUNTIME_HISTORY_NOT_SENT,
    RUNTIME_HISTORY_UNKNOWN
};
/** SENT: at_unix_ms of the last such signal, times = how many. */
typedef void runtime_history_fn(void *context, enum runtime_history_answer answer,
                                int64_t at_unix_ms, int64_t times);

/** A command in a container was started; or it was not, or nobody knows whether it was: detail says why,
 *  exec_id is NULL. */
typedef void runtime_command_fn(void *context, const char *exec_id, const char *detail);
/** How a command in a container stands. */
struct runtime_command {
    bool running;
    struct optional_integer exit_code; /**< once it has ended */
};
/** error as above. command NULL without error = the engine does not know it, or no more. */
typedef void runtime_look_fn(void *context, const struct error *error,
                             const struct runtime_command *command);

/** A task file that says nothing for want of sense, rights or the right type. Texts owned by the runtime. */
struct runtime_bad_file {
    char *name, *why;
};

struct runtime;

/** What the engine is, for the registration. */
struct runtime_info {
    const char *runtime;        /**< "docker", "process" */
    const char *engine_version; /**< NULL = not known yet */
    const char *api_version;
    const char *os, *architecture;
    int64_t cpu_units, memory_mib;
};

struct runtime_ops {
    /** Connects and begins the event stream; goes on trying by itself. */
    void (*start)(struct runtime *runtime);
    void (*list)(struct runtime *runtime, runtime_list_fn *fn, void *context);
    void (*inspect)(struct runtime *runtime, const char *container_id, runtime_inspect_fn *fn,
                    void *context);
    /** Sends a signal to the run's main process, after comparing the run's start where the runtime
     *  can. */
    void (*signal)(struct runtime *runtime, struct run run, const struct runtime_signal *signal,
                   runtime_signal_fn *fn, void *context);
    /** Whether the runtime's own history shows that signal sent to that run since since_unix_ms. */
    void (*history)(struct runtime *runtime, struct run run, const char *signal,
                    int64_t since_unix_ms, runtime_history_fn *fn, void *context);
    /** Starts a command in the run's container, after comparing the run's start, as its user and in its
     *  working directory, and does not wait for its end. A JSON array of texts is the command with its
     *  arguments; any other text is for the container's shell. NULL: this runtime runs no commands. */
    void (*run_command)(struct runtime *runtime, struct run run, const char *command,
                        runtime_command_fn *fn, void *context);
    /** Asks after such a command. NULL as run_command. */
    void (*look_command)(struct runtime *runtime, const char *exec_id, runtime_look_fn *fn,
                         void *context);
    /** The task files that are of no use, by name; valid until the loop's next turn. @return how many. NULL: this
     *  runtime has no task files. */
    size_t (*bad_files)(const struct runtime *runtime, const struct runtime_bad_file **ret_files);
    struct runtime_info (*info)(struct runtime *runtime);
    void (*free)(struct runtime *runtime);
};

/** Base of every runtime; implementations embed it first. */
struct runtime {
    const struct runtime_ops *ops;
    struct runtime_callbacks callbacks;
    void *callback_context;
};

struct runtime_docker_config {
    const char *endpoint; /**< "unix:///var/run/docker.sock", "tcp://HOST:PORT" */
    int64_t
        call_timeout_ms; /**< of each engine call; a SIGKILL gets 15 s more, as the engine waits */
    int64_t calls_at_once; /**< further calls wait; signals go first */
    /** PEM files for TLS over tcp://: the CA that signed the engine's certificate (NULL = no TLS), and
     *  our own certificate with its key (NULL = none) */
    const char *tls_ca, *tls_certificate, *tls_key;
};
/** @return NULL with ERROR_INVALID (endpoint), ERROR_NO_MEMORY */
struct runtime *runtime_docker_new(struct loop *loop, const struct runtime_docker_config *config,
                                   const struct runtime_callbacks *callbacks, void *context,
                                   struct error *err);

struct runtime_process_config {
    const char
        *directory; /**< of task files NAME.json (docs/process-tasks.md); followed by inotify */
    bool read_only; /**< neither the directory nor anything in it is made or removed */
};
/** Raises the process' soft limit of open files to the hard one: each running process is one pidfd.
 *  @return NULL with ERROR_UNSUPPORTED (no pidfd in this kernel), ERROR_IO, ERROR_NO_MEMORY */
struct runtime *runtime_process_new(struct loop *loop, const struct runtime_process_config *config,
                                    const struct runtime_callbacks *callbacks, void *context,
                                    struct error *err);

#endif
