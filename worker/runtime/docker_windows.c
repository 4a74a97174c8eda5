#include "worker/runtime/docker_windows.h"

#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker_answer.h"
#include "worker/runtime/docker_json.h"

enum {
    SILENT_MS = 1000, /* then the history is asked */
    EXTRA_MS = 15000, /* after its own deadline the engine waits for the end */
    MARGIN_MS = 2000,
    MS_A_SECOND = 1000,
    DETAIL_SIZE = 400
};

struct windows_stop {
    struct docker_operation operation;
    char *container_id;
    int64_t started_at, grace_s, asked_unix_ms;
    const char *own_signal; /* a constant of signal_name.c */
    struct loop_timer *silent;
    bool told;   /* the caller has its answer */
    bool asking; /* the history is asked */
    bool over;   /* the engine has answered */
    runtime_signal_fn *fn;
    void *context;
};

bool docker_is_windows(const struct docker *docker)
{
    const char *os = docker_json_text(docker->info, "OSType");
    return os != NULL && strcmp(os, "windows") == 0;
}

static void release(struct docker_operation *operation)
{
    struct windows_stop *stop = (struct windows_stop *)operation;
    memory_free(stop->container_id);
    loop_timer_free(stop->silent);
}

static void tell(struct windows_stop *stop, enum runtime_answer what, const char *detail)
{
    if (!stop->told) {
        stop->told = true;
        loop_timer_disarm(stop->silent);
        stop->fn(stop->context, what, detail);
    }
}

static void on_stopped(void *context, const struct docker_response *response)
{
    struct windows_stop *stop = context;
    char detail[DETAIL_SIZE], message[DETAIL_SIZE - 40];
    stop->over = true;
    if (response->outcome == DOCKER_ANSWERED) {
        docker_response_message(response, message, sizeof message);
        (void)snprintf(detail, sizeof detail, "stop: %ld%s%s", response->status,
                       message[0] == '\0' ? "" : " ", message);
        tell(stop, docker_answer_of_kill(response->status, message), detail);
    } else {
        tell(stop, response->outcome == DOCKER_NOT_SENT ? RUNTIME_REFUSED : RUNTIME_NO_ANSWER,
             response->detail);
    }
    if (!stop->asking) {
        docker_operation_free(&stop->operation);
    }
}

static void on_history(void *context, enum runtime_history_answer answer, int64_t at_unix_ms,
                       int64_t times)
{
    struct windows_stop *stop = context;
    char detail[DETAIL_SIZE];
    (void)at_unix_ms;
    (void)times;
    stop->asking = false;
    if (answer == RUNTIME_HISTORY_SENT) {
        (void)snprintf(detail, sizeof detail, "stop: the engine waits %lld s for the end",
                       (long long)stop->grace_s);
        tell(stop, RUNTIME_SENT, detail);
    } else {
        tell(stop, RUNTIME_NO_ANSWER, "the engine was asked to stop it and has not said so");
    }
    if (stop->over) {
        docker_operation_free(&stop->operation);
    }
}

static void on_silent(void *context)
{
    struct windows_stop *stop = context;
    struct run run = {.container_id = stop->container_id, .started_at = stop->started_at};
    stop->asking = true;
    docker_history_ask(&stop->operation.docker->base, run, stop->own_signal,
                       stop->asked_unix_ms - MARGIN_MS, on_history, stop);
}

static int post_stop(struct windows_stop *stop, struct error *err)
{
    char seconds[24];
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)stop->grace_s);
    const struct docker_post request = {.object = "/containers/",
                                        .id = stop->container_id,
                                        .what = "/stop?t=",
                                        .argument = seconds,
                                        .limit_ms = stop->grace_s * MS_A_SECOND + EXTRA_MS,
                                        .exempt = true};
    return docker_post(stop->operation.docker, &request, on_stopped, stop, err);
}

int docker_windows_stop(struct docker *docker, struct run run, const char *own_signal,
                        int64_t grace_ms, runtime_signal_fn *fn, void *context, struct error *err)
{
    struct windows_stop *stop = docker_operation_new(docker, sizeof *stop, release);
    if (stop == NULL) {
        return error_no_memory(err, "stopping a Windows container");
    }
    stop->container_id = memory_strdup(run.container_id);
    stop->started_at = run.started_at;
    stop->grace_s = (grace_ms + MS_A_SECOND - 1) / MS_A_SECOND;
    stop->asked_unix_ms = clock_wall_ms(clock_system());
    stop->own_signal = own_signal == NULL ? "SIGTERM" : own_signal;
    stop->silent = loop_timer_new(docker->loop, on_silent, stop);
    stop->fn = fn;
    stop->context = context;
    if (stop->container_id == NULL || stop->silent == NULL || post_stop(stop, err) != 0) {
        docker_operation_free(&stop->operation);
        return error_no_memory(err, "stopping a Windows container");
    }
    loop_timer_arm(stop->silent, SILENT_MS);
    return 0;
}
