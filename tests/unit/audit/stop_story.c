#include "tests/unit/audit/stop_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "common/domain/reduce.h"

enum { STARTED_AT = 1000 };

static const char *const CONTAINERS[] = {"web-id", "app-id", "db-id"};
static const char *const NAMES[] = {"web", "app", "db"};
static const char *BEFORE_DB[] = {"web-id", "app-id"};
static const char *const IDS[STORY_EVENTS] = {
    "e00", "e01", "e02", "e03", "e04", "e05", "e06", "e07", "e08", "e09", "e10",
    "e11", "e12", "e13", "e14", "e15", "e16", "e17", "e18", "e19", "e20", "e21",
    "e22", "e23", "e24", "e25", "e26", "e27", "e28", "e29", "e30", "e31"};

static struct run run_of(int container)
{
    return (struct run){CONTAINERS[container], STARTED_AT};
}

static void take(struct story *story, const struct event *event)
{
    struct error err = {0};
    const struct stop_place place = {
        .partition = 3,
        .offset = story->offset,
        .appended_unix_ms = story->appended_after == 0 ? 0 : story->ts + story->appended_after};
    if (stop_history_add(&story->history, &story->fold, event, &place, &err) != 0 ||
        reduce(&story->fold, event, NULL, &err) != 0) {
        fail_msg("%s", err.message);
    }
    story->offset++;
}

static struct event *make(struct story *story, enum event_type type)
{
    struct event *event = &story->events[story->offset];
    assert_non_null(IDS[story->offset]);
    story->ts += 10;
    *event = (struct event){.type = type,
                            .type_name = event_type_name(type),
                            .version = 1,
                            .id = story->as != NULL ? story->as : IDS[story->offset],
                            .ts = story->ts,
                            .cluster = "prod",
                            .task = type == EVENT_WORKER_STARTED ? NULL : "t1",
                            .host = story->host,
                            .actor = {.incarnation = story->by, .boot_id = story->boot_id}};
    story->as = NULL;
    return event;
}

static int64_t put(struct story *story, const struct event *event)
{
    take(story, event);
    return story->offset - 1;
}

struct story *story_begin(void)
{
    struct story *story = memory_calloc(1, sizeof *story);
    assert_non_null(story);
    story->boot_id = "boot-1";
    story->host = "h1";
    story->end_code = -1;
    story->ts = 1700000000000;
    (void)story_started(story, "A", true);
    (void)story_requested(story, "r1");
    return story;
}

void story_end(struct story *story)
{
    stop_history_release(&story->history);
    task_release(&story->fold);
    memory_free(story);
}

int64_t story_started(struct story *story, const char *incarnation, bool journal_found)
{
    story->by = incarnation;
    struct event *event = make(story, EVENT_WORKER_STARTED);
    event->worker_started.journal_found = journal_found;
    return put(story, event);
}

int64_t story_requested(struct story *story, const char *id)
{
    struct event *event = make(story, EVENT_STOP_REQUESTED);
    event->id = id;
    return put(story, event);
}

int64_t story_accepted(struct story *story, const char *request, int64_t grace_ms)
{
    struct event *event = make(story, EVENT_STOP_ACCEPTED);
    struct planned_run *plan = story->plans[story->offset];
    const char **requests = arena_alloc(&story->history.arena, 2 * sizeof(const char *));
    assert_non_null(requests);
    requests[0] = "r1";
    requests[1] = request;
    event->stop_accepted.requests = (struct text_list){requests, request == NULL ? 1 : 2};
    for (int i = WEB; i <= DB; i++) {
        plan[i] = (struct planned_run){.container_id = CONTAINERS[i],
                                       .started_at = STARTED_AT,
                                       .name = NAMES[i],
                                       .signal = "SIGTERM",
                                       .grace_ms = grace_ms};
    }
    plan[DB].after = (struct text_list){BEFORE_DB, 2};
    plan[WEB].pre_stop = story->pre_stop ? "drain" : NULL;
    plan[DB].pre_stop = plan[WEB].pre_stop;
    int planned = story->planned == 0 ? 3 : story->planned;
    event->stop_accepted.plan.items = &plan[3 - planned];
    event->stop_accepted.plan.count = (size_t)planned;
    return put(story, event);
}

static struct event *make_sent(struct story *story, enum event_type type, int container,
                               int64_t boot_ms)
{
    struct event *event = make(story, type);
    event->signal_sent = (struct event_signal_sent){.run = run_of(container),
                                                    .signal = "SIGTERM",
                                                    .sent_boot_ms = boot_ms,
                                                    .sent_unix_ms = 1700000000000 + boot_ms,
                                                    .boot_id = story->boot_id};
    return event;
}

int64_t story_signal(struct story *story, int container, int64_t boot_ms, bool maybe_repeated)
{
    struct event *event = make_sent(story, EVENT_SIGNAL_SENT, container, boot_ms);
    event->signal_sent.maybe_repeated = maybe_repeated;
    return put(story, event);
}

int64_t story_kill(struct story *story, int container, int64_t boot_ms)
{
    return put(story, make_sent(story, EVENT_KILL_SENT, container, boot_ms));
}

static struct run_result result_of(int container, int64_t exit_code)
{
    return (struct run_result){.container_id = CONTAINERS[container],
                               .started_at = STARTED_AT,
                               .exit_code = {exit_code >= 0, exit_code}};
}

int64_t story_exited(struct story *story, int container, int64_t exit_code)
{
    struct event *event = make(story, EVENT_CONTAINER_EXITED);
    event->container_exited.result = result_of(container, exit_code);
    return put(story, event);
}

int64_t story_pre_stop(struct story *story, int container, int64_t boot_ms)
{
    struct event *event = make(story, EVENT_PRE_STOP_STARTED);
    event->pre_stop_started =
        (struct event_pre_stop_started){.run = run_of(container),
                                        .begun_boot_ms = boot_ms,
                                        .begun_unix_ms = 1700000000000 + boot_ms,
                                        .boot_id = story->boot_id};
    return put(story, event);
}

int64_t story_pre_stop_over(struct story *story, int container)
{
    struct event *event = make(story, EVENT_PRE_STOP_ENDED);
    event->pre_stop_ended.run = run_of(container);
    return put(story, event);
}

int64_t story_ended(struct story *story, enum event_type type, int count)
{
    struct event *event = make(story, type);
    struct run_result *results = story->results[story->offset];
    for (int i = 0; i < count; i++) {
        results[i] = result_of(i, story->end_code);
    }
    event->task_ended.results.items = results;
    event->task_ended.results.count = (size_t)count;
    return put(story, event);
}

void story_again(struct story *story, int64_t offset)
{
    take(story, &story->events[offset]);
}

void story_as(struct story *story, int64_t offset)
{
    story->as = story->events[offset].id;
}

void story_all_obey(struct story *story, int64_t boot_ms)
{
    for (int i = WEB; i <= DB; i++) {
        (void)story_signal(story, i, boot_ms, false);
        (void)story_exited(story, i, 0);
    }
    (void)story_ended(story, EVENT_TASK_STOPPED, 3);
}

static void on_found(void *context, const struct stop_finding *finding)
{
    struct story *story = context;
    story->found[story->count++] = *finding;
    stop_finding_print(finding, stderr);
}

void story_assert_fine(struct story *story)
{
    assert_int_equal(stop_history_report(&story->history, on_found, story), 0);
    assert_int_equal(story->count, 0);
    story_end(story);
}

void story_assert_broken(struct story *story, enum stop_rule rule, int64_t first, int64_t second)
{
    assert_int_equal(stop_history_report(&story->history, on_found, story), 1);
    const struct stop_finding *finding = &story->found[0];
    assert_string_equal(stop_rule_text(finding->rule), stop_rule_text(rule));
    assert_int_equal(finding->first.offset, first);
    assert_int_equal(finding->second.offset, second);
    assert_string_equal(finding->key, "prod/t1");
    assert_string_equal(finding->host, "h1");
    assert_int_equal(finding->partition, 3);
    story_end(story);
}
