#include "common/base/standard_output.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { SIGNALLED = 128 }; /* what shells add to a signal's number */

static _Noreturn void end_by_sigpipe(void)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    (void)sigaction(SIGPIPE, &usual, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    (void)raise(SIGPIPE);
    _exit(SIGNALLED + SIGPIPE);
}

int standard_output_failed(struct error *err)
{
    const int write_errno = errno;
    if (write_errno == EPIPE) {
        end_by_sigpipe();
    }
    return error_set_errno(err, write_errno, "could not write standard output");
}
