#include "worker/runtime/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/base/memory.h"
#include "worker/runtime/main_process.h"
#include "worker/runtime/signal_name.h"

enum { CPU_UNITS_PER_CPU = 1024, MEBIBYTE = 1 << 20 };

/* ---- the table ---- */

static void start(struct runtime *runtime)
{
    process_directory_start((struct process_runtime *)runtime);
}

static void list(struct runtime *runtime, runtime_list_fn *fn, void *context)
{
    struct process_answer *answer = process_answer_new("", context);
    struct error err = {0};
    if (answer == NULL) {
        error_no_memory(&err, "listing processes");
        fn(context, &err, NULL, 0);
        return;
    }
    answer->kind = PROCESS_ANSWER_LIST;
    answer->fn.list = fn;
    process_answer_append((struct process_runtime *)runtime, answer);
}

static void inspect(struct runtime *runtime, const char *container_id, runtime_inspect_fn *fn,
                    void *context)
{
    struct process_answer *answer = process_answer_new(container_id, context);
    struct error err = {0};
    if (answer == NULL) {
        error_no_memory(&err, "inspecting a process");
        fn(context, &err, NULL);
        return;
    }
    answer->kind = PROCESS_ANSWER_INSPECT;
    answer->fn.inspect = fn;
    process_answer_append((struct process_runtime *)runtime, answer);
}

static enum runtime_answer send_signal(struct process *process, int number, char *detail,
                                       size_t size)
{
    const struct process_entry *entry = process->entry;
    bool group = entry->process_group && number == SIGKILL;

    process_table_refresh(process);
    if (process->lingers && number == SIGKILL) {
        (void)process_cgroup_kill(entry->cgroup);
        (void)snprintf(detail, size, "sent to what the process left behind in %.120s",
                       entry->cgroup);
        return RUNTIME_SENT;
    }
    if (process->state != PROCESS_ALIVE) {
        (void)snprintf(detail, size, "the process has ended");
        return RUNTIME_NOT_RUNNING;
    }
    if (process->pidfd < 0) {
        (void)snprintf(detail, size, "no file descriptor is free for the process");
        return RUNTIME_REFUSED;
    }
    process_end_stop(process);
    if (process_pidfd_signal(process->pidfd, entry->pid, number, group) == 0) {
        (void)snprintf(detail, size, "sent");
        return RUNTIME_SENT;
    }
    int signal_errno = errno;
    (void)snprintf(detail, size, "pidfd_send_signal: %s", strerror(signal_errno));
    return signal_errno == ESRCH ? RUNTIME_NOT_RUNNING : RUNTIME_REFUSED;
}

/* Sends it; the answer says what the process does with a stop signal, where that is worth a word. */
static enum runtime_answer send_noted(struct process *process, const struct runtime_signal *signal,
                                      int number, struct process_answer *answer)
{
    const char *asks = number == SIGKILL ? signal->stop_signal : signal->name;
    char note[MAIN_PROCESS_NOTE_SIZE] = "";
    struct main_process seen;
    if (asks != NULL && main_process_read(process->entry->pid, NULL, &seen)) {
        main_process_signal_note(&seen, asks, note);
    }
    enum runtime_answer what = send_signal(process, number, answer->detail, sizeof answer->detail);
    size_t length = strlen(answer->detail);
    if (what == RUNTIME_SENT && note[0] != '\0') {
        (void)snprintf(answer->detail + length, sizeof answer->detail - length, "; %s", note);
    }
    return what;
}

static void signal_run(struct runtime *base, struct run run, const struct runtime_signal *signal,
                       runtime_signal_fn *fn, void *context)
{
    struct process_runtime *runtime = (struct process_runtime *)base;
    struct process *process = process_table_find(runtime, run.container_id);
    struct process_answer *answer = process_answer_new(run.container_id, context);
    int number = signal_name_number(span_of(signal->name));

    if (answer == NULL) {
        fn(context, RUNTIME_REFUSED, "out of memory");
        return;
    }
    answer->kind = PROCESS_ANSWER_SIGNAL;
    answer->fn.signal = fn;
    if (process == NULL) {
        answer->answer = RUNTIME_NO_CONTAINER;
        (void)snprintf(answer->detail, sizeof answer->detail, "no task file names the process");
    } else if (process->started_at != run.started_at) {
        answer->answer = RUNTIME_NOT_RUNNING;
        (void)snprintf(answer->detail, sizeof answer->detail, "another run of the process");
    } else if (number == 0) {
        answer->answer = RUNTIME_REFUSED;
        (void)snprintf(answer->detail, sizeof answer->detail, "no signal \"%.40s\"", signal->name);
    } else {
        answer->answer = send_noted(process, signal, number, answer);
    }
    process_answer_append(runtime, answer);
}

static void history(struct runtime *runtime, struct run run, const char *signal,
                    int64_t since_unix_ms, runtime_history_fn *fn, void *context)
{
    struct process_answer *answer = process_answer_new(run.container_id, context);
    (void)signal;
    (void)since_unix_ms;
    if (answer == NULL) {
        fn(context, RUNTIME_HISTORY_UNKNOWN, 0, 0);
        return;
    }
    answer->kind = PROCESS_ANSWER_HISTORY;
    answer->fn.history = fn;
    process_answer_append((struct process_runtime *)runtime, answer);
}

static struct runtime_info info(struct runtime *runtime)
{
    return ((const struct process_runtime *)runtime)->info;
}

static size_t bad_files(const struct runtime *base, const struct runtime_bad_file **ret_files)
{
    const struct process_runtime *runtime = (const struct process_runtime *)base;
    *ret_files = runtime->bad_files;
    return runtime->bad_file_count;
}

static void free_runtime(struct runtime *base)
{
    struct process_runtime *runtime = (struct process_runtime *)base;
    if (runtime == NULL) {
        return;
    }
    process_directory_release(runtime);
    process_answer_drop(runtime);
    loop_timer_free(runtime->answer_timer);
    memory_free(runtime->directory);
    memory_free(runtime);
}

static const struct runtime_ops PROCESS_OPS = {
    .start = start,
    .list = list,
    .inspect = inspect,
    .signal = signal_run,
    .history = history,
    .bad_files = bad_files,
    .info = info,
    .free = free_runtime,
};

/* ---- the machine ---- */

static void read_machine(struct process_runtime *runtime)
{
    struct utsname name;
    struct sysinfo memory;
    bool named = uname(&name) == 0;
    (void)snprintf(runtime->architecture, sizeof runtime->architecture, "%s",
                   named ? name.machine : "");
    runtime->info = (struct runtime_info){
        .runtime = "process",
        .os = "linux",
        .architecture = named ? runtime->architecture : NULL,
        .cpu_units = sysconf(_SC_NPROCESSORS_ONLN) * (int64_t)CPU_UNITS_PER_CPU,
    };
    if (sysinfo(&memory) == 0) {
        runtime->info.memory_mib =
            (int64_t)((uint64_t)memory.totalram * memory.mem_unit / MEBIBYTE);
    }
}

static int check_kernel(struct error *err)
{
    int pidfd = process_pidfd_open(getpid());
    if (pidfd < 0 && errno == ENOSYS) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "this kernel has no pidfd_open: the process runtime needs Linux 5.3");
    }
    if (pidfd < 0) {
        return error_set_errno(err, errno, "could not open a pidfd");
    }
    (void)close(pidfd);
    return 0;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

struct runtime *runtime_process_new(struct loop *loop, const struct runtime_process_config *config,
                                    const struct runtime_callbacks *callbacks, void *context,
                                    struct error *err)
{
    struct process_runtime *runtime = memory_calloc(1, sizeof *runtime);

    if (runtime == NULL) {
        error_no_memory(err, "preparing the process runtime");
        return NULL;
    }
    runtime->base =
        (struct runtime){.ops = &PROCESS_OPS, .callbacks = *callbacks, .callback_context = context};
    runtime->loop = loop;
    runtime->answers_end = &runtime->answers;
    runtime->read_only = config->read_only;
    runtime->directory = memory_strdup(config->directory);
    runtime->answer_timer = loop_timer_new(loop, process_answer_all, runtime);
    if (process_directory_init(runtime, err) != 0 || check_kernel(err) != 0) {
        free_runtime(&runtime->base);
        return NULL;
    }
    if (runtime->directory == NULL || runtime->answer_timer == NULL) {
        error_no_memory(err, "preparing the process runtime");
        free_runtime(&runtime->base);
        return NULL;
    }
    raise_descriptor_limit();
    read_machine(runtime);
    return &runtime->base;
}
