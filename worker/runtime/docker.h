#ifndef WORKER_RUNTIME_DOCKER_H
#define WORKER_RUNTIME_DOCKER_H

/** Private to the docker runtime: its state and what its files do for each other.
 *  docker.c            the table of functions
 *  docker_connection.c finding the engine, its events, away and back
 *  docker_describe.c   inspect, with what only images and networks know
 *  docker_list.c       all containers
 *  docker_signal.c     signals
 *  docker_history_ask.c  what the engine remembers of them
 *  docker_exec.c       commands in containers */

#include <jansson.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/runtime/docker_api.h"
#include "worker/runtime/docker_container.h"
#include "worker/runtime/docker_http.h"
#include "worker/runtime/docker_inspects.h"
#include "worker/runtime/runtime.h"

enum docker_connection {
    DOCKER_UNCONNECTED = 1, /**< not started, or waiting to try again */
    DOCKER_CONNECTING,
    DOCKER_CONNECTED
};

/** What is under way for a caller; embedded first, kept in a list to be freed with the runtime. */
struct docker_operation {
    struct docker *docker;
    struct docker_operation *next, **link;
    void (*release)(struct docker_operation *operation); /**< what it holds, not itself */
};

struct docker {
    struct runtime base;
    struct loop *loop;
    struct docker_http *http;
    int64_t call_timeout_ms, calls_at_once;
    struct docker_operation *operations;
    /* the connection */
    enum docker_connection connection;
    bool away_said;
    struct docker_engine engine; /**< api_version "" = not agreed on yet */
    json_t *version, *info;      /**< the engine's words, NULL = not yet */
    int64_t info_asked_ms;       /**< wall clock */
    int64_t clock_ahead_ms;      /**< the engine's wall clock less ours */
    int64_t back_off_ms, last_event_nanos;
    struct loop_timer *retry; /**< connecting: its limit; unconnected: the next try */
    struct loop_timer *ping;
    struct log_limit bad_lines;
    /* image id -> RepoDigests or null, labels or null; network id -> driver or null */
    json_t *repo_digests, *image_labels, *network_drivers;
    json_t *digests_asked;           /* when, on the boot-time clock, by image id */
    struct docker_inspects inspects; /**< of the list */
};

/** Makes the timers (NULL when memory is out). */
void docker_connection_init(struct docker *docker);
/** Begins; a second time does nothing. */
void docker_connection_start(struct docker *docker);

/** An operation of `size` bytes, zeroed and listed; NULL when memory is out. */
void *docker_operation_new(struct docker *docker, size_t size,
                           void (*release)(struct docker_operation *operation));
void docker_operation_free(struct docker_operation *operation);

/** Makes a call of the agreed version. @return 0 or -1 (fn is not called) */
int docker_call(struct docker *docker, const struct docker_request *request, docker_response_fn *fn,
                void *context, struct error *err);
/** A GET of the printf path with the usual limit. */
int docker_get(struct docker *docker, enum docker_priority priority, docker_response_fn *fn,
               void *context, struct error *err, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/** POST OBJECT ID WHAT ARGUMENT, urgent; id and argument are escaped. */
struct docker_post {
    const char *object; /**< "/containers/" */
    const char *id;
    const char *what;     /**< "/kill?signal=" */
    const char *argument; /**< "" = none */
    const char *body;     /**< JSON, NULL = none */
    int64_t limit_ms;     /**< 0 = the usual limit */
    bool exempt;          /**< stays open for long, and counts as none of the calls at once */
};
/** @return 0 or -1 with ERROR_NO_MEMORY, ERROR_FULL (fn is not called) */
int docker_post(struct docker *docker, const struct docker_post *post, docker_response_fn *fn,
                void *context, struct error *err);
/** The JSON of a 200; NULL with ERROR_TIMEOUT, ERROR_UNAVAILABLE (no answer, or another status, with
 *  the engine's message), ERROR_CORRUPT. */
json_t *docker_response_json(const struct docker_response *response, struct error *err);
/** The engine's own message in an error body, cut to `size`; "" if there is none. */
void docker_response_message(const struct docker_response *response, char *ret_text, size_t size);

/** inspect NULL without error: there is no such container. Borrowed. */
typedef void docker_describe_fn(void *context, const struct error *error, json_t *inspect);
/** Inspects a container; with_facts: first gets what facts_of_docker needs for it.
 *  @return 0 or -1 with ERROR_NO_MEMORY (fn is not called) */
int docker_describe(struct docker *docker, const char *container_id, enum docker_priority priority,
                    bool with_facts, docker_describe_fn *fn, void *context, struct error *err);
/** Whether the caches hold all that is needed beside that inspect. */
bool docker_facts_known(struct docker *docker, const json_t *inspect);
/** What the caches hold. */
struct docker_facts docker_facts_of(struct docker *docker);

/** What is needed of an inspect to act on a run: without what only images and networks know.
 *  @return 0 or -1 as docker_container_read */
int docker_read_run(const json_t *inspect, struct arena *arena,
                    struct runtime_container *ret_container, struct error *err);

void docker_inspect(struct runtime *runtime, const char *container_id, runtime_inspect_fn *fn,
                    void *context);
void docker_list(struct runtime *runtime, runtime_list_fn *fn, void *context);
void docker_signal(struct runtime *runtime, struct run run, const struct runtime_signal *signal,
                   runtime_signal_fn *fn, void *context);
void docker_run_command(struct runtime *runtime, struct run run, const char *command,
                        runtime_command_fn *fn, void *context);
void docker_look_command(struct runtime *runtime, const char *exec_id, runtime_look_fn *fn,
                         void *context);
void docker_history_ask(struct runtime *runtime, struct run run, const char *signal,
                        int64_t since_unix_ms, runtime_history_fn *fn, void *context);

#endif
