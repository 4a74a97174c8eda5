/* Bytes of a log: whatever they are, reading them neither crashes nor loses; what was read is
 * written, shown and folded. */

#include <stdint.h>
#include <stdlib.h>

#include "common/domain/reduce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* An event that was read is written as it is and read again. */
static void round_trip(const struct event *event)
{
    struct buffer buf;
    struct event again;
    struct error err = {0};
    buffer_init(&buf, EVENT_MAX_BYTES);
    if (event_encode(event, &buf, &err) < 0) {
        /* Shorter forms than ours can hold more than ours do. */
        check(err.code == ERROR_FULL);
    } else {
        check(event_decode(buffer_span(&buf), &again, &err) == 0);
        if (!again.truncated || event->truncated) {
            check(record_equal(event_spec(event->type), event, &again));
        }
        event_release(&again);
    }
    buffer_release(&buf);
}

static void fold_twice(const struct event *event)
{
    struct task task = {0};
    bool changed = true;
    struct error err = {0};
    if (reduce(&task, event, NULL, &err) == 0) {
        check(reduce(&task, event, &changed, &err) == 0);
        check(!changed);
    }
    task_release(&task);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {.data = (const char *)data, .length = size};
    struct event event;
    struct error err = {0};
    json_t *json = event_to_json(bytes, NULL);
    if (event_decode(bytes, &event, &err) == 0) {
        if (event.type != EVENT_UNKNOWN_TYPE) {
            round_trip(&event);
        }
        fold_twice(&event);
    } else {
        check(err.code == ERROR_CORRUPT || err.code == ERROR_UNSUPPORTED);
    }
    event_release(&event);
    json_decref(json);
    return 0;
}
