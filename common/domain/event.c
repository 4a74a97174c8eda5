#include "common/domain/event.h"

#include <inttypes.h>
#include <string.h>

#include "common/domain/record_access.h"

const char *event_type_name(enum event_type type)
{
    return type > EVENT_UNKNOWN_TYPE && type < EVENT_TYPE_COUNT ? event_spec(type)->name : NULL;
}

enum event_type event_type_from_name(struct span name)
{
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        if (span_equal_text(name, event_spec((enum event_type)type)->name)) {
            return (enum event_type)type;
        }
    }
    return EVENT_UNKNOWN_TYPE;
}

bool event_is_workers_own(enum event_type type)
{
    switch (type) {
    case EVENT_STOP_ACCEPTED:
    case EVENT_SIGNAL_SENT:
    case EVENT_PRE_STOP_STARTED:
    case EVENT_PRE_STOP_ENDED:
    case EVENT_KILL_SENT:
    case EVENT_CONTAINER_EXITED:
    case EVENT_TASK_STOPPED:
    case EVENT_STOP_STUCK:
    case EVENT_TASK_GONE:
        return true;
    case EVENT_UNKNOWN_TYPE:
    case EVENT_WORKER_STARTED:
    case EVENT_TASK_OBSERVED:
    case EVENT_STOP_REQUESTED:
    case EVENT_TASK_TAGGED:
    case EVENT_HOST_DEREGISTERED:
    case EVENT_HOST_STATE_CHANGED:
    case EVENT_TYPE_COUNT:
        return false;
    }
    return false;
}

int event_encode(const struct event *event, struct buffer *buf, struct error *err)
{
    if (event_type_name(event->type) == NULL) {
        return error_set(err, ERROR_BUG, "cannot write an event of unknown type %d",
                         (int)event->type);
    }
    const struct record_spec *spec = event_spec(event->type);
    struct event whole = *event;
    whole.type_name = spec->name;
    whole.version = EVENT_MAJOR_VERSION;
    size_t start = buf->length;
    bool truncated = false;
    int rc = record_encode_within(spec, &whole, EVENT_MAX_BYTES, buf, &truncated, err);
    if (rc == 0 && truncated && !whole.truncated) {
        record_rewind(buf, start);
        whole.truncated = true;
        rc = record_encode_within(spec, &whole, EVENT_MAX_BYTES, buf, NULL, err);
    }
    return rc < 0 ? error_wrap(err, "cannot write a %s", spec->name) : 0;
}

int event_decode(struct span bytes, struct event *ret_event, struct error *err)
{
    memset(ret_event, 0, sizeof *ret_event);
    if (bytes.length > EVENT_MAX_BYTES) {
        return error_set(err, ERROR_CORRUPT, "an event of %zu bytes: more than %d", bytes.length,
                         EVENT_MAX_BYTES);
    }
    int64_t version = EVENT_MAJOR_VERSION;
    if (record_peek_integer(bytes, "v", &version) && version != EVENT_MAJOR_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "an event of major version %" PRId64 ": this program reads %d", version,
                         EVENT_MAJOR_VERSION);
    }
    enum event_type type = event_type_from_name(record_peek_text(bytes, "type"));
    struct arena arena = {0};
    if (record_decode(event_spec(type), bytes, &arena, ret_event, err) < 0) {
        arena_release(&arena);
        memset(ret_event, 0, sizeof *ret_event);
        return error_wrap(err, "%s",
                          type == EVENT_UNKNOWN_TYPE ? "an event" : event_type_name(type));
    }
    ret_event->type = type;
    ret_event->arena = arena;
    return 0;
}

void event_release(struct event *event)
{
    if (event != NULL) {
        arena_release(&event->arena);
        memset(event, 0, sizeof *event);
    }
}

json_t *event_to_json(struct span bytes, struct error *err)
{
    return record_msgpack_to_json(bytes, err);
}

bool run_equal(struct run a, struct run b)
{
    return a.started_at == b.started_at && a.container_id != NULL && b.container_id != NULL &&
           strcmp(a.container_id, b.container_id) == 0;
}

struct run run_of_planned(const struct planned_run *planned)
{
    return (struct run){.container_id = planned->container_id, .started_at = planned->started_at};
}

struct run run_of_result(const struct run_result *result)
{
    return (struct run){.container_id = result->container_id, .started_at = result->started_at};
}

const struct run_result *event_ended_result(const struct event_task_ended *ended, struct run run)
{
    for (size_t i = 0; i < ended->results.count; i++) {
        if (run_equal(run_of_result(&ended->results.items[i]), run)) {
            return &ended->results.items[i];
        }
    }
    return NULL;
}
