#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/process.h"

/* ---- the table of files, sorted by name ---- */

static size_t position(const struct process_runtime *runtime, const char *name, bool *ret_found)
{
    size_t low = 0, high = runtime->task_count;
    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(runtime->tasks[middle]->file_name, name);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct process_task *find_task(const struct process_runtime *runtime, const char *name)
{
    bool found;
    size_t at = position(runtime, name, &found);
    return found ? runtime->tasks[at] : NULL;
}

/* Takes the place of the one with the same name, which then is not listed any more. */
static int list_task(struct process_runtime *runtime, struct process_task *task)
{
    bool found;
    size_t at = position(runtime, task->file_name, &found);
    if (found) {
        runtime->tasks[at]->listed = false;
    } else {
        size_t count = runtime->task_count;
        size_t size = (count + 1) * sizeof(struct process_task *);
        struct process_task **grown = memory_realloc(runtime->tasks, size);
        if (grown == NULL) {
            return -1;
        }
        runtime->tasks = grown;
        memmove(&grown[at + 1], &grown[at], (count - at) * sizeof(struct process_task *));
        runtime->task_count++;
    }
    runtime->tasks[at] = task;
    task->listed = true;
    return 0;
}

static void unlist_task(struct process_runtime *runtime, struct process_task *task)
{
    bool found;
    size_t at = position(runtime, task->file_name, &found);
    if (found && runtime->tasks[at] == task) {
        runtime->task_count--;
        memmove(&runtime->tasks[at], &runtime->tasks[at + 1],
                (runtime->task_count - at) * sizeof(struct process_task *));
        task->listed = false;
    }
}

void process_task_free(struct process_task *task)
{
    memory_free(task->file_name);
    arena_release(&task->arena);
    memory_free(task);
}

/* ---- one file ---- */

static struct process_task *read_task(const struct process_runtime *runtime, const char *name,
                                      struct error *err)
{
    struct process_task *task = memory_calloc(1, sizeof *task);
    struct buffer text;

    if (task == NULL || (task->file_name = memory_strdup(name)) == NULL) {
        memory_free(task);
        error_no_memory(err, "reading a task file");
        return NULL;
    }
    buffer_init(&text, PROCESS_FILE_MAX_BYTES);
    int result = process_read_whole(runtime->directory_fd, name, &text, err);
    if (result == 0) {
        result = process_file_read(buffer_span(&text), &task->arena, &task->file, err);
    }
    buffer_release(&text);
    if (result != 0) {
        process_task_free(task);
        return NULL;
    }
    return task;
}

static void warn(const struct process_runtime *runtime, const char *name, const char *what,
                 const char *problem)
{
    log_warn("process.file", what, LOG_STR("directory", runtime->directory), LOG_STR("file", name),
             LOG_STR("error", problem));
}

/* Processes that the file does not name any more: ended ones go, living ones are followed to their
 * end, since a stop may be under way. */
static void let_rest_go(struct process_runtime *runtime, struct process_task *old, bool tell)
{
    bool alive = false;
    /* With the last process an unlisted task is freed: not before the end of this. */
    old->users++;
    for (size_t i = 0; i < old->file.processes.count; i++) {
        char *id = process_table_id(runtime, &old->file, &old->file.processes.items[i]);
        struct process *process = id == NULL ? NULL : process_table_find(runtime, id);
        memory_free(id);
        if (process == NULL || process->task != old) {
            continue;
        }
        if (process->state == PROCESS_ENDED) {
            process_table_remove(process, tell);
        } else {
            alive = true;
        }
    }
    if (alive) {
        warn(runtime, old->file_name, "a task file no longer names a process that runs",
             "it is followed to its end; put the file back to see it after a restart");
    }
    if (--old->users == 0) {
        process_task_free(old);
    }
}

/* Remembers it for those who ask what runs; without memory the log alone has it. */
static void leave_out(struct process_task *task, const struct process_entry *entry,
                      const struct error *err)
{
    bool nobodys = err->code == ERROR_INVALID;
    struct process_left_out *items =
        arena_grow(&task->arena, task->left_out.items, task->left_out.count, sizeof *items);
    const char *why = arena_strdup(&task->arena, err->message);
    if (items != NULL && why != NULL) {
        task->left_out.items = items;
        items[task->left_out.count++] =
            (struct process_left_out){.entry = entry, .why = why, .nobodys = nobodys};
    }
}

static void take_entry(struct process_runtime *runtime, struct process_task *task,
                       const struct process_entry *entry, const struct process_task *old, bool tell)
{
    char *id = process_table_id(runtime, &task->file, entry);
    struct process *known = id == NULL ? NULL : process_table_find(runtime, id);
    struct error err = {0};

    memory_free(id);
    if (known != NULL && ((old != NULL && known->task == old) || !known->task->listed)) {
        process_table_move(known, task, entry);
        if (tell) {
            process_table_tell(known, RUNTIME_EVENT_CHANGED);
        }
    } else if (process_table_add(runtime, task, entry, tell, &err) != 0) {
        warn(runtime, task->file_name, "a process of a task file is left out", err.message);
        if (err.code == ERROR_CONFLICT || err.code == ERROR_INVALID) {
            leave_out(task, entry, &err);
        }
    }
}

void process_task_unload(struct process_runtime *runtime, const char *name, bool tell)
{
    struct process_task *old = find_task(runtime, name);
    process_bad_file_forget(runtime, name);
    if (old != NULL) {
        unlist_task(runtime, old);
        let_rest_go(runtime, old, tell);
    }
}

void process_task_load(struct process_runtime *runtime, const char *name, bool tell)
{
    struct error err = {0};
    struct process_task *task = read_task(runtime, name, &err);
    struct process_task *old = find_task(runtime, name);

    process_bad_file_forget(runtime, name);
    if (task == NULL && err.code == ERROR_NOT_FOUND) {
        process_task_unload(runtime, name, tell);
        return;
    }
    if (task == NULL || list_task(runtime, task) != 0) {
        const char *why = task == NULL ? err.message : "out of memory";
        process_bad_file_note(runtime, name, why);
        warn(runtime, name,
             old == NULL ? "a task file is of no use and left out"
                         : "a task file has become of no use; what it said before holds",
             why);
        if (task != NULL) {
            process_task_free(task);
        }
        return;
    }
    if (old != NULL) {
        old->users++;
    }
    for (size_t i = 0; i < task->file.processes.count; i++) {
        take_entry(runtime, task, &task->file.processes.items[i], old, tell);
    }
    if (old != NULL) {
        old->users--;
        let_rest_go(runtime, old, tell);
    }
}
