#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_command.h"
#include "worker/runtime/docker_json.h"
#include "worker/runtime/docker_windows.h"

enum { DETAIL_SIZE = 400, EXEC_ID_SIZE = 81 };

/* ---- running a command: inspect, compare the run, make the exec, start it ---- */

struct running {
    struct docker_operation operation;
    char *container_id, *command;
    int64_t started_at;
    char exec_id[EXEC_ID_SIZE];
    runtime_command_fn *fn;
    void *context;
};

static void release_running(struct docker_operation *operation)
{
    struct running *running = (struct running *)operation;
    memory_free(running->container_id);
    memory_free(running->command);
}

static void answer(struct running *running, const char *exec_id, const char *detail)
{
    running->fn(running->context, exec_id, detail);
    docker_operation_free(&running->operation);
}

static void not_started(struct running *running, const char *what,
                        const struct docker_response *response)
{
    char detail[DETAIL_SIZE], message[DETAIL_SIZE - 100];
    if (response->outcome != DOCKER_ANSWERED) {
        (void)snprintf(detail, sizeof detail, "%s: %.300s", what, response->detail);
    } else {
        docker_response_message(response, message, sizeof message);
        (void)snprintf(detail, sizeof detail, "%s: %ld %s", what, response->status, message);
    }
    answer(running, NULL, detail);
}

static bool is_success(const struct docker_response *response)
{
    return response->outcome == DOCKER_ANSWERED && response->status >= 200 &&
           response->status < 300;
}

static void on_exec_started(void *context, const struct docker_response *response)
{
    struct running *running = context;
    if (is_success(response)) {
        answer(running, running->exec_id, "");
    } else {
        not_started(running,
                    response->outcome == DOCKER_NO_ANSWER
                        ? "the pre-stop command may have been started"
                        : "the pre-stop command could not be started",
                    response);
    }
}

static void on_exec_made(void *context, const struct docker_response *response)
{
    struct running *running = context;
    struct error err = {0};
    json_t *json = is_success(response) ? docker_json_parse(response->body, &err) : NULL;
    const char *id = docker_json_text(json, "Id");
    bool usable = id != NULL && strlen(id) < sizeof running->exec_id;

    if (usable) {
        (void)snprintf(running->exec_id, sizeof running->exec_id, "%s", id);
    }
    json_decref(json);
    const struct docker_post start = {.object = "/exec/",
                                      .id = running->exec_id,
                                      .what = "/start",
                                      .argument = "",
                                      .body = "{\"Detach\":true,\"Tty\":false}"};
    if (!usable) {
        not_started(running, "the pre-stop command was not taken", response);
        return;
    }
    FAULT_POINT(PRE_STOP_MADE);
    if (docker_post(running->operation.docker, &start, on_exec_started, running, &err) != 0) {
        answer(running, NULL, err.message);
    }
    FAULT_POINT(PRE_STOP_STARTING);
}

/* The body of POST /containers/ID/exec; free() it. */
static char *exec_body(const struct docker *docker, const char *command)
{
    json_t *argv = docker_command_of(command, docker_is_windows(docker));
    json_t *body = argv == NULL ? NULL : json_pack("{so}", "Cmd", argv);
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void make_exec(struct running *running)
{
    struct docker *docker = running->operation.docker;
    struct error err = {0};
    char *body = exec_body(docker, running->command);
    const struct docker_post make = {.object = "/containers/",
                                     .id = running->container_id,
                                     .what = "/exec",
                                     .argument = "",
                                     .body = body};
    if (body == NULL) {
        answer(running, NULL, "the pre-stop command is no text that can be handed to the engine");
    } else if (docker_post(docker, &make, on_exec_made, running, &err) != 0) {
        answer(running, NULL, err.message);
    }
    free(body);
}

static void on_described(void *context, const struct error *error, json_t *inspect)
{
    struct running *running = context;
    struct runtime_container container;
    struct arena arena = {0};
    struct error err = {0};

    bool read =
        error == NULL && inspect != NULL && docker_read_run(inspect, &arena, &container, &err) == 0;
    bool same = read && container.described.started_at == running->started_at;
    bool runs = same && container.status == RUNTIME_RUNNING;
    arena_release(&arena);
    if (runs && running->operation.docker->engine.podman) {
        /* Podman 4.3 never says that a command has ended, and the signal would wait for it. */
        answer(running, NULL, "PreStopUnsupported: on Podman no pre-stop command is run");
    } else if (runs) {
        make_exec(running);
    } else if (read) {
        answer(running, NULL,
               same ? "the container runs no commands now: it is paused, or has ended"
                    : "another run of the container has taken its place");
    } else if (error == NULL && inspect == NULL) {
        answer(running, NULL, "there is no such container");
    } else {
        answer(running, NULL, error != NULL ? error->message : err.message);
    }
}

void docker_run_command(struct runtime *runtime, struct run run, const char *command,
                        runtime_command_fn *fn, void *context)
{
    struct docker *docker = (struct docker *)runtime;
    struct error err = {0};
    struct running *running = docker_operation_new(docker, sizeof *running, release_running);

    if (running == NULL) {
        fn(context, NULL, "out of memory");
        return;
    }
    running->container_id = memory_strdup(run.container_id);
    running->command = memory_strdup(command);
    running->started_at = run.started_at;
    running->fn = fn;
    running->context = context;
    if (running->container_id == NULL || running->command == NULL ||
        docker_describe(docker, run.container_id, DOCKER_URGENT, false, on_described, running,
                        &err) != 0) {
        answer(running, NULL, "out of memory");
    }
}

/* ---- looking after it ---- */

struct looking {
    struct docker_operation operation;
    runtime_look_fn *fn;
    void *context;
};

static void release_nothing(struct docker_operation *operation)
{
    (void)operation;
}

static void tell(struct looking *looking, const struct error *error,
                 const struct runtime_command *command)
{
    looking->fn(looking->context, error, command);
    docker_operation_free(&looking->operation);
}

static void on_exec_inspected(void *context, const struct docker_response *response)
{
    struct looking *looking = context;
    struct error err = {0};
    if (response->outcome == DOCKER_ANSWERED && response->status == 404) {
        tell(looking, NULL, NULL);
        return;
    }
    json_t *json = docker_response_json(response, &err);
    if (json == NULL) {
        tell(looking, &err, NULL);
        return;
    }
    const json_t *code = json_object_get(json, "ExitCode");
    struct runtime_command command = {.running = docker_json_is_true(json, "Running")};
    if (!command.running && json_is_integer(code)) {
        command.exit_code =
            (struct optional_integer){.known = true, .value = (int64_t)json_integer_value(code)};
    }
    json_decref(json);
    tell(looking, NULL, &command);
}

void docker_look_command(struct runtime *runtime, const char *exec_id, runtime_look_fn *fn,
                         void *context)
{
    struct docker *docker = (struct docker *)runtime;
    struct error err = {0};
    struct buffer id;
    struct looking *looking = docker_operation_new(docker, sizeof *looking, release_nothing);

    if (looking == NULL) {
        error_no_memory(&err, "asking after a command");
        fn(context, &err, NULL);
        return;
    }
    looking->fn = fn;
    looking->context = context;
    buffer_init(&id, (size_t)4 * EXEC_ID_SIZE);
    if (docker_api_path_escaped(&id, exec_id, &err) != 0 ||
        docker_get(docker, DOCKER_URGENT, on_exec_inspected, looking, &err, "/exec/%s/json",
                   id.data == NULL ? "" : id.data) != 0) {
        tell(looking, &err, NULL);
    }
    buffer_release(&id);
}
