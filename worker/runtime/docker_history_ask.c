#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_history.h"
#include "worker/runtime/signal_name.h"

/* The engine's own memory of a signal: all events that it keeps, up to now. */

#define MS_PER_S INT64_C(1000)

struct asking {
    struct docker_operation operation;
    struct docker_history history;
    char *container_id;
    struct loop_timer *later; /* where the engine need not be asked */
    runtime_history_fn *fn;
    void *context;
};

static void release_asking(struct docker_operation *operation)
{
    struct asking *asking = (struct asking *)operation;
    memory_free(asking->container_id);
    loop_timer_free(asking->later);
}

static void tell(struct asking *asking, enum runtime_history_answer what)
{
    bool sent = what == RUNTIME_HISTORY_SENT;
    asking->fn(asking->context, what, sent ? asking->history.last_unix_ms : 0,
               sent ? asking->history.times : 0);
    docker_operation_free(&asking->operation);
}

static void unknown(void *context)
{
    tell(context, RUNTIME_HISTORY_UNKNOWN);
}

static bool read_events(struct docker_history *history, struct span body)
{
    struct arena arena = {0};
    struct docker_event event;
    struct error err = {0};
    bool whole = true;

    while (body.length > 0 && whole) {
        const char *end = memchr(body.data, '\n', body.length);
        size_t length = end == NULL ? body.length : (size_t)(end - body.data);
        struct span line = {.data = body.data, .length = length};
        size_t taken = length + (end == NULL ? 0 : 1);
        body = (struct span){.data = body.data + taken, .length = body.length - taken};
        if (length > 0) {
            whole = docker_event_read(line, &arena, &event, &err) == 0;
            if (whole) {
                docker_history_add(history, &event);
            }
            arena_release(&arena);
        }
    }
    return whole;
}

static void on_history(void *context, const struct docker_response *response)
{
    struct asking *asking = context;
    struct docker *docker = asking->operation.docker;
    bool answered = response->outcome == DOCKER_ANSWERED && response->status == 200;

    if (!answered || !read_events(&asking->history, response->body)) {
        unknown(asking);
        return;
    }
    asking->history.last_unix_ms -= docker->clock_ahead_ms;
    tell(asking, docker_history_answer(&asking->history));
}

static int ask_engine(struct asking *asking)
{
    struct docker *docker = asking->operation.docker;
    int64_t until_ms = clock_wall_ms(clock_system()) + docker->clock_ahead_ms;
    struct error err = {0};
    return docker_get(docker, DOCKER_URGENT, on_history, asking, &err,
                      "/events?since=0&until=%lld.%03lld000000", (long long)(until_ms / MS_PER_S),
                      (long long)(until_ms % MS_PER_S));
}

void docker_history_ask(struct runtime *runtime, struct run run, const char *signal,
                        int64_t since_unix_ms, runtime_history_fn *fn, void *context)
{
    struct docker *docker = (struct docker *)runtime;
    struct asking *asking = docker_operation_new(docker, sizeof *asking, release_asking);

    if (asking == NULL) {
        fn(context, RUNTIME_HISTORY_UNKNOWN, 0, 0);
        return;
    }
    asking->container_id = memory_strdup(run.container_id);
    asking->later = loop_timer_new(docker->loop, unknown, asking);
    asking->fn = fn;
    asking->context = context;
    asking->history =
        (struct docker_history){.container_id = asking->container_id,
                                .signal = signal_name_number(span_of(signal)),
                                .since_unix_ms = since_unix_ms + docker->clock_ahead_ms};
    if (asking->container_id == NULL || asking->later == NULL) {
        unknown(asking);
    } else if (docker->engine.podman || asking->history.signal == 0 || ask_engine(asking) != 0) {
        loop_timer_arm(asking->later, 0);
    }
}
