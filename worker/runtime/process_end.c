#include <signal.h>
#include <string.h>

#include "worker/runtime/process.h"

enum {
    STATUS_LOOK_EVERY_MS = 100,
    STATUS_LIMIT_MS = 5000, /* for a parent on a loaded machine */
    STATUS_MAX_BYTES = 4096
};

/* ---- how it ended ---- */

static bool read_status(struct process *process)
{
    struct process_status status;
    struct buffer text;
    struct error ignored = {0};
    if (process->entry->status_file == NULL || process->runtime->directory_fd < 0) {
        return false;
    }
    buffer_init(&text, STATUS_MAX_BYTES);
    bool read = process_read_whole(process->runtime->directory_fd, process->entry->status_file,
                                   &text, &ignored) == 0 &&
                process_status_read(buffer_span(&text), &status, &ignored) == 0;
    buffer_release(&text);
    if (!read || status.pid != process->entry->pid ||
        status.start_time != process->entry->start_time) {
        return false;
    }
    process->exit_code = (struct optional_integer){.known = true, .value = status.exit_code};
    process->finished_at = status.finished_at;
    return true;
}

/* Without memory it is not in the table: then the timer finds the file. */
void process_end_await(struct process *process)
{
    process->awaited = (struct id_entry){.key = process->entry->status_file, .owner = process};
    if (process->awaited.key != NULL &&
        id_table_add(&process->runtime->awaited, &process->awaited) != 0) {
        process->awaited.key = NULL;
    }
}

void process_end_await_no_more(struct process *process)
{
    if (process->awaited.key != NULL) {
        id_table_remove(&process->runtime->awaited, &process->awaited);
        process->awaited.key = NULL;
    }
}

static void end(struct process *process, bool tell)
{
    process_end_await_no_more(process);
    process->state = PROCESS_ENDED;
    process->lingers = false;
    if (process->entry->cgroup != NULL) {
        process_cgroup_remove(process->entry->cgroup);
    }
    process->ended_boot_ms = clock_boot_ms(clock_system());
    loop_timer_free(process->ending);
    process->ending = NULL;
    if (tell) {
        process_table_tell(process, RUNTIME_EVENT_EXITED);
    }
    process_answer_waiting(process);
}

static bool is_reaped(const struct process *process)
{
    struct process_stat stat;
    struct error ignored = {0};
    return process_stat_read(process->entry->pid, &stat, &ignored) != 0 ||
           stat.start_time != process->entry->start_time;
}

/* With the process of a container all others of it end. Here they are killed, as soon as it has ended. */
static bool nothing_is_left(const struct process *process)
{
    const char *cgroup = process->entry->cgroup;
    return !process->stopped || cgroup == NULL || process_cgroup_kill(cgroup);
}

/* A parent that writes a status file does so before it reaps: once the process is reaped, the file is
 * there or will never be. */
static bool end_is_known(struct process *process)
{
    bool late = clock_boot_ms(clock_system()) >= process->ending_until_boot_ms;
    bool hopeless = late || process->entry->status_file == NULL || is_reaped(process);
    bool told = process->exit_code.known || read_status(process) || hopeless;
    return nothing_is_left(process) && told;
}

static void look_for_end(void *context)
{
    struct process *process = context;
    if (end_is_known(process)) {
        end(process, true);
        return;
    }
    if (clock_boot_ms(clock_system()) >= process->ending_until_boot_ms) {
        process->lingers = true;
        process_answer_waiting(process);
    }
    loop_timer_arm(process->ending, STATUS_LOOK_EVERY_MS);
}

void process_end_stop(struct process *process)
{
    const struct process_entry *entry = process->entry;
    struct error err = {0};
    if (process->stopped) {
        return;
    }
    process->stopped = true;
    if (entry->cgroup != NULL && process_cgroup_mark(entry->cgroup, entry->pid, &err) != 0) {
        process->stopped = false;
        log_warn("process.cgroup", "what the process may leave behind is not ended with it",
                 LOG_STR("process", process->id), LOG_STR("error", err.message));
    }
}

/* The group that it leads may have others in it. */
static void end_group(const struct process *process)
{
    if (process->stopped && process->entry->process_group && process->pidfd >= 0) {
        (void)process_pidfd_signal(process->pidfd, process->entry->pid, SIGKILL, true);
    }
}

void process_end_begin(struct process *process, bool seen)
{
    const char *cgroup = process->entry->cgroup;
    end_group(process);
    process_table_let_pidfd_go(process);
    process->stopped = process->stopped || (cgroup != NULL && process_cgroup_is_marked(cgroup));
    process->finished_at = seen ? clock_wall_ms(clock_system()) : 0;
    process->ending_until_boot_ms = clock_boot_ms(clock_system()) + STATUS_LIMIT_MS;
    if (end_is_known(process)) {
        end(process, seen);
        return;
    }
    process->state = PROCESS_ENDING;
    process->ending = loop_timer_new(process->runtime->loop, look_for_end, process);
    if (process->ending == NULL) {
        end(process, seen);
    } else {
        loop_timer_arm(process->ending, STATUS_LOOK_EVERY_MS);
        process_end_await(process);
    }
}

static void look_at_status(void *context, void *owner)
{
    struct process *process = owner;
    (void)context;
    if (end_is_known(process)) {
        end(process, true);
    }
}

void process_end_status_written(struct process_runtime *runtime, const char *name)
{
    if (name == NULL) {
        id_table_each(&runtime->awaited, look_at_status, NULL);
        return;
    }
    struct id_entry *entry = id_table_find(&runtime->awaited, name, strlen(name));
    while (entry != NULL) {
        struct id_entry *next = id_table_same(entry);
        look_at_status(NULL, entry->owner);
        entry = next;
    }
}
