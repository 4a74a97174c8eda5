#ifndef WORKER_RUNTIME_MAIN_PROCESS_H
#define WORKER_RUNTIME_MAIN_PROCESS_H

/** What the kernel says of a container's main process and its signals: /proc/PID/status (proc(5)).
 *
 *  A process that is the first of its PID namespace gets no signal but SIGKILL that it has neither a
 *  handler for nor blocks (pid_namespaces(7)): a stop signal to it is lost, and the stop takes its whole
 *  grace. Seen is that only where the engine's processes are ours to see too: on this machine, and
 *  not from within another PID namespace. */

#include "common/base/buffer.h"

struct main_process {
    char state;       /**< 'R', 'S', 'D', 'Z', … */
    bool first;       /**< of its PID namespace, and not of the machine's */
    uint64_t caught;  /**< bit n-1: signal n has a handler */
    uint64_t ignored; /**< … is ignored */
    uint64_t blocked; /**< … waits, for one who may ask for it */
    bool may_wait;    /**< in sigwait(3), whose signals the kernel does not show as blocked */
};

/** Reads the text of a /proc/PID/status. Pure. */
bool main_process_parse(struct span text, struct main_process *ret_process);
/** Whether the text of a /proc/PID/wchan does not rule out that a process in that state waits for
 *  signals. Pure. */
bool main_process_may_wait(struct span wchan, char state);
/** Whether the text of a /proc/PID/cgroup names that container. Pure. */
bool main_process_is_of(struct span cgroups, const char *container_id);
/** @param container_id NULL = not compared @return false: not to be seen, or of another container */
bool main_process_read(int64_t pid, const char *container_id, struct main_process *ret_process);

enum { MAIN_PROCESS_NOTE_SIZE = 160 };
/** What becomes of that signal, where it is worth a word: "PID 1 has no handler for SIGTERM". "" = nothing.
 *  @param process NULL = not seen, which is said too */
void main_process_signal_note(const struct main_process *process, const char *signal,
                              char ret_note[MAIN_PROCESS_NOTE_SIZE]);
/** Why SIGKILL does not end it: "its process is in state D (uninterruptible sleep)". "" = nothing to say. */
void main_process_state_note(const struct main_process *process,
                             char ret_note[MAIN_PROCESS_NOTE_SIZE]);
/** The note on a lost signal in an answer that holds it; empty where there is none. */
struct span main_process_find_note(const char *answer);

#endif
