#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_answer.h"
#include "worker/runtime/docker_first.h"
#include "worker/runtime/docker_json.h"
#include "worker/runtime/docker_podman.h"
#include "worker/runtime/docker_windows.h"
#include "worker/runtime/main_process.h"

enum {
    DETAIL_SIZE = 720,
    MESSAGE_SIZE = 200,
    POLICY_SIZE = 64,
    KILL_EXTRA_MS = 15000, /* after SIGKILL the engine waits 10 s, and 2 s more, for the end */
    STOP_LIMIT_MS = 1000 /* Podman answers a stop at the container's end, which is not waited for */
};

/* ---- signal: inspect, compare the run, what must come first, POST /kill ---- */

struct signalling {
    struct docker_operation operation;
    char *container_id, *signal, *stop_signal;
    int64_t started_at, pid, grace_ms;
    char note[MAIN_PROCESS_NOTE_SIZE]; /* on what becomes of the stop signal */
    bool restarting;                   /* no process: the call only cancels the restart */
    enum docker_first first;           /* what is being done, or was done last; 0 = nothing yet */
    char policy[POLICY_SIZE];          /* the restart policy that was there, "" = not touched */
    bool resumed;
    bool stop_asked; /* of Podman; without an answer the container tells */
    runtime_signal_fn *fn;
    void *context;
};

static void release_signalling(struct docker_operation *operation)
{
    struct signalling *signalling = (struct signalling *)operation;
    memory_free(signalling->container_id);
    memory_free(signalling->signal);
    memory_free(signalling->stop_signal);
}

static bool is_kill(const struct signalling *signalling)
{
    return strcmp(signalling->signal, "SIGKILL") == 0;
}

static void answer(struct signalling *signalling, enum runtime_answer what, const char *detail)
{
    signalling->fn(signalling->context, what, detail);
    docker_operation_free(&signalling->operation);
}

/* ---- what its main process does with it ---- */

static void note_signal(struct signalling *signalling, const struct runtime_container *container)
{
    const char *signal = is_kill(signalling) ? signalling->stop_signal : signalling->signal;
    struct main_process process;
    bool seen = main_process_read(container->pid, container->described.container_id, &process);
    /* That nothing is known is worth a word only where the signal was not obeyed. */
    signalling->note[0] = '\0';
    if (signal != NULL && (seen || is_kill(signalling))) {
        main_process_signal_note(seen ? &process : NULL, signal, signalling->note);
    }
    signalling->pid = container->pid;
}

/* Of one that is there after SIGKILL. */
static void note_state(const struct signalling *signalling, char ret_note[MAIN_PROCESS_NOTE_SIZE])
{
    struct main_process process;
    ret_note[0] = '\0';
    if (is_kill(signalling) &&
        main_process_read(signalling->pid, signalling->container_id, &process)) {
        main_process_state_note(&process, ret_note);
    }
}

static void on_killed(void *context, const struct docker_response *response)
{
    struct signalling *signalling = context;
    char detail[DETAIL_SIZE], message[MESSAGE_SIZE], state[MAIN_PROCESS_NOTE_SIZE];

    if (response->outcome != DOCKER_ANSWERED) {
        answer(signalling,
               response->outcome == DOCKER_NOT_SENT ? RUNTIME_REFUSED : RUNTIME_NO_ANSWER,
               response->detail);
        return;
    }
    docker_response_message(response, message, sizeof message);
    note_state(signalling, state);
    (void)snprintf(detail, sizeof detail, "%ld%s%s%s%s%s%s%s%s%s", response->status,
                   message[0] == '\0' ? "" : " ", message,
                   signalling->policy[0] == '\0' ? "" : "; restart policy set to no, was ",
                   signalling->policy, signalling->resumed ? "; resumed" : "",
                   state[0] == '\0' ? "" : "; ", state, signalling->note[0] == '\0' ? "" : "; ",
                   signalling->note);
    enum runtime_answer what = docker_answer_of_kill(response->status, message);
    if (what == RUNTIME_SENT && signalling->restarting) {
        answer(signalling, RUNTIME_NOT_RUNNING, "between two restarts: the next one is cancelled");
    } else {
        answer(signalling, what, detail);
    }
}

/* POST /containers/ID/… */
static int post(struct signalling *signalling, const char *what, const char *argument,
                const char *body, docker_response_fn *fn, struct error *err)
{
    int64_t usual_ms = signalling->operation.docker->call_timeout_ms;
    int64_t limit_ms = usual_ms + (is_kill(signalling) ? KILL_EXTRA_MS : 0);
    const struct docker_post request = {.object = "/containers/",
                                        .id = signalling->container_id,
                                        .what = what,
                                        .argument = argument,
                                        .body = body,
                                        .limit_ms =
                                            signalling->stop_asked ? STOP_LIMIT_MS : limit_ms};
    return docker_post(signalling->operation.docker, &request, fn, signalling, err);
}

static int describe(struct signalling *signalling, struct error *err);

/* The policy was set, or the container resumed: looked at anew, since that took time. */
static void on_first_done(void *context, const struct docker_response *response)
{
    struct signalling *signalling = context;
    bool is_policy = signalling->first == DOCKER_FIRST_NO_RESTART;
    char detail[DETAIL_SIZE], message[MESSAGE_SIZE] = "";
    struct error err = {0};

    if (response->outcome == DOCKER_ANSWERED && response->status < 300) {
        signalling->resumed = !is_policy;
        if (describe(signalling, &err) != 0) {
            answer(signalling, RUNTIME_REFUSED, err.message);
        }
        return;
    }
    if (response->outcome == DOCKER_ANSWERED) {
        docker_response_message(response, message, sizeof message);
    }
    (void)snprintf(detail, sizeof detail, "%s: %ld %s",
                   is_policy ? "its restart policy could not be set to no before the signal"
                             : "it could not be resumed before the signal",
                   response->status,
                   response->outcome == DOCKER_ANSWERED ? message : response->detail);
    answer(signalling, RUNTIME_REFUSED, detail);
}

static int post_first(struct signalling *signalling, const struct runtime_container *container,
                      enum docker_first first, struct error *err)
{
    if (first == signalling->first) {
        return error_set(
            err, ERROR_UNAVAILABLE, "%s",
            first == DOCKER_FIRST_NO_RESTART
                ? "the engine says that its restart policy was set to no, yet it is not"
                : "the engine says that it was resumed, yet it is paused");
    }
    signalling->first = first;
    if (first == DOCKER_FIRST_NO_RESTART) {
        log_info(
            "docker.restart_policy",
            "the container's restart policy is set to no: the engine would start it again after "
            "a signal that is not its own stop signal",
            LOG_STR("container", signalling->container_id),
            LOG_STR("policy", container->described.restart_policy),
            LOG_STR("signal", signalling->signal),
            LOG_STR("its own", container->configured_stop_signal));
        (void)snprintf(signalling->policy, sizeof signalling->policy, "%s",
                       container->described.restart_policy);
        return post(signalling, "/update", "", "{\"RestartPolicy\":{\"Name\":\"no\"}}",
                    on_first_done, err);
    }
    return post(signalling, "/unpause", "", NULL, on_first_done, err);
}

static void on_stop_asked(void *context, const struct docker_response *response)
{
    struct signalling *signalling = context;
    struct error err = {0};
    if (response->outcome != DOCKER_NO_ANSWER || !response->timed_out) {
        on_killed(signalling, response);
    } else if (describe(signalling, &err) != 0) {
        answer(signalling, RUNTIME_NO_ANSWER, err.message);
    }
}

/* Podman was asked to stop it, and is silent: it has begun where it says "stopping", or where the run has ended. */
static void tell_of_stop(struct signalling *signalling, const json_t *inspect, bool runs)
{
    if (!runs || docker_podman_is_stopping(inspect)) {
        answer(signalling, RUNTIME_SENT, "stop: Podman will not start it again");
    } else {
        answer(signalling, RUNTIME_NO_ANSWER, "Podman was asked to stop it and has not begun");
    }
}

static void on_windows_told(void *context, enum runtime_answer what, const char *detail)
{
    answer(context, what, detail);
}

/* No signal's name ever goes to such an engine. */
static int post_to_windows(struct signalling *signalling, const struct runtime_container *container,
                           struct error *err)
{
    struct run run = {.container_id = signalling->container_id,
                      .started_at = signalling->started_at};
    if (is_kill(signalling)) {
        return post(signalling, "/kill", "", NULL, on_killed, err);
    }
    return docker_windows_stop(signalling->operation.docker, run, container->configured_stop_signal,
                               signalling->grace_ms, on_windows_told, signalling, err);
}

static int post_next(struct signalling *signalling, const struct runtime_container *container,
                     const json_t *inspect, struct error *err)
{
    if (docker_is_windows(signalling->operation.docker)) {
        return post_to_windows(signalling, container, err);
    }
    bool podman = signalling->operation.docker->engine.podman;
    enum docker_first first = podman ? docker_podman_first(container, signalling->signal)
                                     : docker_first_before(container, signalling->signal);
    const char *stop = podman ? docker_podman_stop(container, inspect, signalling->signal) : NULL;
    if (first != DOCKER_FIRST_NOTHING) {
        return post_first(signalling, container, first, err);
    }
    note_signal(signalling, container);
    if (stop == NULL) {
        return post(signalling, "/kill?signal=", signalling->signal, NULL, on_killed, err);
    }
    signalling->stop_asked = !is_kill(signalling);
    return post(signalling, stop, "", NULL, signalling->stop_asked ? on_stop_asked : on_killed,
                err);
}

/* Whether it is still the run that is meant, and has a process. */
static bool is_the_run(struct signalling *signalling, const struct runtime_container *container,
                       const char **ret_why)
{
    if (container->described.started_at != signalling->started_at) {
        *ret_why = "another run of the container has taken its place";
        return false;
    }
    signalling->restarting = container->status == RUNTIME_RESTARTING;
    *ret_why = "the container is not running";
    return runtime_is_running(container->status) || signalling->restarting;
}

static void on_described(void *context, const struct error *error, json_t *inspect)
{
    struct signalling *signalling = context;
    struct runtime_container container;
    struct arena arena = {0};
    struct error err = {0};
    const char *why;

    bool read =
        error == NULL && inspect != NULL && docker_read_run(inspect, &arena, &container, &err) == 0;
    if (error == NULL && inspect == NULL) {
        answer(signalling, RUNTIME_NO_CONTAINER, "404");
    } else if (!read) {
        answer(signalling, RUNTIME_REFUSED, error != NULL ? error->message : err.message);
    } else if (signalling->stop_asked) {
        tell_of_stop(signalling, inspect, is_the_run(signalling, &container, &why));
    } else if (!is_the_run(signalling, &container, &why)) {
        answer(signalling, RUNTIME_NOT_RUNNING, why);
    } else if (post_next(signalling, &container, inspect, &err) != 0) {
        answer(signalling, RUNTIME_REFUSED, err.message);
    }
    arena_release(&arena);
}

static int describe(struct signalling *signalling, struct error *err)
{
    return docker_describe(signalling->operation.docker, signalling->container_id, DOCKER_URGENT,
                           false, on_described, signalling, err);
}

void docker_signal(struct runtime *runtime, struct run run, const struct runtime_signal *signal,
                   runtime_signal_fn *fn, void *context)
{
    struct docker *docker = (struct docker *)runtime;
    struct error err = {0};
    struct signalling *signalling =
        docker_operation_new(docker, sizeof *signalling, release_signalling);

    if (signalling == NULL) {
        fn(context, RUNTIME_REFUSED, "out of memory");
        return;
    }
    signalling->container_id = memory_strdup(run.container_id);
    signalling->signal = memory_strdup(signal->name);
    signalling->stop_signal =
        signal->stop_signal == NULL ? NULL : memory_strdup(signal->stop_signal);
    signalling->started_at = run.started_at;
    signalling->grace_ms = signal->grace_ms;
    signalling->fn = fn;
    signalling->context = context;
    bool copied = signalling->container_id != NULL && signalling->signal != NULL &&
                  (signalling->stop_signal != NULL || signal->stop_signal == NULL);
    if (!copied || describe(signalling, &err) != 0) {
        answer(signalling, RUNTIME_REFUSED, "out of memory");
    }
}
