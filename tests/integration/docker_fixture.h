#ifndef TESTS_INTEGRATION_DOCKER_FIXTURE_H
#define TESTS_INTEGRATION_DOCKER_FIXTURE_H

/** A docker runtime on the machine's real engine, through a relay that can be cut. */

#include "worker/runtime/runtime.h"

enum { FIXTURE_EVENTS_MAX = 256, FIXTURE_TEXT_SIZE = 512 };

struct docker_fixture {
    struct loop *loop;
    struct runtime *runtime;
    char socket[108]; /* the relay's */
    int relay;        /* its process group, 0 = none */
    /* what came back */
    enum runtime_state state;
    int aways, backs;
    char state_detail[FIXTURE_TEXT_SIZE];
    struct {
        enum runtime_event_kind kind;
        char container_id[80];
        struct optional_integer exit_code;
    } events[FIXTURE_EVENTS_MAX];
    size_t event_count;
    bool done;
};

/** Starts relay and runtime, and waits for BACK. */
void docker_fixture_start(struct docker_fixture *fixture);
void docker_fixture_stop(struct docker_fixture *fixture);
void docker_fixture_cut(struct docker_fixture *fixture);
void docker_fixture_mend(struct docker_fixture *fixture);
/** Runs the loop until this gives true; a test failure after 20 s. */
void docker_fixture_wait(struct docker_fixture *fixture, bool (*is_so)(void *context),
                         void *context);
void docker_fixture_wait_event(struct docker_fixture *fixture, const char *container_id,
                               enum runtime_event_kind kind,
                               struct optional_integer *ret_exit_code);

/** Runs the docker command with these words (split by the shell) and gives its first line. */
void docker_fixture_command(char ret_line[FIXTURE_TEXT_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** A container as inspect gave it: what the tests look at. */
struct inspected {
    struct docker_fixture *fixture;
    bool done, exists;
    enum error_code error;
    enum runtime_status status;
    struct optional_integer exit_code;
    int64_t started_at, finished_at, created_at, memory_mib, cpu, pid;
    size_t bindings;
    char range[32];
    char stop_signal[32], name[128], image[128], health[16], network_container[80], label[64];
    struct optional_integer stop_timeout_ms;
    bool oom_killed, auto_remove;
};
struct inspected docker_fixture_inspect(struct docker_fixture *fixture, const char *container_id);

struct signalled {
    struct docker_fixture *fixture;
    bool done;
    enum runtime_answer answer;
    char detail[FIXTURE_TEXT_SIZE];
};
struct signalled docker_fixture_signal(struct docker_fixture *fixture, struct run run,
                                       const char *signal);

struct remembered {
    struct docker_fixture *fixture;
    bool done;
    enum runtime_history_answer answer;
    int64_t at_unix_ms, times;
};
struct remembered docker_fixture_history(struct docker_fixture *fixture, struct run run,
                                         const char *signal, int64_t since_unix_ms);

#endif
