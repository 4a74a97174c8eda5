#include <stdio.h>
#include <string.h>

#include "common/domain/reduce.h"
#include "worker/audit/stop_history_internal.h"

static int no_memory(struct error *err)
{
    return error_no_memory(err, "judging a stop");
}

/* ---- tasks and runs ---- */

static void append_task(struct stop_history *history, struct stop_task_history *task)
{
    if (task == NULL) {
        return;
    }
    if (history->last == NULL) {
        history->first = task;
    } else {
        history->last->next = task;
    }
    history->last = task;
}

static struct stop_task_history *task_of(struct stop_history *history, const struct event *event,
                                         int32_t partition, struct error *err)
{
    struct buffer key;
    buffer_init(&key, 1024);
    if (buffer_append_format(&key, err, "%s/%s", event->cluster, event->task) != 0) {
        buffer_release(&key);
        return NULL;
    }
    const struct id_entry *known = id_table_find(&history->tasks, key.data, key.length);
    struct stop_task_history *task =
        known != NULL ? known->owner : arena_alloc(&history->arena, sizeof *task);
    if (known == NULL && task != NULL) {
        *task = (struct stop_task_history){
            .entry = {.key = arena_strdup(&history->arena, key.data), .owner = task},
            .host = arena_strdup(&history->arena, event->host),
            .partition = partition,
            .end = {.record.offset = -1}};
        bool kept = task->entry.key != NULL && task->host != NULL &&
                    id_table_add(&history->tasks, &task->entry) == 0;
        task = kept ? task : NULL;
        append_task(history, task);
    }
    buffer_release(&key);
    if (task == NULL) {
        (void)no_memory(err);
    }
    return task;
}

struct stop_run_history *stop_history_run(const struct stop_task_history *task, struct run run)
{
    struct stop_run_history *found = task->runs;
    while (found != NULL && !run_equal(found->run, run)) {
        found = found->next;
    }
    return found;
}

static struct stop_run_history *need_run(struct stop_history *history,
                                         struct stop_task_history *task, struct run run)
{
    struct stop_run_history *found = stop_history_run(task, run);
    if (found != NULL) {
        return found;
    }
    found = arena_alloc(&history->arena, sizeof *found);
    char *container_id = arena_strdup(&history->arena, run.container_id);
    if (found == NULL || container_id == NULL) {
        return NULL;
    }
    *found = (struct stop_run_history){.next = task->runs,
                                       .run = {container_id, run.started_at},
                                       .name = container_id,
                                       .planned = {.record.offset = -1},
                                       .grace_change = {.record.offset = -1}};
    task->runs = found;
    return found;
}

/** @return 1 if it was not there yet, 0, or -1 with ERROR_NO_MEMORY */
static int add_text(struct arena *arena, struct text_list *list, const char *text,
                    struct error *err)
{
    if (text_list_holds(list, text)) {
        return 0;
    }
    const char **grown = arena_grow(arena, list->items, list->count, sizeof(const char *));
    const char *kept = arena_strdup(arena, text);
    if (grown == NULL || kept == NULL) {
        return no_memory(err);
    }
    list->items = grown;
    list->items[list->count++] = kept;
    return 1;
}

/* ---- plans ---- */

static int plan_run(struct stop_judgement *judgement, const struct planned_run *planned,
                    struct error *err)
{
    struct stop_history *history = judgement->history;
    struct stop_run_history *run = need_run(history, judgement->of, run_of_planned(planned));
    if (run == NULL) {
        return no_memory(err);
    }
    bool first = run->planned.record.offset < 0;
    if (first) {
        const char *name = arena_strdup(&history->arena, planned->name);
        if (name == NULL && planned->name != NULL) {
            return no_memory(err);
        }
        run->name = name == NULL ? run->name : name;
        run->planned = judgement->source;
        run->plan.pre_stop = planned->pre_stop != NULL;
        run->shortest_grace_ms = planned->grace_ms;
    }
    if (first || planned->grace_ms != run->last_grace_ms) {
        run->grace_change = judgement->source;
        run->last_grace_ms = planned->grace_ms;
    }
    if (planned->grace_ms < run->shortest_grace_ms) {
        run->shortest_grace_ms = planned->grace_ms;
    }
    run->plan.forced = run->plan.forced || planned->grace_ms == 0;
    run->plan.graced = run->plan.graced || planned->grace_ms != 0;
    return 0;
}

static bool is_planned(const struct stop_task_history *task, const struct planned_run *planned)
{
    const struct stop_run_history *run = stop_history_run(task, run_of_planned(planned));
    return run != NULL && run->planned.record.offset >= 0;
}

/** One that comes again plans only what it did not name before. */
static int add_plan(struct stop_judgement *judgement, const struct event *event, struct error *err)
{
    struct stop_task_history *task = judgement->of;
    const struct event_stop_accepted *accepted = &event->stop_accepted;
    int added = add_text(&judgement->history->arena, &task->plans, event->id, err);
    if (added < 0) {
        return -1;
    }
    if (added > 0) {
        judgement->history->stops += task->plans.count == 1;
        struct stop_verdict verdict = stop_judge_plan(judgement, accepted);
        if (stop_broken_keep(judgement, NULL, &verdict, err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < accepted->plan.count; i++) {
        const struct planned_run *planned = &accepted->plan.items[i];
        if ((added > 0 || !is_planned(task, planned)) && plan_run(judgement, planned, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- facts ---- */

/** The engine's action that makes the event; 0 = none does. */
static const unsigned MADE_BY[EVENT_TYPE_COUNT] = {
    [EVENT_SIGNAL_SENT] = DO_RECORD_SIGNAL,        [EVENT_KILL_SENT] = DO_RECORD_KILL,
    [EVENT_PRE_STOP_STARTED] = DO_RECORD_PRE_STOP, [EVENT_PRE_STOP_ENDED] = DO_RECORD_PRE_STOP_END,
    [EVENT_CONTAINER_EXITED] = DO_RECORD_EXIT,
};

static struct run run_of(const struct event *event)
{
    if (event->type == EVENT_CONTAINER_EXITED) {
        return run_of_result(&event->container_exited.result);
    }
    if (event->type == EVENT_PRE_STOP_STARTED) {
        return event->pre_stop_started.run;
    }
    return event->type == EVENT_PRE_STOP_ENDED ? event->pre_stop_ended.run : event->signal_sent.run;
}

/** What of the event is kept. */
static struct stop_fact fact_of(const struct event *event, const struct stop_source *source)
{
    struct stop_fact fact = {.made_by = MADE_BY[event->type], .source = *source, .id = event->id};
    if (event->type == EVENT_CONTAINER_EXITED) {
        fact.exit_code = event->container_exited.result.exit_code;
    } else if (event->type == EVENT_PRE_STOP_STARTED) {
        fact.boot_ms = event->pre_stop_started.begun_boot_ms;
        fact.unix_ms = event->pre_stop_started.begun_unix_ms;
        fact.boot_id = event->pre_stop_started.boot_id;
    } else if (event->type != EVENT_PRE_STOP_ENDED) {
        fact.boot_ms = event->signal_sent.sent_boot_ms;
        fact.unix_ms = event->signal_sent.sent_unix_ms;
        fact.boot_id = event->signal_sent.boot_id;
        fact.maybe_repeated = event->signal_sent.maybe_repeated;
    }
    return fact;
}

/** The fact comes again, and with it all that its writer wrote after it: what the log holds of the run was written before it. */
static int repeat_fact(struct stop_judgement *judgement, struct stop_run_history *run, size_t at,
                       struct error *err)
{
    struct stop_fact *facts = run->facts.items;
    struct stop_fact fact = facts[at];
    fact.source.written = judgement->source.written;
    memmove(&facts[at], &facts[at + 1], (run->facts.count - at - 1) * sizeof *facts);
    facts[run->facts.count - 1] = fact;
    judgement->source = fact.source;
    bool was_first = stop_broken_is_first(judgement);
    stop_broken_judge_again(judgement);
    if (!was_first || stop_broken_by(judgement->of, &fact.source) != NULL) {
        return 0;
    }
    struct stop_verdict verdict = stop_judge_fact(judgement, run);
    return stop_broken_keep(judgement, run, &verdict, err);
}

static int append_fact(struct stop_judgement *judgement, struct stop_run_history *run,
                       struct stop_fact fact, struct error *err)
{
    struct arena *arena = &judgement->history->arena;
    struct stop_fact *grown =
        arena_grow(arena, run->facts.items, run->facts.count, sizeof *run->facts.items);
    bool has_boot = fact.boot_id != NULL;
    fact.id = arena_strdup(arena, fact.id);
    fact.boot_id = arena_strdup(arena, fact.boot_id);
    if (grown == NULL || fact.id == NULL || (has_boot && fact.boot_id == NULL)) {
        return no_memory(err);
    }
    run->facts.items = grown;
    run->facts.items[run->facts.count++] = fact;
    struct stop_verdict verdict = stop_judge_fact(judgement, run);
    return stop_broken_keep(judgement, run, &verdict, err);
}

static int add_fact(struct stop_judgement *judgement, const struct event *event, struct error *err)
{
    struct stop_run_history *run = need_run(judgement->history, judgement->of, run_of(event));
    if (run == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < run->facts.count; i++) {
        if (strcmp(run->facts.items[i].id, event->id) == 0) {
            return repeat_fact(judgement, run, i, err);
        }
    }
    return append_fact(judgement, run, fact_of(event, &judgement->source), err);
}

/* ---- ends ---- */

static int append_end(struct stop_judgement *judgement, const struct event *event,
                      struct error *err)
{
    struct arena *arena = &judgement->history->arena;
    struct stop_task_history *task = judgement->of;
    struct stop_end end = {arena_strdup(arena, event->id), judgement->source};
    struct stop_end *grown =
        arena_grow(arena, task->ends.items, task->ends.count, sizeof *task->ends.items);
    if (end.id == NULL || grown == NULL) {
        return no_memory(err);
    }
    task->ends.items = grown;
    task->ends.items[task->ends.count++] = end;
    return 0;
}

/** The reducer ignored it, and so did its writer once it had read the plan: the stop went on. */
static void take_back_uncovered(const struct stop_task_history *task)
{
    for (struct stop_broken *broken = task->broken_first; broken != NULL; broken = broken->next) {
        broken->taken_back = broken->taken_back || broken->verdict.rule == STOP_RULE_UNCOVERED;
    }
}

/** As the reducer takes it: the first one that covers the plan is the task's end. */
static void fold_end(const struct stop_judgement *judgement, const struct event *event)
{
    struct stop_task_history *task = judgement->of;
    if (!task_is_terminal(judgement->task) &&
        terminal_event_covers(judgement->task, &event->task_ended)) {
        task->end = judgement->source;
        take_back_uncovered(task);
    }
}

static void repeat_end(struct stop_judgement *judgement, struct stop_end *end,
                       const struct event *event)
{
    struct stop_task_history *task = judgement->of;
    struct stop_broken *broken = stop_broken_by(task, &end->source);
    end->source.written = judgement->source.written;
    judgement->source = end->source;
    if (task->end.record.offset == end->source.record.offset) {
        task->end.written = end->source.written;
    }
    if (broken != NULL && !broken->taken_back) {
        struct stop_verdict verdict = stop_judge_end(judgement, event);
        stop_broken_settle(broken, &verdict);
    }
    fold_end(judgement, event);
    stop_broken_judge_again(judgement);
}

static int add_end(struct stop_judgement *judgement, const struct event *event, struct error *err)
{
    struct stop_task_history *task = judgement->of;
    for (size_t i = 0; i < task->ends.count; i++) {
        if (strcmp(task->ends.items[i].id, event->id) == 0) {
            repeat_end(judgement, &task->ends.items[i], event);
            return 0;
        }
    }
    struct stop_verdict verdict = stop_judge_end(judgement, event);
    if (stop_broken_keep(judgement, NULL, &verdict, err) != 0 ||
        append_end(judgement, event, err) != 0) {
        return -1;
    }
    fold_end(judgement, event);
    return 0;
}

/* ---- one record ---- */

static int add_own(struct stop_judgement *judgement, const struct event *event, struct error *err)
{
    if (event->type == EVENT_STOP_ACCEPTED) {
        return add_plan(judgement, event, err);
    }
    if (event->type == EVENT_TASK_STOPPED || event->type == EVENT_TASK_GONE) {
        return add_end(judgement, event, err);
    }
    return MADE_BY[event->type] == 0 ? 0 : add_fact(judgement, event, err);
}

int stop_history_add(struct stop_history *history, const struct task *task,
                     const struct event *event, const struct stop_place *place, struct error *err)
{
    if (event->type == EVENT_WORKER_STARTED) {
        return stop_writer_start(history, event, place->offset, err);
    }
    bool own = event_is_workers_own(event->type);
    if (event->task == NULL || event->cluster == NULL ||
        (!own && event->type != EVENT_STOP_REQUESTED)) {
        return 0;
    }
    struct stop_task_history *of = task_of(history, event, place->partition, err);
    if (of == NULL) {
        return -1;
    }
    if (event->type == EVENT_STOP_REQUESTED) {
        return add_text(&history->arena, &of->requests, event->id, err) < 0 ? -1 : 0;
    }
    of->two_hosts = of->two_hosts || strcmp(of->host, event->host) != 0;
    struct stop_judgement judgement = {
        .history = history,
        .of = of,
        .task = task,
        .source = {.record = {.offset = place->offset, .type_name = event_type_name(event->type)},
                   .written = place->offset,
                   .appended_unix_ms = place->appended_unix_ms,
                   .writer = stop_writer_of(history, event),
                   .ts = event->ts}};
    if (judgement.source.writer == NULL) {
        return no_memory(err);
    }
    return add_own(&judgement, event, err);
}

static void report(const struct stop_task_history *task, const struct stop_broken *broken,
                   stop_found_fn *found, void *context)
{
    const struct stop_run_history *run = broken->verdict.run;
    struct stop_finding finding = {.rule = broken->verdict.rule,
                                   .key = task->entry.key,
                                   .host = task->host,
                                   .container = run == NULL ? NULL : run->name,
                                   .run = run == NULL ? (struct run){0} : run->run,
                                   .partition = task->partition,
                                   .first = broken->verdict.first,
                                   .second = broken->source.record};
    found(context, &finding);
}

size_t stop_history_report(const struct stop_history *history, stop_found_fn *found, void *context)
{
    size_t count = 0;
    for (const struct stop_task_history *task = history->first; task != NULL; task = task->next) {
        for (const struct stop_broken *broken = task->broken_first;
             broken != NULL && !task->two_hosts; broken = broken->next) {
            if (!broken->taken_back && !(stop_rule_is_of_order(broken->verdict.rule) &&
                                         stop_writer_may_lack(&broken->source))) {
                count++;
                report(task, broken, found, context);
            }
        }
    }
    return count;
}

void stop_history_release(struct stop_history *history)
{
    id_table_release(&history->tasks);
    id_table_release(&history->writers);
    id_table_release(&history->hosts);
    arena_release(&history->arena);
    *history = (struct stop_history){0};
}
