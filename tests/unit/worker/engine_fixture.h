#ifndef TESTS_UNIT_WORKER_ENGINE_FIXTURE_H
#define TESTS_UNIT_WORKER_ENGINE_FIXTURE_H

/** A docker runtime on an engine that answers as a test says, and what its callbacks were told. Include
 *  after cmocka.h. */

#include "tests/integration/loop_wait.h"
#include "tests/unit/worker/fake_engine.h"
#include "worker/runtime/runtime.h"

/** The engine's only container, and when its run started. */
#define ID      "1921de341bb894ef258836f7bb8820ef293fd7693f668a384848f4f453fa3763"
#define STARTED INT64_C(1795413863129)
#define INSPECT(status)                                                                            \
    "{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:1\",\"State\":{\"Status\":\"" status  \
    "\",\"StartedAt\":\"2026-11-23T06:04:23.12989968Z\"},\"Config\":{\"Image\":\"web:1\"},"        \
    "\"NetworkSettings\":{\"Networks\":{\"lan\":{\"NetworkID\":\"n1\",\"IPAddress\":\"10.0.0.9\"}" \
    "}}}"

enum { CALL_TIMEOUT_MS = 400 };

/** Where the routes stand. */
enum {
    VERSION,
    INFO,
    EVENTS,
    PING,
    LIST,
    CONTAINER,
    KILL,
    STOP,
    UPDATE,
    UNPAUSE,
    EXEC_MAKE,
    EXEC_START,
    EXEC_LOOK,
    IMAGE,
    NETWORK,
    ROUTES
};

struct engine_fixture {
    struct fake_engine_route routes[ROUTES];
    struct loop *loop;
    struct fake_engine *engine;
    struct runtime *runtime;
    char socket_path[108];

    enum runtime_state last_state;
    int aways, backs, event_total;
    char detail[600]; /**< of the last state */
    struct runtime_event last_event;
    char event_id[128];
};

extern struct engine_fixture fixture;

/** What calls were answered last, and how many. */
struct engine_answers {
    int signals, inspects, lists, histories;
    enum runtime_answer answer;
    char detail[600];
    enum error_code error;
    bool exists;
    char digest[64], address[64];
    size_t count;
    enum runtime_status status; /**< of the first of a list */
    enum runtime_history_answer history;
    int64_t times;
};

extern struct engine_answers got;

static const struct run RUN = {.container_id = ID, .started_at = STARTED};
static const struct runtime_signal SIGTERM_SENT = {.name = "SIGTERM"};

/** For cmocka: an engine with the usual routes, and a runtime that has not been started. */
int engine_fixture_set_up(void **state);
int engine_fixture_tear_down(void **state);
/** A new one, of which two calls run at once; the former is freed. */
void engine_fixture_make_runtime(int64_t call_timeout_ms);
/** Starts the runtime and waits until it has found the engine. */
void engine_fixture_start(void);
void engine_fixture_wait_state(enum runtime_state state);
/** Until so many have come since the set-up. */
void engine_fixture_wait_events(int total);

/** For calls that a test makes itself; each fills `got`. */
void engine_fixture_on_event(void *context, const struct runtime_event *event);
void engine_fixture_on_state(void *context, enum runtime_state state, const char *text);
void engine_fixture_on_signal(void *context, enum runtime_answer answer, const char *text);
void engine_fixture_on_inspect(void *context, const struct error *error,
                               const struct runtime_container *container);
void engine_fixture_on_list(void *context, const struct error *error,
                            const struct runtime_container *containers, size_t count);
void engine_fixture_on_history(void *context, enum runtime_history_answer answer,
                               int64_t at_unix_ms, int64_t times);

/** One call, waited for; what else it was told is in `got`. */
enum runtime_answer engine_fixture_signal(const char *signal);
void engine_fixture_inspect(void);
void engine_fixture_list(void);
enum runtime_history_answer engine_fixture_history(int64_t since_ms);

#endif
