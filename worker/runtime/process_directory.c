#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "worker/runtime/process.h"

enum {
    BACK_OFF_MIN_MS = 500,
    BACK_OFF_MAX_MS = 5000,
    SWEEP_EVERY_MS = 60000,
    WITHDRAWN_KEEP_MS = 60000, /* how long an ended process without a file can still be asked for */
    ENDED_KEEP_MS = 3600 * 1000 /* how long the files of ended processes are kept */
};

/* ---- the directory ---- */

static bool is_task_file(const char *name)
{
    size_t length = strlen(name);
    return length > strlen(".json") && name[0] != '.' &&
           strcmp(name + length - strlen(".json"), ".json") == 0;
}

static void unload_vanished(struct process_runtime *runtime, bool tell)
{
    for (size_t i = runtime->task_count; i-- > 0;) {
        if (faccessat(runtime->directory_fd, runtime->tasks[i]->file_name, F_OK,
                      AT_SYMLINK_NOFOLLOW) != 0 &&
            errno == ENOENT) {
            process_task_unload(runtime, runtime->tasks[i]->file_name, tell);
        }
    }
}

struct found_file {
    char *name;
    struct timespec written;
};

struct found_files {
    struct found_file *items;
    size_t count, room;
};

static int add_found(const struct process_runtime *runtime, struct found_files *files,
                     const char *name)
{
    struct found_file file = {.name = memory_strdup(name)};
    struct stat status;
    if (file.name != NULL && files->count == files->room) {
        size_t room = files->room == 0 ? 16 : files->room * 2;
        struct found_file *grown = memory_realloc(files->items, room * sizeof *grown);
        if (grown != NULL) {
            files->items = grown;
            files->room = room;
        }
    }
    if (file.name == NULL || files->count == files->room) {
        memory_free(file.name);
        return -1;
    }
    if (fstatat(runtime->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        file.written = status.st_mtim;
    }
    files->items[files->count++] = file;
    return 0;
}

/* Of two files that name one process the older has it, whatever order the directory has. */
static int by_age(const void *a, const void *b)
{
    const struct found_file *x = a, *y = b;
    if (x->written.tv_sec != y->written.tv_sec) {
        return x->written.tv_sec < y->written.tv_sec ? -1 : 1;
    }
    if (x->written.tv_nsec != y->written.tv_nsec) {
        return x->written.tv_nsec < y->written.tv_nsec ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

static int scan(struct process_runtime *runtime, bool tell, struct error *err)
{
    int fd = openat(runtime->directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *found;

    if (directory == NULL) {
        int open_errno = errno;
        if (fd >= 0) {
            (void)close(fd);
        }
        return error_set_errno(err, open_errno, "could not read the directory \"%s\"",
                               runtime->directory);
    }
    struct found_files files = {0};
    int result = 0;
    while (result == 0 && (found = readdir(directory)) != NULL) {
        result = is_task_file(found->d_name) ? add_found(runtime, &files, found->d_name) : 0;
    }
    (void)closedir(directory);
    if (files.count > 0) {
        qsort(files.items, files.count, sizeof *files.items, by_age);
    }
    process_bad_file_forget_all(runtime);
    for (size_t i = 0; i < files.count; i++) {
        process_task_load(runtime, files.items[i].name, tell);
        memory_free(files.items[i].name);
    }
    memory_free(files.items);
    if (result != 0) {
        return error_no_memory(err, "reading the directory of task files");
    }
    unload_vanished(runtime, tell);
    process_end_status_written(runtime, NULL);
    return 0;
}

static void tell_state(struct process_runtime *runtime, enum runtime_state state,
                       const char *detail)
{
    runtime->base.callbacks.on_state(runtime->base.callback_context, state, detail);
}

static void let_directory_go(struct process_runtime *runtime)
{
    loop_watch_free(runtime->inotify);
    runtime->inotify = NULL;
    if (runtime->inotify_fd >= 0) {
        (void)close(runtime->inotify_fd);
    }
    if (runtime->directory_fd >= 0) {
        (void)close(runtime->directory_fd);
    }
    runtime->inotify_fd = runtime->directory_fd = -1;
}

static void lose(struct process_runtime *runtime, const char *detail)
{
    let_directory_go(runtime);
    loop_timer_arm(runtime->retry, runtime->back_off_ms);
    runtime->back_off_ms *= 2;
    if (runtime->back_off_ms > BACK_OFF_MAX_MS) {
        runtime->back_off_ms = BACK_OFF_MAX_MS;
    }
    if (!runtime->away_said) {
        runtime->away_said = true;
        tell_state(runtime, RUNTIME_AWAY, detail);
    }
}

/* We hold the directory open, so the kernel does not say IN_DELETE_SELF: the directory above says that a name went. */
static bool is_removed(const struct process_runtime *runtime)
{
    struct stat status;
    return fstat(runtime->directory_fd, &status) != 0 || status.st_nlink == 0;
}

/* A file tells itself when its writer closes it; what else was made is closed by nobody. */
static bool is_still_written(const struct process_runtime *runtime,
                             const struct inotify_event *event)
{
    struct stat status;
    return (event->mask & IN_CREATE) != 0 &&
           (fstatat(runtime->directory_fd, event->name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            S_ISREG(status.st_mode));
}

static void handle(struct process_runtime *runtime, const struct inotify_event *event,
                   bool *ret_gone, bool *ret_rescan)
{
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
        *ret_rescan = true;
    } else if (event->wd == runtime->parent_watch) {
        *ret_gone = *ret_gone || is_removed(runtime);
    } else if ((event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
        *ret_gone = true;
    } else if (event->len > 0 && is_task_file(event->name)) {
        if ((event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
            process_task_unload(runtime, event->name, true);
        } else if (!is_still_written(runtime, event)) {
            process_task_load(runtime, event->name, true);
        }
    } else if (event->len > 0 && (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) {
        process_end_status_written(runtime, event->name);
    }
}

static void inotify_ready(int fd, unsigned what, void *context)
{
    struct process_runtime *runtime = context;
    _Alignas(struct inotify_event) char events[16384];
    bool gone = false, rescan = false;
    struct error err = {0};
    (void)what;

    ssize_t length = read(fd, events, sizeof events);
    for (ssize_t at = 0; at < length;) {
        const struct inotify_event *event = (const void *)(events + at);
        handle(runtime, event, &gone, &rescan);
        at += (ssize_t)(sizeof *event + event->len);
    }
    if (gone || (rescan && is_removed(runtime))) {
        lose(runtime, "the directory of task files was removed");
    } else if (rescan) {
        if (scan(runtime, true, &err) != 0) {
            lose(runtime, err.message);
        } else {
            tell_state(runtime, RUNTIME_BACK, "changes came faster than they were read");
        }
    }
}

static int watch_parent(struct process_runtime *runtime, struct error *err)
{
    char *path = memory_strdup(runtime->directory);
    if (path == NULL) {
        return error_no_memory(err, "watching the directory of task files");
    }
    runtime->parent_watch = inotify_add_watch(runtime->inotify_fd, dirname(path),
                                              IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
    int watch_errno = errno;
    memory_free(path);
    return runtime->parent_watch >= 0
               ? 0
               : error_set_errno(err, watch_errno, "could not watch the directory above \"%s\"",
                                 runtime->directory);
}

static int open_directory(struct process_runtime *runtime, struct error *err)
{
    const uint32_t mask = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                          IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

    if (!runtime->read_only && process_make_directory(runtime->directory)) {
        log_warn("process.directory", "the directory of task files was not there and was made",
                 LOG_STR("directory", runtime->directory));
    }
    runtime->directory_fd = open(runtime->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (runtime->directory_fd < 0) {
        return error_set_errno(err, errno, "could not open the directory \"%s\"",
                               runtime->directory);
    }
    if (process_check_directory(runtime->directory_fd, runtime->directory, err) != 0 ||
        process_boot_read(runtime->directory, !runtime->read_only, &runtime->boot, err) != 0) {
        return -1;
    }
    runtime->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (runtime->inotify_fd < 0 ||
        inotify_add_watch(runtime->inotify_fd, runtime->directory, mask) < 0) {
        return error_set_errno(err, errno, "could not watch the directory \"%s\"",
                               runtime->directory);
    }
    if (watch_parent(runtime, err) != 0) {
        return -1;
    }
    runtime->inotify =
        loop_watch_new(runtime->loop, runtime->inotify_fd, LOOP_READ, inotify_ready, runtime);
    if (runtime->inotify == NULL) {
        return error_no_memory(err, "watching the directory of task files");
    }
    return scan(runtime, false, err);
}

static void connect_directory(void *context)
{
    struct process_runtime *runtime = context;
    struct error err = {0};
    if (open_directory(runtime, &err) != 0) {
        lose(runtime, err.message);
        return;
    }
    runtime->away_said = false;
    runtime->back_off_ms = BACK_OFF_MIN_MS;
    loop_timer_arm(runtime->sweep, SWEEP_EVERY_MS);
    tell_state(runtime, RUNTIME_BACK, runtime->directory);
}

/* ---- what is over is cleared away ---- */

static bool all_ended(const struct process_runtime *runtime, const struct process_task *task,
                      int64_t before_boot_ms)
{
    for (size_t i = 0; i < task->file.processes.count; i++) {
        char *id = process_table_id(runtime, &task->file, &task->file.processes.items[i]);
        const struct process *process = id == NULL ? NULL : process_table_find(runtime, id);
        memory_free(id);
        if (id == NULL || (process != NULL && (process->state != PROCESS_ENDED ||
                                               process->ended_boot_ms > before_boot_ms))) {
            return false;
        }
    }
    return true;
}

static void remove_files(const struct process_runtime *runtime, const struct process_task *task)
{
    for (size_t i = 0; i < task->file.processes.count; i++) {
        const struct process_entry *entry = &task->file.processes.items[i];
        const char *status_file = entry->status_file;
        if (entry->cgroup != NULL) {
            process_cgroup_remove(entry->cgroup);
        }
        if (status_file != NULL) {
            (void)unlinkat(runtime->directory_fd, status_file, 0);
        }
    }
    (void)unlinkat(runtime->directory_fd, task->file_name, 0);
}

static void sweep(void *context)
{
    struct process_runtime *runtime = context;
    int64_t now_boot_ms = clock_boot_ms(clock_system());

    for (size_t i = runtime->process_count; i-- > 0;) {
        struct process *process = runtime->processes[i];
        if (process->state == PROCESS_ENDED && !process->task->listed &&
            process->ended_boot_ms + WITHDRAWN_KEEP_MS <= now_boot_ms) {
            process_table_remove(process, true);
        }
    }
    for (size_t i = 0; !runtime->read_only && runtime->directory_fd >= 0 && i < runtime->task_count;
         i++) {
        const struct process_task *task = runtime->tasks[i];
        if (task->file.remove_ended && all_ended(runtime, task, now_boot_ms - ENDED_KEEP_MS)) {
            remove_files(runtime, task);
        }
    }
    loop_timer_arm(runtime->sweep, SWEEP_EVERY_MS);
}

int process_directory_init(struct process_runtime *runtime, struct error *err)
{
    runtime->directory_fd = runtime->inotify_fd = -1;
    runtime->back_off_ms = BACK_OFF_MIN_MS;
    runtime->retry = loop_timer_new(runtime->loop, connect_directory, runtime);
    runtime->sweep = loop_timer_new(runtime->loop, sweep, runtime);
    return runtime->retry == NULL || runtime->sweep == NULL
               ? error_no_memory(err, "preparing the process runtime")
               : 0;
}

void process_directory_start(struct process_runtime *runtime)
{
    if (runtime->directory_fd < 0 && !loop_timer_armed(runtime->retry)) {
        loop_timer_arm(runtime->retry, 0);
    }
}

void process_directory_release(struct process_runtime *runtime)
{
    let_directory_go(runtime);
    while (runtime->process_count > 0) {
        process_table_remove(runtime->processes[runtime->process_count - 1], false);
    }
    while (runtime->task_count > 0) {
        process_task_free(runtime->tasks[--runtime->task_count]);
    }
    memory_free(runtime->tasks);
    process_bad_file_forget_all(runtime);
    memory_free(runtime->processes);
    id_table_release(&runtime->awaited);
    loop_timer_free(runtime->retry);
    loop_timer_free(runtime->sweep);
}
