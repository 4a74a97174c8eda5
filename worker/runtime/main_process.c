#include "worker/runtime/main_process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/runtime/signal_name.h"

enum { FILE_MAX_BYTES = 8192, MASK_DIGITS = 16, LOOKS_MAX = 5 };

#define NO_HANDLER "PID 1 has no handler for "
#define IGNORES    "the process ignores "
#define ZOMBIE     "the main process is a zombie and gets no "

/* ---- /proc/PID/status ---- */

/* The value of "Name:\tvalue"; empty if there is no such line. */
static struct span value_of(struct span text, const char *name)
{
    size_t length = strlen(name);
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t line = end == NULL ? text.length : (size_t)(end - text.data);
        if (line > length + 1 && memcmp(text.data, name, length) == 0 && text.data[length] == ':' &&
            text.data[length + 1] == '\t') {
            return (struct span){.data = text.data + length + 2, .length = line - length - 2};
        }
        size_t taken = line + (end == NULL ? 0 : 1);
        text = (struct span){.data = text.data + taken, .length = text.length - taken};
    }
    return (struct span){0};
}

static bool parse_mask(struct span text, uint64_t *ret_mask)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t mask = 0;
    if (text.length != MASK_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        const char *digit = text.data[i] == '\0' ? NULL : strchr(digits, text.data[i]);
        if (digit == NULL) {
            return false;
        }
        mask = mask << 4 | (uint64_t)(digit - digits);
    }
    *ret_mask = mask;
    return true;
}

bool main_process_parse(struct span text, struct main_process *ret_process)
{
    struct main_process process = {0};
    struct span state = value_of(text, "State");
    struct span pids = value_of(text, "NSpid");
    if (state.length == 0 || !parse_mask(value_of(text, "SigCgt"), &process.caught) ||
        !parse_mask(value_of(text, "SigIgn"), &process.ignored) ||
        !parse_mask(value_of(text, "SigBlk"), &process.blocked)) {
        return false;
    }
    process.state = state.data[0];
    process.first = pids.length > 2 && memcmp(pids.data + pids.length - 2, "\t1", 2) == 0;
    *ret_process = process;
    return true;
}

bool main_process_may_wait(struct span wchan, char state)
{
    static const char function[] = "sigtimedwait";
    if (wchan.length < 2) { /* "0": not ours to see, or it runs */
        return state != 'R';
    }
    return memmem(wchan.data, wchan.length, function, sizeof function - 1) != NULL;
}

bool main_process_is_of(struct span cgroups, const char *container_id)
{
    size_t length = strlen(container_id);
    return length > 0 && cgroups.length > 0 &&
           memmem(cgroups.data, cgroups.length, container_id, length) != NULL;
}

static struct span read_file(int64_t pid, const char *name, char bytes[FILE_MAX_BYTES])
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%lld/%s", (long long)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return (struct span){0};
    }
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length < FILE_MAX_BYTES) {
        got = read(fd, bytes + length, FILE_MAX_BYTES - length);
        length += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    return (struct span){.data = bytes, .length = got < 0 ? 0 : length};
}

bool main_process_read(int64_t pid, const char *container_id, struct main_process *ret_process)
{
    char bytes[FILE_MAX_BYTES];
    bool is_it = pid > 0 && (container_id == NULL ||
                             main_process_is_of(read_file(pid, "cgroup", bytes), container_id));
    bool may_wait = is_it;
    /* Two files are no one moment: it may have gone to sleep, or woken up, between them. */
    for (int i = 0; i < LOOKS_MAX && may_wait; i++) {
        if (!main_process_parse(read_file(pid, "status", bytes), ret_process)) {
            return false;
        }
        may_wait = main_process_may_wait(read_file(pid, "wchan", bytes), ret_process->state);
    }
    ret_process->may_wait = may_wait;
    return is_it;
}

/* ---- notes ---- */

void main_process_signal_note(const struct main_process *process, const char *signal,
                              char ret_note[MAIN_PROCESS_NOTE_SIZE])
{
    int number = signal_name_number(span_of(signal));
    uint64_t bit = number > 0 ? UINT64_C(1) << (number - 1) : 0;
    ret_note[0] = '\0';
    if (process == NULL) {
        (void)snprintf(
            ret_note, MAIN_PROCESS_NOTE_SIZE,
            "whether it handles %.20s is unknown: its process is not to be seen from here", signal);
    } else if (process->state == 'Z') {
        (void)snprintf(ret_note, MAIN_PROCESS_NOTE_SIZE, ZOMBIE "%.20s", signal);
    } else if (process->may_wait || ((process->blocked | process->caught) & bit)) {
        return;
    } else if (process->ignored & bit) {
        (void)snprintf(ret_note, MAIN_PROCESS_NOTE_SIZE, IGNORES "%.20s", signal);
    } else if (process->first) {
        (void)snprintf(ret_note, MAIN_PROCESS_NOTE_SIZE, NO_HANDLER "%.20s", signal);
    }
}

void main_process_state_note(const struct main_process *process,
                             char ret_note[MAIN_PROCESS_NOTE_SIZE])
{
    static const struct {
        char state;
        const char *meaning;
    } states[] = {{'D', "uninterruptible sleep"},
                  {'Z', "zombie: nobody has taken its exit status"},
                  {'T', "stopped"},
                  {'t', "stopped by a tracer"}};
    ret_note[0] = '\0';
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (process->state == states[i].state) {
            (void)snprintf(ret_note, MAIN_PROCESS_NOTE_SIZE, "its process is in state %c (%s)",
                           process->state, states[i].meaning);
        }
    }
}

struct span main_process_find_note(const char *answer)
{
    static const char *const beginnings[] = {NO_HANDLER, IGNORES, ZOMBIE};
    const char *note = NULL;
    for (size_t i = 0; note == NULL && i < sizeof beginnings / sizeof *beginnings; i++) {
        note = strstr(answer, beginnings[i]);
    }
    return note == NULL ? (struct span){0}
                        : (struct span){.data = note, .length = strcspn(note, ";")};
}
