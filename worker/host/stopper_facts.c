#include <string.h>

#include "common/base/memory.h"
#include "worker/host/stopper_internal.h"

void stopper_facts_free(struct stop_task *task)
{
    while (task->facts != NULL) {
        struct stop_fact *fact = task->facts;
        task->facts = fact->next;
        memory_free(fact);
    }
}

static int keep(struct stop_task *task, struct span bytes)
{
    struct stop_fact *fact = memory_alloc(sizeof *fact + bytes.length);
    if (fact == NULL) {
        return -1;
    }
    *fact = (struct stop_fact){.length = bytes.length};
    memcpy(fact->bytes, bytes.data, bytes.length);
    struct stop_fact **link = &task->facts;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = fact;
    return 0;
}

/* What it said itself it has journalled before, or it knows that it has not. */
static bool is_ours(const struct stopper *stopper, const struct event *event)
{
    const char *by = event->actor.incarnation;
    return by != NULL && strcmp(by, stopper->env.identity->incarnation) == 0;
}

void stopper_facts_read(struct stop_task *task, const struct event *event, bool changed)
{
    struct stopper *stopper = task->stopper;
    if (!changed || is_ours(stopper, event)) {
        return;
    }
    stopper_recovery_suspect(task);
    struct buffer bytes;
    buffer_init(&bytes, EVENT_MAX_BYTES);
    bool encoded = event_encode(event, &bytes, NULL) == 0;
    if (encoded && stopper->acting) {
        (void)journal_append_fact(&stopper->journal, buffer_span(&bytes), NULL);
    } else if (!encoded || keep(task, buffer_span(&bytes)) != 0) {
        journal_lacks(&stopper->journal);
    }
    buffer_release(&bytes);
}

void stopper_facts_held(struct stop_task *task, struct span event)
{
    struct span id = record_peek_text(event, "id");
    for (struct stop_fact **link = &task->facts; *link != NULL; link = &(*link)->next) {
        struct stop_fact *fact = *link;
        if (span_equal(record_peek_text((struct span){fact->bytes, fact->length}, "id"), id)) {
            *link = fact->next;
            memory_free(fact);
            return;
        }
    }
}

static void journal_each(void *context, void *owner)
{
    struct stopper *stopper = context;
    struct stop_task *task = owner;
    for (const struct stop_fact *fact = task->facts; fact != NULL && stopper_task_under_way(task);
         fact = fact->next) {
        (void)journal_append_fact(&stopper->journal, (struct span){fact->bytes, fact->length},
                                  NULL);
    }
    stopper_facts_free(task);
}

void stopper_facts_journal(struct stopper *stopper)
{
    id_table_each(&stopper->tasks, journal_each, stopper);
}

/* Where the journal was lost, it may have been acted upon. */
static void find_waiting(void *context, void *owner)
{
    bool *waits = context;
    const struct stop_task *task = owner;
    for (const struct stop_request *request = task->requests; request != NULL;
         request = request->next) {
        *waits = *waits ||
                 (request->before_us && !request->handled && !task_names(&task->own, request->id));
    }
}

void stopper_facts_complete(struct stopper *stopper)
{
    bool waits = false;
    if (!stopper->journal.partial || !stopper->caught_up) {
        return;
    }
    if (stopper->journal.failed) {
        waits = !stopper_idle(stopper);
    } else {
        id_table_each(&stopper->tasks, find_waiting, &waits);
    }
    /* of a stop whose end could not be written its beginning has to go too */
    bool stale = !waits && stopper->journal.failed;
    if (!waits && (!stale || journal_compact(&stopper->journal, NULL) == 0)) {
        journal_whole(&stopper->journal);
    }
}
