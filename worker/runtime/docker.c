#include "worker/runtime/docker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker_json.h"

enum { PATH_MAX_BYTES = 8192, MEBIBYTE = 1 << 20, CPU_UNITS_PER_CPU = 1024 };

/* ---- operations ---- */

void *docker_operation_new(struct docker *docker, size_t size,
                           void (*release)(struct docker_operation *operation))
{
    struct docker_operation *operation = memory_calloc(1, size);
    if (operation == NULL) {
        return NULL;
    }
    operation->docker = docker;
    operation->release = release;
    operation->next = docker->operations;
    operation->link = &docker->operations;
    if (operation->next != NULL) {
        operation->next->link = &operation->next;
    }
    docker->operations = operation;
    return operation;
}

void docker_operation_free(struct docker_operation *operation)
{
    *operation->link = operation->next;
    if (operation->next != NULL) {
        operation->next->link = operation->link;
    }
    operation->release(operation);
    memory_free(operation);
}

/* ---- calls ---- */

int docker_call(struct docker *docker, const struct docker_request *request, docker_response_fn *fn,
                void *context, struct error *err)
{
    struct docker_request versioned = *request;
    struct buffer path;
    buffer_init(&path, PATH_MAX_BYTES);
    int result = docker_api_path(&path, docker->engine.api_version, err, "%s", request->path);
    if (result == 0) {
        versioned.path = path.data;
        result = docker_http_call(docker->http, &versioned, fn, context, err);
    }
    buffer_release(&path);
    return result;
}

int docker_get(struct docker *docker, enum docker_priority priority, docker_response_fn *fn,
               void *context, struct error *err, const char *format, ...)
{
    char *path = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&path, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return error_no_memory(err, "calling the engine");
    }
    struct docker_request request = {
        .method = "GET", .path = path, .limit_ms = docker->call_timeout_ms, .priority = priority};
    int result = docker_call(docker, &request, fn, context, err);
    free(path);
    return result;
}

int docker_post(struct docker *docker, const struct docker_post *post, docker_response_fn *fn,
                void *context, struct error *err)
{
    struct buffer path;
    buffer_init(&path, PATH_MAX_BYTES);
    int result = -1;
    if (buffer_append_text(&path, post->object, err) == 0 &&
        docker_api_path_escaped(&path, post->id, err) == 0 &&
        buffer_append_text(&path, post->what, err) == 0 &&
        docker_api_path_escaped(&path, post->argument, err) == 0) {
        const struct docker_request request = {
            .method = "POST",
            .path = path.data,
            .body = post->body,
            .limit_ms = post->limit_ms > 0 ? post->limit_ms : docker->call_timeout_ms,
            .priority = post->exempt ? DOCKER_EXEMPT : DOCKER_URGENT};
        result = docker_call(docker, &request, fn, context, err);
    }
    buffer_release(&path);
    return result;
}

void docker_response_message(const struct docker_response *response, char *ret_text, size_t size)
{
    struct error ignored = {0};
    json_t *json = docker_json_parse(response->body, &ignored);
    const char *message = docker_json_text(json, "message");
    struct span kept = span_cut_utf8(span_of(message), size - 1);
    (void)snprintf(ret_text, size, "%.*s", (int)kept.length, kept.length == 0 ? "" : kept.data);
    json_decref(json);
}

json_t *docker_response_json(const struct docker_response *response, struct error *err)
{
    char message[300];
    if (response->outcome != DOCKER_ANSWERED) {
        error_set(err, response->timed_out ? ERROR_TIMEOUT : ERROR_UNAVAILABLE, "%s",
                  response->detail);
        return NULL;
    }
    if (response->status != 200) {
        docker_response_message(response, message, sizeof message);
        error_set(err, ERROR_UNAVAILABLE, "the engine answered %ld: %s", response->status, message);
        return NULL;
    }
    return docker_json_parse(response->body, err);
}

/* ---- the table ---- */

static void docker_start(struct runtime *runtime)
{
    docker_connection_start((struct docker *)runtime);
}

static struct runtime_info docker_info(struct runtime *runtime)
{
    const struct docker *docker = (const struct docker *)runtime;
    const char *agreed = docker->engine.api_version;
    return (struct runtime_info){
        .runtime = "docker",
        .engine_version = docker_json_text(docker->version, "Version"),
        .api_version = agreed[0] == '\0' ? NULL : agreed,
        .os = docker_json_text(docker->info, "OSType"),
        .architecture = docker_json_text(docker->info, "Architecture"),
        .cpu_units = docker_json_integer(docker->info, "NCPU", 0) * CPU_UNITS_PER_CPU,
        .memory_mib = docker_json_integer(docker->info, "MemTotal", 0) / MEBIBYTE,
    };
}

static void docker_free(struct runtime *runtime)
{
    struct docker *docker = (struct docker *)runtime;
    if (docker == NULL) {
        return;
    }
    docker_http_free(docker->http);
    while (docker->operations != NULL) {
        docker_operation_free(docker->operations);
    }
    loop_timer_free(docker->retry);
    loop_timer_free(docker->ping);
    json_decref(docker->version);
    json_decref(docker->info);
    json_decref(docker->repo_digests);
    json_decref(docker->digests_asked);
    json_decref(docker->image_labels);
    json_decref(docker->network_drivers);
    docker_inspects_release(&docker->inspects);
    memory_free(docker);
}

static const struct runtime_ops DOCKER_OPS = {
    .start = docker_start,
    .list = docker_list,
    .inspect = docker_inspect,
    .signal = docker_signal,
    .history = docker_history_ask,
    .run_command = docker_run_command,
    .look_command = docker_look_command,
    .info = docker_info,
    .free = docker_free,
};

struct runtime *runtime_docker_new(struct loop *loop, const struct runtime_docker_config *config,
                                   const struct runtime_callbacks *callbacks, void *context,
                                   struct error *err)
{
    struct docker *docker = memory_calloc(1, sizeof *docker);
    const struct docker_http_config http = {.endpoint = config->endpoint,
                                            .calls_at_once = config->calls_at_once,
                                            .connect_limit_ms = config->call_timeout_ms,
                                            .tls_ca = config->tls_ca,
                                            .tls_certificate = config->tls_certificate,
                                            .tls_key = config->tls_key};
    if (docker == NULL) {
        error_no_memory(err, "preparing the docker runtime");
        return NULL;
    }
    docker->base =
        (struct runtime){.ops = &DOCKER_OPS, .callbacks = *callbacks, .callback_context = context};
    docker->loop = loop;
    docker->call_timeout_ms = config->call_timeout_ms;
    docker->calls_at_once = config->calls_at_once > 0 ? config->calls_at_once : 1;
    docker->connection = DOCKER_UNCONNECTED;
    docker->http = docker_http_new(loop, &http, err);
    if (docker->http == NULL) {
        docker_free(&docker->base);
        return NULL;
    }
    docker->repo_digests = json_object();
    docker->digests_asked = json_object();
    docker->image_labels = json_object();
    docker->network_drivers = json_object();
    docker_connection_init(docker);
    if (docker->repo_digests == NULL || docker->digests_asked == NULL ||
        docker->image_labels == NULL || docker->network_drivers == NULL || docker->retry == NULL ||
        docker->ping == NULL) {
        error_no_memory(err, "preparing the docker runtime");
        docker_free(&docker->base);
        return NULL;
    }
    return &docker->base;
}
