#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_event.h"
#include "worker/runtime/docker_history.h"
#include "worker/runtime/docker_json.h"

/* Finding the engine: GET /version, GET /info, then GET /events; BACK when the stream is open, so that
 * what is listed after it misses nothing. A ping finds an engine that hangs with its stream open. */

enum {
    BACK_OFF_MIN_MS = 500,
    BACK_OFF_MAX_MS = 5000,
    PING_EVERY_MS = 10000,
    BAD_LINE_LOG_EVERY_MS = 60000,
    PATH_MAX_BYTES = 4096,
    DETAIL_SIZE = 500
};
#define NANOS_PER_S INT64_C(1000000000)

static void connect_engine(struct docker *docker);

static void tell(struct docker *docker, enum runtime_state state, const char *detail)
{
    docker->base.callbacks.on_state(docker->base.callback_context, state, detail);
}

static void lose(struct docker *docker, const char *detail)
{
    int64_t delay_ms = docker->back_off_ms;

    docker_http_stream_close(docker->http);
    loop_timer_disarm(docker->ping);
    docker->connection = DOCKER_UNCONNECTED;
    docker->back_off_ms = delay_ms * 2 > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : delay_ms * 2;
    loop_timer_arm(docker->retry, delay_ms);
    if (!docker->away_said) {
        docker->away_said = true;
        tell(docker, RUNTIME_AWAY, detail);
    }
}

/* ---- events ---- */

static enum runtime_event_kind kind_of(enum docker_action action)
{
    switch (action) {
    case DOCKER_ACTION_START:
        return RUNTIME_EVENT_STARTED;
    case DOCKER_ACTION_DIE:
        return RUNTIME_EVENT_EXITED;
    case DOCKER_ACTION_DESTROY:
        return RUNTIME_EVENT_REMOVED;
    case DOCKER_ACTION_CREATE:
    case DOCKER_ACTION_CHANGE:
    case DOCKER_ACTION_KILL:
    case DOCKER_ACTION_OTHER:
        break;
    }
    return RUNTIME_EVENT_CHANGED;
}

static void on_line(void *context, struct span line)
{
    struct docker *docker = context;
    struct arena arena = {0};
    struct docker_event event;
    struct error err = {0};
    uint64_t suppressed;

    if (docker_event_read(line, &arena, &event, &err) != 0) {
        if (log_limit_pass(&docker->bad_lines, clock_boot_ms(clock_system()), BAD_LINE_LOG_EVERY_MS,
                           &suppressed)) {
            log_warn("docker.event.bad",
                     "an event of the engine was not understood and is left out",
                     LOG_STR("error", err.message), LOG_INT("suppressed", suppressed));
        }
    } else {
        if (event.time_nanos > docker->last_event_nanos) {
            docker->last_event_nanos = event.time_nanos;
        }
        if (event.container_id != NULL && event.action != DOCKER_ACTION_OTHER &&
            event.action != DOCKER_ACTION_KILL) {
            const struct runtime_event told = {.kind = kind_of(event.action),
                                               .container_id = event.container_id,
                                               .exit_code = event.exit_code,
                                               .at_unix_ms = event.time_unix_ms};
            docker_inspects_doubt(&docker->inspects, event.container_id);
            docker->base.callbacks.on_event(docker->base.callback_context, &told);
        }
    }
    arena_release(&arena);
}

static void on_end(void *context, const char *detail)
{
    lose(context, detail);
}

static void on_open(void *context)
{
    struct docker *docker = context;
    char detail[DETAIL_SIZE];
    const char *version = docker_json_text(docker->version, "Version");

    docker->connection = DOCKER_CONNECTED;
    docker->away_said = false;
    docker_inspects_doubt_all(&docker->inspects);
    loop_timer_disarm(docker->retry);
    loop_timer_arm(docker->ping, PING_EVERY_MS);
    (void)snprintf(detail, sizeof detail, "%s %.100s, API %s",
                   docker->engine.podman ? "Podman" : "Docker", version == NULL ? "" : version,
                   docker->engine.api_version);
    tell(docker, RUNTIME_BACK, detail);
}

static int event_path(struct docker *docker, struct buffer *path, struct error *err)
{
    if (docker_api_path(path, docker->engine.api_version, err, "/events?filters=") != 0 ||
        docker_api_path_escaped(
            path, docker->engine.podman ? DOCKER_EVENT_FILTERS_PODMAN : DOCKER_EVENT_FILTERS,
            err) != 0) {
        return -1;
    }
    /* Podman 3 and 4 end a stream with `since` in some versions after the past events; all is listed
     * anew after BACK anyway. */
    if (docker->last_event_nanos == 0 || docker->engine.podman) {
        return 0;
    }
    return buffer_append_format(path, err, "&since=%lld.%09lld",
                                (long long)(docker->last_event_nanos / NANOS_PER_S),
                                (long long)(docker->last_event_nanos % NANOS_PER_S));
}

static void open_stream(struct docker *docker)
{
    static const struct docker_stream_callbacks callbacks = {
        .on_open = on_open, .on_line = on_line, .on_end = on_end};
    struct error err = {0};
    struct buffer path;

    buffer_init(&path, PATH_MAX_BYTES);
    if (event_path(docker, &path, &err) != 0 ||
        docker_http_stream(docker->http, path.data, &callbacks, docker, &err) != 0) {
        lose(docker, err.message);
    } else {
        loop_timer_arm(docker->retry, docker->call_timeout_ms);
    }
    buffer_release(&path);
}

/* ---- who the engine is ---- */

static void on_info(void *context, const struct docker_response *response)
{
    struct docker *docker = context;
    struct error err = {0};
    json_t *info = docker_response_json(response, &err);

    if (info == NULL) {
        lose(docker, err.message);
        return;
    }
    json_decref(docker->info);
    docker->info = info;
    docker->clock_ahead_ms =
        docker_clock_ahead(docker_json_time_ms(info, "SystemTime"), docker->info_asked_ms,
                           clock_wall_ms(clock_system()));
    open_stream(docker);
}

static void on_version(void *context, const struct docker_response *response)
{
    struct docker *docker = context;
    struct error err = {0};
    json_t *version = docker_response_json(response, &err);

    if (version == NULL || docker_api_negotiate(version, &docker->engine, &err) != 0) {
        json_decref(version);
        lose(docker, err.message);
        return;
    }
    json_decref(docker->version);
    docker->version = version;
    docker->info_asked_ms = clock_wall_ms(clock_system());
    if (docker_get(docker, DOCKER_EXEMPT, on_info, docker, &err, "/info") != 0) {
        lose(docker, err.message);
    }
}

static void connect_engine(struct docker *docker)
{
    const struct docker_request request = {.method = "GET",
                                           .path = "/version",
                                           .limit_ms = docker->call_timeout_ms,
                                           .priority = DOCKER_EXEMPT};
    struct error err = {0};

    docker->connection = DOCKER_CONNECTING;
    if (docker_http_call(docker->http, &request, on_version, docker, &err) != 0) {
        lose(docker, err.message);
    }
}

static void retry_fired(void *context)
{
    struct docker *docker = context;
    if (docker->connection == DOCKER_UNCONNECTED) {
        connect_engine(docker);
    } else {
        lose(docker, "the engine does not open its event stream");
    }
}

/* ---- whether it is still there ---- */

static void on_ping(void *context, const struct docker_response *response)
{
    struct docker *docker = context;
    if (docker->connection != DOCKER_CONNECTED) {
        return;
    }
    if (response->outcome != DOCKER_ANSWERED) {
        lose(docker, response->detail);
        return;
    }
    docker->back_off_ms = BACK_OFF_MIN_MS;
    loop_timer_arm(docker->ping, PING_EVERY_MS);
}

static void ping_fired(void *context)
{
    struct docker *docker = context;
    struct error err = {0};
    if (docker_get(docker, DOCKER_EXEMPT, on_ping, docker, &err, "/_ping") != 0) {
        loop_timer_arm(docker->ping, PING_EVERY_MS);
    }
}

void docker_connection_init(struct docker *docker)
{
    docker->retry = loop_timer_new(docker->loop, retry_fired, docker);
    docker->ping = loop_timer_new(docker->loop, ping_fired, docker);
    docker->back_off_ms = BACK_OFF_MIN_MS;
}

void docker_connection_start(struct docker *docker)
{
    if (docker->connection == DOCKER_UNCONNECTED && !loop_timer_armed(docker->retry)) {
        connect_engine(docker);
    }
}
