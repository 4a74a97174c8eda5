#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/docker.h"
#include "worker/runtime/docker_history.h"
#include "worker/runtime/signal_name.h"

/* The engine's own memory of a signal: all events that it keeps, up to now. What it does not show is asked
 * for once more, since a signal is not to be sent twice: the engine may write an event after the call that
 * made it, and by a clock that is ahead of ours by what passes for none. */

#define MS_PER_S INT64_C(1000)

enum {
    LATE_MS = DOCKER_CLOCK_NOISE_MS + 100,
    LOOKS = 2, /* answers */
    ASKS = 4   /* with those that had no answer */
};

struct asking {
    struct docker_operation operation;
    struct docker_history asked, history; /* the question, and what one answer shows */
    char *container_id;
    struct loop_timer *later;
    int asks, looks;
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

static enum runtime_history_answer read_answer(struct asking *asking,
                                               const struct docker_response *response)
{
    if (response->outcome != DOCKER_ANSWERED) {
        return RUNTIME_HISTORY_UNKNOWN;
    }
    asking->looks++;
    asking->history = asking->asked;
    if (response->status != 200 || !read_events(&asking->history, response->body)) {
        return RUNTIME_HISTORY_UNKNOWN;
    }
    asking->history.last_unix_ms -= asking->operation.docker->clock_ahead_ms;
    return docker_history_answer(&asking->history);
}

static void on_history(void *context, const struct docker_response *response)
{
    struct asking *asking = context;
    enum runtime_history_answer what = read_answer(asking, response);

    if (what == RUNTIME_HISTORY_SENT || asking->looks == LOOKS || asking->asks == ASKS) {
        tell(asking, what);
    } else {
        loop_timer_arm(asking->later, LATE_MS);
    }
}

static int ask_engine(struct asking *asking)
{
    struct docker *docker = asking->operation.docker;
    /* The events of the present millisecond too. */
    int64_t until_ms = clock_wall_ms(clock_system()) + docker->clock_ahead_ms + 1;
    struct error err = {0};
    asking->asks++;
    return docker_get(docker, DOCKER_URGENT, on_history, asking, &err,
                      "/events?since=0&until=%lld.%03lld000000", (long long)(until_ms / MS_PER_S),
                      (long long)(until_ms % MS_PER_S));
}

static void ask_or_tell(void *context)
{
    struct asking *asking = context;
    bool unnamed = asking->operation.docker->engine.podman || asking->asked.signal == 0;
    if (unnamed || ask_engine(asking) != 0) {
        tell(asking, RUNTIME_HISTORY_UNKNOWN);
    }
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
    asking->later = loop_timer_new(docker->loop, ask_or_tell, asking);
    asking->fn = fn;
    asking->context = context;
    asking->asked =
        (struct docker_history){.container_id = asking->container_id,
                                .signal = signal_name_number(span_of(signal)),
                                .since_unix_ms = since_unix_ms + docker->clock_ahead_ms};
    if (asking->container_id == NULL || asking->later == NULL) {
        tell(asking, RUNTIME_HISTORY_UNKNOWN);
    } else {
        loop_timer_arm(asking->later, 0);
    }
}
