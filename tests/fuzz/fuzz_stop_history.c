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

/** Whether it is one record that comes again, or ever another one, or one of the stop's task with the id of the record that follows it. */
enum identity { ONE, ANOTHER, OF_THE_NEXT, IDENTITIES };

/** Leaves out the runs from the `runs`th on. */
static void cut(struct event *event, size_t runs)
{
    if (event->type == EVENT_STOP_ACCEPTED && runs < event->stop_accepted.plan.count) {
        event->stop_accepted.plan.count = runs;
    }
    if ((event->type == EVENT_TASK_STOPPED || event->type == EVENT_TASK_GONE) &&
        runs < event->task_ended.results.count) {
        event->task_ended.results.count = runs;
    }
}

/* It comes before each event of the sample stop, or from the first of its type on, and after the last. */
static void judge(const struct event *event, enum identity identity, FILE *out)
{
    struct judged judged = {0};
    bool begun = identity != OF_THE_NEXT;
    for (unsigned i = 0; i <= SAMPLE_STOP_EVENTS; i++) {
        char id[16];
        struct event sample = {0};
        (void)snprintf(id, sizeof id, "another-%u", i);
        if (i < SAMPLE_STOP_EVENTS) {
            sample_stop_event(&sample, i);
        }
        struct event copy = *event;
        copy.id = identity == ANOTHER ? id : event->id;
        if (identity == OF_THE_NEXT && sample.id != NULL && sample.task != NULL) {
            copy.id = sample.id;
            cut(&copy, i % 2);
        }
        if (identity == OF_THE_NEXT && event->task != NULL) {
            copy.cluster = "prod";
            copy.task = SAMPLE_TASK;
        }
        begun = begun || sample.type == event->type;
        if (begun) {
            put(&judged, &copy);
        }
        if (i < SAMPLE_STOP_EVENTS) {
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
        for (int identity = ONE; identity < IDENTITIES; identity++) {
            judge(&event, (enum identity)identity, out);
        }
    }
    event_release(&event);
    return 0;
}
