/** stopfleet-run: runs a command as a process of a task, and stays as its parent to say how it
 *  ended. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/memory.h"
#include "worker/runtime/process_cgroup.h"
#include "worker/runtime/process_file.h"
#include "worker/runtime/process_proc.h"
#include "worker/runtime/process_run_claim.h"
#include "worker/runtime/process_run_options.h"
#include "worker/runtime/signal_name.h"

enum {
    EXIT_USAGE = 2,
    EXIT_NOT_EXECUTABLE = 126, /* as in POSIX shells */
    EXIT_NOT_FOUND = 127,
    EXIT_SIGNAL_BASE = 128,
    MS_PER_S = 1000
};

static const int FORWARDED[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

struct supervisor {
    const struct process_run_options *options;
    char **command; /* NULL-terminated */
    char task[NAME_MAX + 1], name[NAME_MAX + 1];
    struct process_run_names files;
    char cgroup[PROCESS_CGROUP_PATH_MAX]; /**< "" = none */
    int directory_fd, signal_fd;
    sigset_t old_mask;
    pid_t child;
    int64_t start_time;
    int go_fd, failure_fd; /* pipes to and from the child before its exec */
};

static int fail(const struct error *err, int status)
{
    (void)fprintf(stderr, "stopfleet-run: %s\n", err->message);
    return status;
}

/* ---- names ---- */

static void choose_names(struct supervisor *supervisor)
{
    const struct process_run_options *options = supervisor->options;
    const char *slash = strrchr(supervisor->command[0], '/');
    const char *base = slash == NULL ? supervisor->command[0] : slash + 1;

    (void)snprintf(supervisor->name, sizeof supervisor->name, "%s",
                   options->name != NULL ? options->name : base);
    if (options->task != NULL) {
        (void)snprintf(supervisor->task, sizeof supervisor->task, "%s", options->task);
    } else {
        (void)snprintf(supervisor->task, sizeof supervisor->task, "%.200s-%d", supervisor->name,
                       (int)supervisor->child);
    }
    process_run_names_make(supervisor->task, supervisor->name, &supervisor->files);
}

/* ---- the task file ---- */

static int claim(const struct supervisor *supervisor, const struct process_boot *boot,
                 struct error *err)
{
    const struct process_run_options *options = supervisor->options;
    struct process_entry entry = {
        .name = supervisor->name,
        .pid = supervisor->child,
        .start_time = supervisor->start_time,
        .stop_signal = options->stop_signal,
        .stop_timeout_s = {.known = options->stop_timeout_ms > 0,
                           .value = options->stop_timeout_ms / MS_PER_S},
        .essential = options->essential,
        .sidecar = options->sidecar,
        .depends_on = {.count = options->depends_on.count},
        .status_file = supervisor->files.status_file,
        .process_group = options->process_group,
        .cgroup = supervisor->cgroup[0] == '\0' ? NULL : supervisor->cgroup,
    };
    const struct process_file file = {.task = supervisor->task,
                                      .cluster = options->cluster,
                                      .group = options->group,
                                      .family = options->family,
                                      .started_by = options->started_by,
                                      .boot_id = boot->id,
                                      .remove_ended = true,
                                      .processes = {.items = &entry, .count = 1}};

    memcpy(&entry.depends_on.items, &options->depends_on.items, sizeof entry.depends_on.items);
    return process_run_claim(supervisor->directory_fd, &supervisor->files, boot, &file, err);
}

static void join_cgroup(struct supervisor *supervisor)
{
    char name[NAME_MAX + 1];
    if (!supervisor->options->cgroup) {
        return;
    }
    (void)snprintf(name, sizeof name, "%.200s.%d", supervisor->files.stem, (int)supervisor->child);
    (void)process_cgroup_make(name, supervisor->child, supervisor->cgroup);
}

static void leave_cgroup(const struct supervisor *supervisor)
{
    if (supervisor->cgroup[0] != '\0') {
        process_cgroup_remove(supervisor->cgroup);
    }
}

static int publish(struct supervisor *supervisor, struct error *err)
{
    struct process_boot boot;
    struct process_stat stat;
    if (process_boot_read(supervisor->options->directory, true, &boot, err) != 0 ||
        process_stat_read(supervisor->child, &stat, err) != 0) {
        return -1;
    }
    supervisor->start_time = stat.start_time;
    choose_names(supervisor);
    join_cgroup(supervisor);
    return claim(supervisor, &boot, err);
}

static void write_status(const struct supervisor *supervisor, int exit_code)
{
    const struct process_status status = {.pid = supervisor->child,
                                          .start_time = supervisor->start_time,
                                          .exit_code = exit_code,
                                          .finished_at = clock_wall_ms(clock_system())};
    struct buffer text;
    struct error err = {0};

    buffer_init(&text, PROCESS_FILE_MAX_BYTES);
    if (process_status_write(&status, &text, &err) != 0 ||
        process_write_whole(supervisor->directory_fd, supervisor->files.status_file,
                            buffer_span(&text), &err) != 0) {
        (void)fail(&err, 0);
    }
    buffer_release(&text);
}

/* ---- the child ---- */

static _Noreturn void be_child(const struct supervisor *supervisor, int go_fd, int failure_fd)
{
    char go;
    if (supervisor->options->process_group) {
        (void)setpgid(0, 0);
    }
    (void)sigprocmask(SIG_SETMASK, &supervisor->old_mask, NULL);
    /* The end of the pipe: the task file could not be written. */
    if (read(go_fd, &go, 1) != 1) {
        _exit(EXIT_USAGE);
    }
    (void)execvp(supervisor->command[0], supervisor->command);
    int exec_errno = errno;
    if (write(failure_fd, &exec_errno, sizeof exec_errno) < 0) {
        _exit(EXIT_NOT_EXECUTABLE);
    }
    _exit(EXIT_NOT_FOUND);
}

static int start_child(struct supervisor *supervisor, struct error *err)
{
    int go[2], failure[2];
    if (pipe2(go, O_CLOEXEC) != 0 || pipe2(failure, O_CLOEXEC) != 0) {
        return error_set_errno(err, errno, "could not make a pipe");
    }
    supervisor->child = fork();
    if (supervisor->child < 0) {
        return error_set_errno(err, errno, "could not start a process");
    }
    if (supervisor->child == 0) {
        (void)close(go[1]);
        (void)close(failure[0]);
        be_child(supervisor, go[0], failure[1]);
    }
    (void)close(go[0]);
    (void)close(failure[1]);
    supervisor->go_fd = go[1];
    supervisor->failure_fd = failure[0];
    return 0;
}

/* @return 0 when the command runs, else errno of its exec */
static int release_child(const struct supervisor *supervisor)
{
    int exec_errno = 0;
    /* A StopTask can end it before it has begun: then there is nobody to tell. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (write(supervisor->go_fd, "g", 1) != 1) {
        return 0;
    }
    ssize_t length = read(supervisor->failure_fd, &exec_errno, sizeof exec_errno);
    return length == (ssize_t)sizeof exec_errno ? exec_errno : 0;
}

static void forward(const struct supervisor *supervisor, const struct signalfd_siginfo *info)
{
    /* What the terminal sends went to the child too, if it is in our group. */
    bool from_terminal = info->ssi_code == SI_KERNEL;
    if (!from_terminal || supervisor->options->process_group) {
        (void)kill(supervisor->child, (int)info->ssi_signo);
    }
}

/* Waits for the end without reaping: until the status is written, the worker sees a zombie and waits
 * for it. */
static int wait_for_end(const struct supervisor *supervisor)
{
    for (;;) {
        struct signalfd_siginfo info;
        siginfo_t end = {0};
        if (waitid(P_PID, (id_t)supervisor->child, &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            end.si_pid == supervisor->child) {
            return end.si_code == CLD_EXITED ? end.si_status : EXIT_SIGNAL_BASE + end.si_status;
        }
        if (read(supervisor->signal_fd, &info, sizeof info) == (ssize_t)sizeof info &&
            info.ssi_signo != SIGCHLD) {
            forward(supervisor, &info);
        }
    }
}

static int supervise(struct supervisor *supervisor)
{
    struct error err = {0};
    if (start_child(supervisor, &err) != 0) {
        return fail(&err, EXIT_USAGE);
    }
    if (publish(supervisor, &err) != 0) {
        (void)close(supervisor->go_fd);
        (void)waitpid(supervisor->child, NULL, 0);
        leave_cgroup(supervisor);
        return fail(&err, EXIT_USAGE);
    }
    int exec_errno = release_child(supervisor);
    if (exec_errno != 0) {
        process_run_disclaim(supervisor->directory_fd, &supervisor->files, supervisor->child,
                             supervisor->start_time);
        (void)waitpid(supervisor->child, NULL, 0);
        leave_cgroup(supervisor);
        error_set_errno(&err, exec_errno, "could not run \"%.200s\"", supervisor->command[0]);
        return fail(&err, exec_errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
    }
    int status = wait_for_end(supervisor);
    write_status(supervisor, status);
    (void)waitpid(supervisor->child, NULL, 0);
    leave_cgroup(supervisor);
    return status;
}

static int prepare(struct supervisor *supervisor, struct error *err)
{
    const char *directory = supervisor->options->directory;
    sigset_t watched;

    (void)process_make_directory(directory);
    supervisor->directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (supervisor->directory_fd < 0) {
        return error_set_errno(err, errno,
                               "could not open the directory \"%.200s\": make it, or give another "
                               "--directory",
                               directory);
    }
    if (process_check_directory(supervisor->directory_fd, directory, err) != 0) {
        return error_wrap(err, "--directory");
    }
    (void)sigemptyset(&watched);
    (void)sigaddset(&watched, SIGCHLD);
    for (size_t i = 0; i < sizeof FORWARDED / sizeof *FORWARDED; i++) {
        (void)sigaddset(&watched, FORWARDED[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &watched, &supervisor->old_mask);
    supervisor->signal_fd = signalfd(-1, &watched, SFD_CLOEXEC);
    return supervisor->signal_fd < 0 ? error_set_errno(err, errno, "could not watch for signals")
                                     : 0;
}

static int run(const struct process_run_options *options, const struct option_list *words)
{
    struct supervisor supervisor = {.options = options};
    struct error err = {0};
    int status = EXIT_USAGE;

    if (words->count == 0) {
        error_set(&err, ERROR_INVALID, "no command given: stopfleet-run [OPTION]... -- COMMAND");
        return fail(&err, EXIT_USAGE);
    }
    if (options->stop_timeout_ms % MS_PER_S != 0) {
        error_set(&err, ERROR_INVALID,
                  "--stop-timeout: %lld ms are not whole seconds: give a time such as 2s",
                  (long long)options->stop_timeout_ms);
        return fail(&err, EXIT_USAGE);
    }
    supervisor.command = memory_calloc(words->count + 1, sizeof *supervisor.command);
    if (supervisor.command == NULL) {
        error_no_memory(&err, "starting");
        return fail(&err, EXIT_USAGE);
    }
    memcpy(supervisor.command, words->items, words->count * sizeof *supervisor.command);
    status = prepare(&supervisor, &err) != 0 ? fail(&err, EXIT_USAGE) : supervise(&supervisor);
    memory_free(supervisor.command);
    return status;
}

int main(int argc, char **argv)
{
    struct process_run_options options = {0};
    struct option_list words = {0};
    enum option_outcome outcome = OPTION_RUN;
    struct error err = {0};
    int status = 0;

    if (option_parse(&PROCESS_RUN_PROGRAM, &options, argc, argv, environ, &words, stdout, &outcome,
                     &err) != 0) {
        status = fail(&err, EXIT_USAGE);
    } else if (outcome == OPTION_RUN) {
        status = run(&options, &words);
    }
    option_positional_release(&words);
    option_release(&PROCESS_RUN_PROGRAM, &options);
    return status;
}
