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
#include "worker/runtime/signal_name.h"

enum { CPU_UNITS_PER_CPU = 1024, MEBIBYTE = 1 << 20, MS_PER_S = 1000 };

/* ---- a process as a container ---- */

static int add_label(struct runtime_container *container, struct arena *arena, const char *key,
                     const char *value)
{
    struct runtime_label *items =
        value == NULL
            ? container->labels.items
            : arena_grow(arena, container->labels.items, container->labels.count, sizeof *items);
    if (value == NULL) {
        return 0;
    }
    if (items == NULL) {
        return -1;
    }
    container->labels.items = items;
    items[container->labels.count++] = (struct runtime_label){.key = key, .value = value};
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
    bool ok =
        (needs != NULL || entry->depends_on.count == 0) &&
        add_label(container, arena, "io.stopfleet.task", file->task) == 0 &&
        add_label(container, arena, "io.stopfleet.group", file->group) == 0 &&
        add_label(container, arena, "io.stopfleet.family", file->family) == 0 &&
        add_label(container, arena, "io.stopfleet.started-by", file->started_by) == 0 &&
        add_label(container, arena, "io.stopfleet.depends-on", needs) == 0 &&
        add_label(container, arena, "io.stopfleet.essential", entry->essential ? NULL : "false") ==
            0 &&
        add_label(container, arena, "io.stopfleet.sidecar", entry->sidecar ? "true" : NULL) == 0 &&
        add_label(container, arena, "com.amazonaws.ecs.cluster", file->cluster) == 0;
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

/* ---- answers ---- */

static void answer_free(struct process_answer *answer)
{
    memory_free(answer->id);
    memory_free(answer);
}

static void tell_inspect(const struct process_runtime *runtime, const struct process_answer *answer)
{
    const struct process *process = process_table_find(runtime, answer->id);
    struct runtime_container container;
    struct arena arena = {0};
    struct error err = {0};

    if (process == NULL) {
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
    struct runtime_container *containers = arena_alloc(&arena, (count + 1) * sizeof *containers);
    bool ok = containers != NULL;

    for (size_t i = 0; ok && i < count; i++) {
        ok = describe(runtime->processes[i], &arena, &containers[i]) == 0;
    }
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

static void append(struct process_runtime *runtime, struct process_answer *answer)
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
        append(process->runtime, answer);
    }
}

/* Only what was asked before this turn: what callbacks ask now is for the next. */
static void answer_all(void *context)
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
        if (process != NULL && process->state == PROCESS_ENDING) {
            answer->next = process->waiting;
            process->waiting = answer;
            continue;
        }
        tell(runtime, answer);
        answer_free(answer);
    }
}

static struct process_answer *answer_new(const char *id, void *context)
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

/* ---- the table ---- */

static void start(struct runtime *runtime)
{
    process_directory_start((struct process_runtime *)runtime);
}

static void list(struct runtime *runtime, runtime_list_fn *fn, void *context)
{
    struct process_answer *answer = answer_new("", context);
    struct error err = {0};
    if (answer == NULL) {
        error_no_memory(&err, "listing processes");
        fn(context, &err, NULL, 0);
        return;
    }
    answer->kind = PROCESS_ANSWER_LIST;
    answer->fn.list = fn;
    append((struct process_runtime *)runtime, answer);
}

static void inspect(struct runtime *runtime, const char *container_id, runtime_inspect_fn *fn,
                    void *context)
{
    struct process_answer *answer = answer_new(container_id, context);
    struct error err = {0};
    if (answer == NULL) {
        error_no_memory(&err, "inspecting a process");
        fn(context, &err, NULL);
        return;
    }
    answer->kind = PROCESS_ANSWER_INSPECT;
    answer->fn.inspect = fn;
    append((struct process_runtime *)runtime, answer);
}

static enum runtime_answer send_signal(struct process *process, int number, char *detail,
                                       size_t size)
{
    const struct process_entry *entry = process->entry;
    bool group = entry->process_group && number == SIGKILL;

    process_table_refresh(process);
    if (process->state != PROCESS_ALIVE) {
        (void)snprintf(detail, size, "the process has ended");
        return RUNTIME_NOT_RUNNING;
    }
    if (process->pidfd < 0) {
        (void)snprintf(detail, size, "no file descriptor is free for the process");
        return RUNTIME_REFUSED;
    }
    if (process_pidfd_signal(process->pidfd, entry->pid, number, group) == 0) {
        (void)snprintf(detail, size, "sent");
        return RUNTIME_SENT;
    }
    int signal_errno = errno;
    (void)snprintf(detail, size, "pidfd_send_signal: %s", strerror(signal_errno));
    return signal_errno == ESRCH ? RUNTIME_NOT_RUNNING : RUNTIME_REFUSED;
}

static void signal_run(struct runtime *base, struct run run, const char *signal,
                       runtime_signal_fn *fn, void *context)
{
    struct process_runtime *runtime = (struct process_runtime *)base;
    struct process *process = process_table_find(runtime, run.container_id);
    struct process_answer *answer = answer_new(run.container_id, context);
    int number = signal_name_number(span_of(signal));

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
        (void)snprintf(answer->detail, sizeof answer->detail, "no signal \"%.40s\"", signal);
    } else {
        answer->answer = send_signal(process, number, answer->detail, sizeof answer->detail);
    }
    append(runtime, answer);
}

static void history(struct runtime *runtime, struct run run, const char *signal,
                    int64_t since_unix_ms, runtime_history_fn *fn, void *context)
{
    struct process_answer *answer = answer_new(run.container_id, context);
    (void)signal;
    (void)since_unix_ms;
    if (answer == NULL) {
        fn(context, RUNTIME_HISTORY_UNKNOWN, 0, 0);
        return;
    }
    answer->kind = PROCESS_ANSWER_HISTORY;
    answer->fn.history = fn;
    append((struct process_runtime *)runtime, answer);
}

static struct runtime_info info(struct runtime *runtime)
{
    return ((const struct process_runtime *)runtime)->info;
}

static void drop_answers(struct process_runtime *runtime)
{
    while (runtime->answers != NULL) {
        struct process_answer *answer = runtime->answers;
        runtime->answers = answer->next;
        answer_free(answer);
    }
}

static void free_runtime(struct runtime *base)
{
    struct process_runtime *runtime = (struct process_runtime *)base;
    if (runtime == NULL) {
        return;
    }
    process_directory_release(runtime);
    drop_answers(runtime);
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
    runtime->directory = memory_strdup(config->directory);
    runtime->answer_timer = loop_timer_new(loop, answer_all, runtime);
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
