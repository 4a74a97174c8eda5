#ifndef WORKER_RUNTIME_SIGNAL_NAME_H
#define WORKER_RUNTIME_SIGNAL_NAME_H

/** Names and numbers of Linux signals as Docker writes them: SIGTERM, SIGRTMIN+3, SIGRTMAX-2. Pure.
 *  The numbers are the kernel's for x86 and ARM: what Docker and Podman use too (RTMIN is 34). */

#include "common/base/buffer.h"

/** "TERM", "sigterm", "15", "SIGRTMIN+3", "37" to the one spelling that Stopfleet uses ("SIGTERM",
 *  "SIGRTMIN+3"): a constant, never freed. NULL if there is no such signal. */
const char *signal_name_normalize(struct span text);
/** The number of a signal in any spelling that signal_name_normalize takes; 0 if there is none. */
int signal_name_number(struct span text);
/** The spelling of a number in 1..64; NULL outside, and for 32 and 33 (libc's own). */
const char *signal_name_of(int number);

#endif
