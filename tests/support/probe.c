/* probe [--file PATH] MODE: the program that tests stop. It writes each signal that it gets, with
 * its times, as one line to standard output and to the file (or to $PROBE_FILE), and
 *   obey [CODE]    ends with CODE (default 0) at the first signal that asks it to end
 *   ignore         goes on: only SIGKILL ends it
 *   late MS [CODE] ends so many milliseconds after the first such signal
 *   exit CODE [MS] ends by itself after so many milliseconds (default 0)
 *   hog MS         takes all memory that it gets after so many milliseconds
 *   deaf           has no handler for any signal: as PID 1 of a container it gets none but SIGKILL
 *   gorge          takes all memory that it gets at the first such signal
 *   open PATH      opens that, which may take for ever (stuck_files.py), and ends
 *   zombie MODE    does that in a second thread, after the first has ended: its process is a zombie that runs
 * Linked statically it is the whole image of a container. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum probe_mode {
    PROBE_OBEY = 1,
    PROBE_IGNORE,
    PROBE_LATE,
    PROBE_EXIT,
    PROBE_HOG,
    PROBE_DEAF,
    PROBE_GORGE,
    PROBE_OPEN
};

struct probe {
    enum probe_mode mode;
    int exit_code;
    int64_t delay_ms;
    const char *path;
    int file; /* -1: none */
};

static int64_t now_ms(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0) {
        return -1;
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const struct probe *probe, const char *what, const char *name, int number)
{
    char line[160];
    int length = snprintf(line, sizeof line, "%s %s %d boot_ms=%lld wall_ms=%lld pid=%d\n", what,
                          name, number, (long long)now_ms(CLOCK_BOOTTIME),
                          (long long)now_ms(CLOCK_REALTIME), (int)getpid());
    size_t bytes = length > 0 && (size_t)length < sizeof line ? (size_t)length : 0;

    /* A closed end of the pipe is no reason to stop recording in the file. */
    if (write(STDOUT_FILENO, line, bytes) < 0) {
        errno = 0;
    }
    if (probe->file >= 0 && write(probe->file, line, bytes) < 0) {
        _exit(99);
    }
}

static bool parse_number(const char *text, int64_t max, int64_t *ret_number)
{
    char *end = NULL;

    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < 0 || number > max) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool parse_mode(struct probe *probe, int count, char **words)
{
    static const struct {
        const char *name;
        enum probe_mode mode;
        int required;
        int delay_at; /* which argument is the delay, and which the exit code; 0: none */
        int code_at;
    } modes[] = {{"obey", PROBE_OBEY, 0, 0, 1},   {"ignore", PROBE_IGNORE, 0, 0, 0},
                 {"late", PROBE_LATE, 1, 1, 2},   {"exit", PROBE_EXIT, 1, 2, 1},
                 {"hog", PROBE_HOG, 1, 1, 0},     {"deaf", PROBE_DEAF, 0, 0, 0},
                 {"gorge", PROBE_GORGE, 0, 0, 0}, {"open", PROBE_OPEN, 1, 0, 0}};

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (count < 1 || strcmp(words[0], modes[i].name) != 0) {
            continue;
        }
        int64_t code = 0;
        bool good = count > modes[i].required;
        if (good && modes[i].code_at > 0 && count > modes[i].code_at) {
            good = parse_number(words[modes[i].code_at], 255, &code);
        }
        if (good && modes[i].delay_at > 0 && count > modes[i].delay_at) {
            good = parse_number(words[modes[i].delay_at], 86400000, &probe->delay_ms);
        }
        probe->mode = modes[i].mode;
        probe->path = good && modes[i].mode == PROBE_OPEN ? words[1] : NULL;
        probe->exit_code = (int)code;
        return good;
    }
    return false;
}

static bool asks_to_end(int signal_number)
{
    return signal_number != SIGCHLD && signal_number != SIGWINCH && signal_number != SIGURG &&
           signal_number != SIGCONT && signal_number != SIGPIPE;
}

/* Records signals until the deadline (boot clock; -1: none) or, if asked, until one asks to end. */
static void record_signals(const struct probe *probe, int64_t deadline_ms, bool until_asked)
{
    sigset_t all;
    sigfillset(&all);

    for (;;) {
        int64_t left_ms = deadline_ms < 0 ? 3600000 : deadline_ms - now_ms(CLOCK_BOOTTIME);
        if (left_ms <= 0) {
            return;
        }
        struct timespec wait = {.tv_sec = left_ms / 1000, .tv_nsec = left_ms % 1000 * 1000000};
        int number = sigtimedwait(&all, NULL, &wait);
        if (number <= 0) {
            continue;
        }
        const char *name = sigabbrev_np(number);
        say(probe, "signal", name != NULL ? name : "RT", number);
        if (until_asked && asks_to_end(number)) {
            return;
        }
    }
}

/* Until the kernel ends it; bounded, where no limit is set. */
static void take_memory(void)
{
    enum { STEP = 1024 * 1024, STEPS = 512 };
    for (int i = 0; i < STEPS; i++) {
        volatile char *memory = malloc(STEP);
        for (size_t k = 0; memory != NULL && k < STEP; k += 1024) {
            memory[k] = 1;
        }
    }
}

static int run(const struct probe *probe)
{
    while (probe->mode == PROBE_DEAF) {
        (void)pause();
    }
    if (probe->mode == PROBE_OPEN) {
        (void)open(probe->path, O_RDONLY | O_CLOEXEC);
        return 0;
    }
    if (probe->mode != PROBE_EXIT && probe->mode != PROBE_HOG) {
        record_signals(probe, -1, probe->mode != PROBE_IGNORE);
    }
    if (probe->delay_ms > 0) {
        record_signals(probe, now_ms(CLOCK_BOOTTIME) + probe->delay_ms, false);
    }
    if (probe->mode == PROBE_HOG || probe->mode == PROBE_GORGE) {
        take_memory();
    }
    say(probe, "exit", "code", probe->exit_code);
    return probe->exit_code;
}

static void *run_in_thread(void *probe)
{
    exit(run(probe));
}

/* pthread_exit of a static program wants a library. */
static int leave_to_a_thread(struct probe *probe)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_in_thread, probe) != 0) {
        (void)fprintf(stderr, "probe: could not start a thread\n");
        return 2;
    }
    (void)syscall(SYS_exit, 0);
    return 2;
}

int main(int argc, char **argv)
{
    struct probe probe = {.file = -1};
    const char *path = getenv("PROBE_FILE");
    int first = 1;

    if (argc > 2 && strcmp(argv[1], "--file") == 0) {
        path = argv[2];
        first = 3;
    }
    bool zombie = argc > first && strcmp(argv[first], "zombie") == 0;
    first += zombie ? 1 : 0;
    if (!parse_mode(&probe, argc - first, argv + first)) {
        (void)fprintf(stderr, "usage: probe [--file PATH] obey [CODE] | ignore | late MS [CODE] | "
                              "exit CODE [MS] | hog MS | deaf | gorge | open PATH | zombie MODE\n");
        return 2;
    }
    if (path != NULL) {
        probe.file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (probe.file < 0) {
            (void)fprintf(stderr, "probe: could not open \"%s\": %s\n", path, strerror(errno));
            return 2;
        }
    }
    sigset_t all;
    sigfillset(&all);
    if (probe.mode != PROBE_DEAF) {
        (void)sigprocmask(SIG_SETMASK, &all, NULL);
    }
    say(&probe, "start", argv[first], 0);
    return zombie ? leave_to_a_thread(&probe) : run(&probe);
}
