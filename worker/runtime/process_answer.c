#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/process.h"

enum { MS_PER_S = 1000 };

/* ---- a process as a container ---- */

static int add_label(struct runtime_container *container, struct arena *arena,
                     const struct runtime_label *label)
{
    struct runtime_label *items =
        label->value == NULL
            ? container->labels.items
            : arena_grow(arena, container->labels.items, container->labels.count, sizeof *items);
    if (label->value == NULL) {
        return 0;
    }
    if (items == NULL) {
        return -1;
    }
    container->labels.items = items;
    items[container->labels.count++] = *label;
    return 0;
}

/* "a,b"; NULL for none, or when memory is out. */
static const char *join(const struct text_list *list, struct arena *arena)
{
    size_t size = 1;
    for (size_t i = 0; i < list->count; i++) {
        size += strlen(list->items[i]) + 1;
    }
    char *text = list->count == 0 ? NULL : arena_alloc(arena, size);
    char *at = text;
    for (size_t i = 0; text != NULL && i < list->count; i++) {
        at = stpcpy(stpcpy(at, i == 0 ? "" : ","), list->items[i]);
    }
    return text;
}

/* What a container would say with labels: docs/labels.md. */
static int add_labels(const struct process *process, struct arena *arena,
                      struct runtime_container *container)
{
    const struct process_file *file = &process->task->file;
    const struct process_entry *entry = process->entry;
    const char *needs = join(&entry->depends_on, arena);
    const struct runtime_label said[] = {
        {.key = "io.stopfleet.task", .member = "task", .value = file->task},
        {.key = "io.stopfleet.group", .member = "group", .value = file->group},
        {.key = "io.stopfleet.family", .member = "family", .value = file->family},
        {.key = "io.stopfleet.started-by", .member = "started_by", .value = file->started_by},
        {.key = "io.stopfleet.depends-on", .member = "depends_on", .value = needs},
        {.key = "io.stopfleet.essential",
         .member = "essential",
         .value = entry->essential ? NULL : "false"},
        {.key = "io.stopfleet.sidecar",
         .member = "sidecar",
         .value = entry->sidecar ? "true" : NULL},
        {.key = "com.amazonaws.ecs.cluster", .member = "cluster", .value = file->cluster},
    };
    bool ok = needs != NULL || entry->depends_on.count == 0;
    for (size_t i = 0; ok && i < sizeof said / sizeof said[0]; i++) {
        ok = add_label(container, arena, &said[i]) == 0;
    }
    return ok ? 0 : -1;
}

/* An end whose code may still come is not told as an end: the event follows when it has. */
static int describe(const struct process *process, struct arena *arena,
                    struct runtime_container *ret_container)
{
    const struct process_entry *entry = process->entry;
    bool ended = process->state == PROCESS_ENDED;
    struct runtime_container container = {
        .described = {.name = entry->name,
                      .container_id = process->id,
                      .created_at = process->started_at,
                      .started_at = process->started_at},
        .status = ended ? RUNTIME_EXITED : RUNTIME_RUNNING,
        .finished_at = ended ? process->finished_at : 0,
        .exit_code = ended ? process->exit_code : (struct optional_integer){0},
        .missing = process->missing,
        .task_file = process->task->file_name,
        .health = "UNKNOWN",
        .pid = ended ? 0 : entry->pid,
        .configured_stop_signal = entry->stop_signal,
        .configured_stop_timeout_ms = {.known = entry->stop_timeout_s.known,
                                       .value = entry->stop_timeout_s.value * MS_PER_S},
    };
    if (add_labels(process, arena, &container) != 0) {
        return -1;
    }
    *ret_container = container;
    return 0;
}

/* What a file names and another one has, as a container that is not discovered: its id is not the process', whose container
 * the list has too. @return 1 if it is still so, 0, or -1 without memory */
static int describe_left_out(const struct process_runtime *runtime, const struct process_task *task,
                             const struct process_left_out *left_out, struct arena *arena,
                             struct runtime_container *ret_container)
{
    char *id = process_table_id(runtime, &task->file, left_out->entry);
    const struct process *process = id == NULL ? NULL : process_table_find(runtime, id);
    size_t size = id == NULL ? 0 : strlen(id) + strlen(task->file_name) + 2;
    char *apart = arena_alloc(arena, size + 1);
    bool ok = id != NULL && apart != NULL;
    if (ok) {
        (void)snprintf(apart, size, "%s@%s", id, task->file_name);
        *ret_container = (struct runtime_container){
            .described = {.name = left_out->entry->name, .container_id = apart},
            .status = RUNTIME_EXITED,
            .missing = left_out->why,
            .task_file = task->file_name,
            .health = "UNKNOWN"};
    }
    memory_free(id);
    return !ok ? -1 : left_out->nobodys ? 1 : process != NULL && process->entry != left_out->entry;
}

static bool add_left_out(const struct process_runtime *runtime, struct arena *arena,
                         struct runtime_container *containers, size_t *count)
{
    for (size_t i = 0; i < runtime->task_count; i++) {
        const struct process_task *task = runtime->tasks[i];
        for (size_t k = 0; k < task->left_out.count; k++) {
            int there = describe_left_out(runtime, task, &task->left_out.items[k], arena,
                                          &containers[*count]);
            if (there < 0) {
                return false;
            }
            *count += (size_t)there;
        }
    }
    return true;
}

/* ---- answers ---- */

static void answer_free(struct process_answer *answer)
{
    memory_free(answer->id);
    memory_free(answer);
}

/* Whether the id of a process that no task file names belongs to one that runs: a file can be lost, and
 * the process is not gone by that. */
static bool runs_unnamed(const struct process_runtime *runtime, const char *id)
{
    struct process_stat stat;
    size_t boot = strlen(runtime->boot.id);
    long long pid = 0, start_time = 0;
    char after = '\0';

    return strncmp(id, runtime->boot.id, boot) == 0 &&
           sscanf(id + boot, "-%lld-%lld%c", &pid, &start_time, &after) == 2 &&
           process_stat_read(pid, &stat, NULL) == 0 && stat.start_time == start_time &&
           stat.state != 'Z' && stat.state != 'X';
}

static void tell_inspect(const struct process_runtime *runtime, const struct process_answer *answer)
{
    const struct process *process = process_table_find(runtime, answer->id);
    struct runtime_container container;
    struct arena arena = {0};
    struct error err = {0};

    if (process == NULL && runs_unnamed(runtime, answer->id)) {
        error_set(&err, ERROR_UNAVAILABLE,
                  "process %s runs, but no task file in \"%s\" names it: put the file back",
                  answer->id, runtime->directory);
        answer->fn.inspect(answer->context, &err, NULL);
    } else if (process == NULL && runtime->directory_fd < 0) {
        /* Whether it is there, and how it ended, is written where nothing can be read now. */
        error_set(&err, ERROR_UNAVAILABLE, "the directory of task files \"%s\" cannot be read",
                  runtime->directory);
        answer->fn.inspect(answer->context, &err, NULL);
    } else if (process == NULL) {
        answer->fn.inspect(answer->context, NULL, NULL);
    } else if (describe(process, &arena, &container) != 0) {
        error_no_memory(&err, "describing a process");
        answer->fn.inspect(answer->context, &err, NULL);
    } else {
        answer->fn.inspect(answer->context, NULL, &container);
    }
    arena_release(&arena);
}

static void tell_list(const struct process_runtime *runtime, const struct process_answer *answer)
{
    struct arena arena = {0};
    struct error err = {0};
    size_t count = runtime->process_count;
    size_t most = count + 1;
    for (size_t i = 0; i < runtime->task_count; i++) {
        most += runtime->tasks[i]->left_out.count;
    }
    struct runtime_container *containers = arena_alloc(&arena, most * sizeof *containers);
    bool ok = containers != NULL;

    for (size_t i = 0; ok && i < count; i++) {
        ok = describe(runtime->processes[i], &arena, &containers[i]) == 0;
    }
    ok = ok && add_left_out(runtime, &arena, containers, &count);
    if (runtime->directory_fd < 0) {
        error_set(&err, ERROR_UNAVAILABLE, "the directory of task files \"%s\" cannot be read",
                  runtime->directory);
    } else if (!ok) {
        error_no_memory(&err, "listing processes");
    }
    if (err.code != ERROR_NONE) {
        answer->fn.list(answer->context, &err, NULL, 0);
    } else {
        answer->fn.list(answer->context, NULL, containers, count);
    }
    arena_release(&arena);
}

static void tell(const struct process_runtime *runtime, const struct process_answer *answer)
{
    switch (answer->kind) {
    case PROCESS_ANSWER_INSPECT:
        tell_inspect(runtime, answer);
        break;
    case PROCESS_ANSWER_LIST:
        tell_list(runtime, answer);
        break;
    case PROCESS_ANSWER_SIGNAL:
        answer->fn.signal(answer->context, answer->answer, answer->detail);
        break;
    case PROCESS_ANSWER_HISTORY:
        answer->fn.history(answer->context, RUNTIME_HISTORY_UNKNOWN, 0, 0);
        break;
    }
}

void process_answer_append(struct process_runtime *runtime, struct process_answer *answer)
{
    answer->next = NULL;
    *runtime->answers_end = answer;
    runtime->answers_end = &answer->next;
    loop_timer_arm(runtime->answer_timer, 0);
}

void process_answer_waiting(struct process *process)
{
    while (process->waiting != NULL) {
        struct process_answer *answer = process->waiting;
        process->waiting = answer->next;
        process_answer_append(process->runtime, answer);
    }
}

/* Only what was asked before this turn: what callbacks ask now is for the next. */
void process_answer_all(void *context)
{
    struct process_runtime *runtime = context;
    struct process_answer *answers = runtime->answers;

    runtime->answers = NULL;
    runtime->answers_end = &runtime->answers;
    while (answers != NULL) {
        struct process_answer *answer = answers;
        answers = answer->next;
        struct process *process =
            answer->kind == PROCESS_ANSWER_INSPECT ? process_table_find(runtime, answer->id) : NULL;
        if (process != NULL) {
            process_table_refresh(process);
        }
        if (process != NULL && process->state == PROCESS_ENDING && !process->lingers) {
            answer->next = process->waiting;
            process->waiting = answer;
            continue;
        }
        tell(runtime, answer);
        answer_free(answer);
    }
}

struct process_answer *process_answer_new(const char *id, void *context)
{
    struct process_answer *answer = memory_calloc(1, sizeof *answer);
    if (answer != NULL) {
        answer->context = context;
        answer->id = memory_strdup(id);
        if (answer->id == NULL) {
            memory_free(answer);
            answer = NULL;
        }
    }
    return answer;
}

void process_answer_drop(struct process_runtime *runtime)
{
    while (runtime->answers != NULL) {
        struct process_answer *answer = runtime->answers;
        runtime->answers = answer->next;
        answer_free(answer);
    }
}
