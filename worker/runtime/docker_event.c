#include "worker/runtime/docker_event.h"

#include <string.h>

#include "worker/runtime/docker_json.h"
#include "worker/runtime/signal_name.h"

#define NANOS_PER_MS INT64_C(1000000)

const char DOCKER_EVENT_FILTERS_PODMAN[] = "{\"type\":[\"container\"]}";
const char DOCKER_EVENT_FILTERS[] =
    "{\"type\":[\"container\"],\"event\":[\"create\",\"start\",\"die\",\"destroy\",\"remove\","
    "\"rename\",\"update\",\"health_status\",\"oom\",\"pause\",\"unpause\"]}";

/* "remove" is Podman's name for destroy in some versions. */
static const struct {
    const char *name;
    enum docker_action action;
} ACTIONS[] = {
    {"create", DOCKER_ACTION_CREATE},  {"start", DOCKER_ACTION_START},
    {"kill", DOCKER_ACTION_KILL},      {"die", DOCKER_ACTION_DIE},
    {"died", DOCKER_ACTION_DIE},       {"destroy", DOCKER_ACTION_DESTROY},
    {"remove", DOCKER_ACTION_DESTROY}, {"rename", DOCKER_ACTION_CHANGE},
    {"update", DOCKER_ACTION_CHANGE},  {"health_status", DOCKER_ACTION_CHANGE},
    {"oom", DOCKER_ACTION_CHANGE},     {"pause", DOCKER_ACTION_CHANGE},
    {"unpause", DOCKER_ACTION_CHANGE},
};

/* "health_status: healthy", "exec_start: /bin/sh": what stands before the colon. */
static enum docker_action read_action(const char *text)
{
    size_t length = strcspn(text, ":");
    for (size_t i = 0; i < sizeof ACTIONS / sizeof *ACTIONS; i++) {
        if (strlen(ACTIONS[i].name) == length && memcmp(text, ACTIONS[i].name, length) == 0) {
            return ACTIONS[i].action;
        }
    }
    return DOCKER_ACTION_OTHER;
}

/* Podman writes exitCode from version 3 on, and containerExitCode in all. */
static struct optional_integer read_exit_code(const json_t *attributes)
{
    const char *text = docker_json_text(attributes, "exitCode");
    struct optional_integer code = {0};
    if (text == NULL) {
        text = docker_json_text(attributes, "containerExitCode");
    }
    code.known = span_to_int64(span_of(text), 0, INT64_MAX, &code.value);
    return code;
}

static void read_time(const json_t *json, struct docker_event *event)
{
    int64_t seconds = docker_json_integer(json, "time", 0);
    event->time_nanos = docker_json_integer(json, "timeNano", 0);
    if (event->time_nanos <= 0 && seconds > 0 && seconds < INT64_MAX / 1000 / NANOS_PER_MS) {
        event->time_nanos = seconds * 1000 * NANOS_PER_MS;
    }
    event->time_nanos = event->time_nanos > 0 ? event->time_nanos : 0;
    event->time_unix_ms = event->time_nanos / NANOS_PER_MS;
}

static int read_container(const json_t *json, struct arena *arena, struct docker_event *event,
                          struct error *err)
{
    const json_t *actor = json_object_get(json, "Actor");
    const json_t *attributes = json_object_get(actor, "Attributes");
    const char *id = docker_json_text(actor, "ID");
    if (id == NULL) {
        return error_set(err, ERROR_CORRUPT, "an event of a container without its id");
    }
    event->container_id = arena_strdup(arena, id);
    if (event->container_id == NULL) {
        return error_no_memory(err, "reading an event of the engine");
    }
    event->action = read_action(docker_json_text(json, "Action"));
    if (event->action == DOCKER_ACTION_DIE) {
        event->exit_code = read_exit_code(attributes);
    }
    if (event->action == DOCKER_ACTION_KILL) {
        event->signal = signal_name_number(span_of(docker_json_text(attributes, "signal")));
    }
    return 0;
}

int docker_event_read(struct span line, struct arena *arena, struct docker_event *ret_event,
                      struct error *err)
{
    struct docker_event event = {0};
    json_t *json = docker_json_parse(line, err);
    const char *type = docker_json_text(json, "Type");
    int result = 0;

    if (json == NULL) {
        return -1;
    }
    if (type == NULL || docker_json_text(json, "Action") == NULL) {
        result = error_set(err, ERROR_CORRUPT, "an event of the engine without Type or Action");
    } else {
        read_time(json, &event);
        if (strcmp(type, "container") == 0) {
            result = read_container(json, arena, &event, err);
        }
    }
    json_decref(json);
    if (result == 0) {
        *ret_event = event;
    }
    return result;
}
