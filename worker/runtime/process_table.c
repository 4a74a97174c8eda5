#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "worker/runtime/process.h"

enum { ID_SIZE = 80, DESCRIPTORS_LOG_EVERY_MS = 60000 };

/* ---- sorted by id ---- */

static size_t position(const struct process_runtime *runtime, const char *id, bool *ret_found)
{
    size_t low = 0, high = runtime->process_count;
    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(runtime->processes[middle]->id, id);
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

struct process *process_table_find(const struct process_runtime *runtime, const char *id)
{
    bool found;
    size_t at = position(runtime, id, &found);
    return found ? runtime->processes[at] : NULL;
}

static int insert(struct process_runtime *runtime, struct process *process)
{
    bool found;
    size_t at = position(runtime, process->id, &found);
    size_t count = runtime->process_count;
    /* Room grows at powers of two. */
    if ((count & (count - 1)) == 0) {
        size_t room = count == 0 ? 1 : count * 2;
        struct process **grown =
            memory_realloc(runtime->processes, room * sizeof(struct process *));
        if (grown == NULL) {
            return -1;
        }
        runtime->processes = grown;
    }
    memmove(&runtime->processes[at + 1], &runtime->processes[at],
            (count - at) * sizeof(struct process *));
    runtime->processes[at] = process;
    runtime->process_count++;
    return 0;
}

static void take_out(const struct process *process)
{
    struct process_runtime *runtime = process->runtime;
    bool found;
    size_t at = position(runtime, process->id, &found);
    if (found && runtime->processes[at] == process) {
        runtime->process_count--;
        memmove(&runtime->processes[at], &runtime->processes[at + 1],
                (runtime->process_count - at) * sizeof(struct process *));
    }
}

char *process_table_id(const struct process_runtime *runtime, const struct process_file *file,
                       const struct process_entry *entry)
{
    char id[ID_SIZE];
    (void)snprintf(id, sizeof id, "%s-%lld-%lld",
                   file->boot_id == NULL ? runtime->boot.id : file->boot_id, (long long)entry->pid,
                   (long long)entry->start_time);
    return memory_strdup(id);
}

/* ---- its end is seen ---- */

void process_table_tell(struct process *process, enum runtime_event_kind kind)
{
    const struct runtime *base = &process->runtime->base;
    const struct runtime_event event = {
        .kind = kind,
        .container_id = process->id,
        .exit_code =
            kind == RUNTIME_EVENT_EXITED ? process->exit_code : (struct optional_integer){0},
        .at_unix_ms = kind == RUNTIME_EVENT_STARTED  ? process->started_at
                      : kind == RUNTIME_EVENT_EXITED ? process->finished_at
                                                     : clock_wall_ms(clock_system()),
    };
    base->callbacks.on_event(base->callback_context, &event);
}

void process_table_let_pidfd_go(struct process *process)
{
    loop_watch_free(process->watch);
    process->watch = NULL;
    if (process->pidfd >= 0) {
        (void)close(process->pidfd);
        process->pidfd = -1;
    }
}

static void pidfd_ready(int fd, unsigned what, void *context)
{
    (void)fd;
    (void)what;
    process_end_begin(context, true);
}

/* ---- the beginning ---- */

static bool has_ended(int pidfd)
{
    struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0;
}

/* The pidfd is opened first and the start time compared then: from here on it is that process. */
static void follow(struct process *process)
{
    struct process_runtime *runtime = process->runtime;
    struct process_stat stat;
    struct error err = {0};
    uint64_t suppressed;
    const char *boot_id = process->task->file.boot_id;
    bool this_boot = boot_id == NULL || strcmp(boot_id, runtime->boot.id) == 0;

    process->pidfd = this_boot ? process_pidfd_open(process->entry->pid) : -1;
    int open_errno = errno;
    bool same = this_boot && process_stat_read(process->entry->pid, &stat, &err) == 0 &&
                stat.start_time == process->entry->start_time;
    if (same && process->pidfd < 0 && (open_errno == EMFILE || open_errno == ENFILE)) {
        if (log_limit_pass(&runtime->descriptors_out, clock_boot_ms(clock_system()),
                           DESCRIPTORS_LOG_EVERY_MS, &suppressed)) {
            log_warn("process.descriptors",
                     "too many open files: the ends of some processes are "
                     "seen only when they are asked for; raise the limit of open files",
                     LOG_STR("process", process->id), LOG_INT("suppressed", suppressed));
        }
        process->state = PROCESS_ALIVE;
        return;
    }
    if (!same || process->pidfd < 0 || has_ended(process->pidfd)) {
        process_end_begin(process, false);
        return;
    }
    process->state = PROCESS_ALIVE;
    process->watch = loop_watch_new(runtime->loop, process->pidfd, LOOP_READ, pidfd_ready, process);
}

void process_table_refresh(struct process *process)
{
    if (process->state != PROCESS_ALIVE || process->watch != NULL) {
        return;
    }
    process_table_let_pidfd_go(process);
    follow(process);
    if (process->state == PROCESS_ENDED) {
        process_table_tell(process, RUNTIME_EVENT_EXITED);
    }
}

static void process_free(struct process *process)
{
    process_end_await_no_more(process);
    process_table_let_pidfd_go(process);
    loop_timer_free(process->ending);
    memory_free(process->missing);
    memory_free(process->id);
    memory_free(process);
}

/* It has ended before it was seen, and nothing says how: the file may be wrong. */
static void note_missing(struct process *process)
{
    const struct process_entry *entry = process->entry;
    const char *boot_id = process->task->file.boot_id;
    struct process_stat stat;
    struct error err = {0};
    char text[200];

    if (process->state != PROCESS_ENDED || process->exit_code.known ||
        (boot_id != NULL && strcmp(boot_id, process->runtime->boot.id) != 0)) {
        return;
    }
    if (process_stat_read(entry->pid, &stat, &err) != 0) {
        (void)snprintf(text, sizeof text,
                       "there is no process %lld (start_time %lld): it counts as ended",
                       (long long)entry->pid, (long long)entry->start_time);
    } else if (stat.start_time != entry->start_time) {
        (void)snprintf(text, sizeof text,
                       "process %lld has the start_time %lld, the file says %lld: it counts as "
                       "ended",
                       (long long)entry->pid, (long long)stat.start_time,
                       (long long)entry->start_time);
    } else {
        return;
    }
    process->missing = memory_strdup(text);
    log_warn("process.missing", "a task file names a process that is not there",
             LOG_STR("directory", process->runtime->directory),
             LOG_STR("file", process->task->file_name), LOG_STR("error", text));
}

int process_table_add(struct process_runtime *runtime, struct process_task *task,
                      const struct process_entry *entry, bool tell, struct error *err)
{
    if (entry->pid == getpid() || entry->pid == 1) {
        return error_set(err, ERROR_INVALID, "process %lld is %s: that is nobody's task",
                         (long long)entry->pid, entry->pid == 1 ? "init" : "this worker itself");
    }
    struct process *process = memory_calloc(1, sizeof *process);
    char *id = process_table_id(runtime, &task->file, entry);

    const struct process *other = id == NULL ? NULL : process_table_find(runtime, id);
    if (process == NULL || id == NULL || other != NULL) {
        memory_free(process);
        memory_free(id);
        return other != NULL
                   ? error_set(err, ERROR_CONFLICT,
                               "process %lld belongs to the task \"%.80s\" of the file \"%s\", "
                               "which is older or was seen first: take it out of one of the two",
                               (long long)entry->pid, other->task->file.task,
                               other->task->file_name)
                   : error_no_memory(err, "following a process");
    }
    *process =
        (struct process){.runtime = runtime,
                         .task = task,
                         .entry = entry,
                         .id = id,
                         .pidfd = -1,
                         .started_at = process_boot_start_ms(&runtime->boot, entry->start_time)};
    if (insert(runtime, process) != 0) {
        process_free(process);
        return error_no_memory(err, "following a process");
    }
    task->users++;
    follow(process);
    note_missing(process);
    if (tell) {
        process_table_tell(process, process->state == PROCESS_ENDED ? RUNTIME_EVENT_EXITED
                                                                    : RUNTIME_EVENT_STARTED);
    }
    return 0;
}

void process_table_move(struct process *process, struct process_task *task,
                        const struct process_entry *entry)
{
    struct process_task *old = process->task;
    process_end_await_no_more(process);
    process->task = task;
    process->entry = entry;
    task->users++;
    if (process->state == PROCESS_ENDING) {
        process_end_await(process);
    }
    if (--old->users == 0 && !old->listed) {
        process_task_free(old);
    }
}

void process_table_remove(struct process *process, bool tell)
{
    struct process_task *task = process->task;
    take_out(process);
    if (tell) {
        process_table_tell(process, RUNTIME_EVENT_REMOVED);
    }
    process_answer_waiting(process);
    process_free(process);
    task->users--;
    if (task->users == 0 && !task->listed) {
        process_task_free(task);
    }
}
