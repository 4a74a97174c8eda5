#ifndef TESTS_UNIT_WORKER_PROCESS_FIXTURE_H
#define TESTS_UNIT_WORKER_PROCESS_FIXTURE_H

/** A process runtime on a directory of its own, and children of the test. */

#include <sys/types.h>

#include "worker/runtime/process_proc.h"
#include "worker/runtime/runtime.h"

enum { PROCESS_FIXTURE_EVENTS_MAX = 128 };

struct process_fixture {
    struct loop *loop;
    struct runtime *runtime;
    char directory[64];
    struct process_boot boot;
    enum runtime_state state;
    int aways, backs;
    char detail[512];
    struct {
        enum runtime_event_kind kind;
        char id[96];
        struct optional_integer exit_code;
        int64_t at_unix_ms;
    } events[PROCESS_FIXTURE_EVENTS_MAX];
    size_t event_count;
};

/** Makes the directory; the runtime is made by process_fixture_start. */
void process_fixture_init(struct process_fixture *fixture);
/** A new runtime (the former is freed). */
void process_fixture_make(struct process_fixture *fixture);
/** As process_fixture_make, and waits for BACK. */
void process_fixture_start(struct process_fixture *fixture);
void process_fixture_release(struct process_fixture *fixture);
/** Waits for an event; a test failure after 20 s. @return its number */
size_t process_fixture_wait_event(struct process_fixture *fixture, const char *id,
                                  enum runtime_event_kind kind);
void process_fixture_wait_state(struct process_fixture *fixture, enum runtime_state state);
/** Writes a file of the directory whole. */
void process_fixture_write(struct process_fixture *fixture, const char *name, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));
/** Waits until a file of the directory is there. */
void process_fixture_wait_file(struct process_fixture *fixture, const char *name);
void process_fixture_unlink(const struct process_fixture *fixture, const char *name);

/** A child of the test, which waits for signals. */
struct child {
    pid_t pid;
    int64_t start_time;
    char id[96]; /**< as a container */
};
/** ignore: it takes SIGTERM without ending. */
struct child process_fixture_child(const struct process_fixture *fixture, bool ignore);
/** {"name": …, "pid": …, "start_time": … with `more` behind it */
const char *process_fixture_entry(const struct child *child, const char *name, const char *more);
void process_fixture_reap(const struct child *child);

struct process_seen {
    struct process_fixture *fixture;
    bool done, exists, unknown; /**< unknown: the answer was an error */
    enum runtime_status status;
    struct optional_integer exit_code, stop_timeout_ms;
    int64_t started_at, finished_at, pid;
    char name[64], stop_signal[32], labels[512];
};
struct process_seen process_fixture_inspect(struct process_fixture *fixture, const char *id);

struct process_signalled {
    struct process_fixture *fixture;
    bool done;
    enum runtime_answer answer;
    char detail[256];
};
struct process_signalled process_fixture_signal(struct process_fixture *fixture, const char *id,
                                                int64_t started_at, const char *signal);

#endif
