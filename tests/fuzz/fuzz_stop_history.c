/* Bytes of a log amid the records of a stop: whatever they are, the stop is judged. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/reduce.h"
#include "tests/support/sample_events.h"
#include "worker/audit/stop_history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct judged {
    struct stop_history history;
    struct task fold;
    int64_t offset;
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void put(struct judged *judged, const struct event *event)
{
    static const struct task nothing;
    bool ours = event->task != NULL && strcmp(event->task, SAMPLE_TASK) == 0;
    struct error err = {0};
    const struct stop_place place = {.offset = judged->offset++};
    check(stop_history_add(&judged->history, ours ? &judged->fold : &nothing, event, &place,
                           &err) == 0);
    check(!ours || reduce(&judged->fold, event, NULL, &err) == 0 || err.code == ERROR_INVALID);
}

static void on_found(void *context, const struct stop_finding *finding)
{
    check(finding->second.offset >= 0);
    check(finding->first.offset != finding->second.offset);
    stop_finding_print(finding, context);
}

/* It comes before each event of the sample stop and after the last, as one record or as ever another. */
static void judge(struct event *event, bool another, FILE *out)
{
    struct judged judged = {0};
    for (unsigned i = 0; i <= SAMPLE_STOP_EVENTS; i++) {
        char id[16];
        if (another) {
            (void)snprintf(id, sizeof id, "another-%u", i);
            event->id = id;
        }
        put(&judged, event);
        if (i < SAMPLE_STOP_EVENTS) {
            struct event sample;
            sample_stop_event(&sample, i);
            put(&judged, &sample);
            event_release(&sample);
        }
    }
    (void)stop_history_report(&judged.history, on_found, out);
    stop_history_release(&judged.history);
    task_release(&judged.fold);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *out;
    struct event event;
    out = out != NULL ? out : fopen("/dev/null", "we");
    if (event_decode((struct span){.data = (const char *)data, .length = size}, &event, NULL) ==
        0) {
        judge(&event, false, out);
        judge(&event, true, out);
    }
    event_release(&event);
    return 0;
}
