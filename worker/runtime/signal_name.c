#include "worker/runtime/signal_name.h"

#include <strings.h>

enum { SIGNAL_LAST = 64 };

/* Index = number. Docker counts up from RTMIN to RTMIN+15, then down from RTMAX-14 (moby's
 * signal_linux.go). */
static const char *const NAMES[SIGNAL_LAST + 1] = {
    NULL,          "SIGHUP",      "SIGINT",      "SIGQUIT",     "SIGILL",      "SIGTRAP",
    "SIGABRT",     "SIGBUS",      "SIGFPE",      "SIGKILL",     "SIGUSR1",     "SIGSEGV",
    "SIGUSR2",     "SIGPIPE",     "SIGALRM",     "SIGTERM",     "SIGSTKFLT",   "SIGCHLD",
    "SIGCONT",     "SIGSTOP",     "SIGTSTP",     "SIGTTIN",     "SIGTTOU",     "SIGURG",
    "SIGXCPU",     "SIGXFSZ",     "SIGVTALRM",   "SIGPROF",     "SIGWINCH",    "SIGIO",
    "SIGPWR",      "SIGSYS",      NULL,          NULL,          "SIGRTMIN",    "SIGRTMIN+1",
    "SIGRTMIN+2",  "SIGRTMIN+3",  "SIGRTMIN+4",  "SIGRTMIN+5",  "SIGRTMIN+6",  "SIGRTMIN+7",
    "SIGRTMIN+8",  "SIGRTMIN+9",  "SIGRTMIN+10", "SIGRTMIN+11", "SIGRTMIN+12", "SIGRTMIN+13",
    "SIGRTMIN+14", "SIGRTMIN+15", "SIGRTMAX-14", "SIGRTMAX-13", "SIGRTMAX-12", "SIGRTMAX-11",
    "SIGRTMAX-10", "SIGRTMAX-9",  "SIGRTMAX-8",  "SIGRTMAX-7",  "SIGRTMAX-6",  "SIGRTMAX-5",
    "SIGRTMAX-4",  "SIGRTMAX-3",  "SIGRTMAX-2",  "SIGRTMAX-1",  "SIGRTMAX",
};

/* Second names. */
static const struct {
    const char *name;
    int number;
} ALIASES[] = {{"SIGIOT", 6}, {"SIGCLD", 17}, {"SIGPOLL", 29}};

static bool is_name(struct span text, const char *name)
{
    struct span full = span_of(name);
    if (text.length + 3 == full.length) {
        return strncasecmp(text.data, full.data + 3, text.length) == 0;
    }
    return text.length == full.length && strncasecmp(text.data, full.data, text.length) == 0;
}

const char *signal_name_of(int number)
{
    return number >= 1 && number <= SIGNAL_LAST ? NAMES[number] : NULL;
}

int signal_name_number(struct span text)
{
    int64_t number;
    if (text.length == 0) {
        return 0;
    }
    if (span_to_int64(text, 1, SIGNAL_LAST, &number)) {
        return signal_name_of((int)number) == NULL ? 0 : (int)number;
    }
    for (int i = 1; i <= SIGNAL_LAST; i++) {
        if (NAMES[i] != NULL && is_name(text, NAMES[i])) {
            return i;
        }
    }
    for (size_t i = 0; i < sizeof ALIASES / sizeof *ALIASES; i++) {
        if (is_name(text, ALIASES[i].name)) {
            return ALIASES[i].number;
        }
    }
    return 0;
}

const char *signal_name_normalize(struct span text)
{
    return signal_name_of(signal_name_number(text));
}
