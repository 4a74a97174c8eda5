#include "common/io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include <event2/event.h>

#include "common/base/memory.h"

static const int TERMINATION_SIGNALS[] = {SIGTERM, SIGINT};
enum { TERMINATION_COUNT = sizeof TERMINATION_SIGNALS / sizeof TERMINATION_SIGNALS[0] };

struct loop {
    struct event_base *base;
    bool stopping;
    int exit_code;
    struct event *termination[TERMINATION_COUNT];
    loop_signal_fn *on_termination;
    void *on_termination_context;
};

struct loop_timer {
    struct event *event;
    loop_timer_fn *fn;
    void *context;
};

struct loop_watch {
    struct event *event;
    loop_watch_fn *fn;
    void *context;
};

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL) {
        /* The cached time is that of the turn's begin and the coarse clock lags: with either a
         * timer could fire before its delay is over. */
        if (event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0 &&
            event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0) {
            base = event_base_new_with_config(config);
        }
        event_config_free(config);
    }
    return base;
}

struct loop *loop_new(struct error *err)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct loop *loop = memory_calloc(1, sizeof *loop);

    if (loop == NULL) {
        error_no_memory(err, "making the event loop");
        return NULL;
    }
    loop->base = new_base();
    if (loop->base == NULL) {
        error_set_errno(err, errno, "could not make the event loop");
        memory_free(loop);
        return NULL;
    }
    (void)sigaction(SIGPIPE, &ignore, NULL);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    for (size_t i = 0; i < TERMINATION_COUNT; i++) {
        if (loop->termination[i] != NULL) {
            event_free(loop->termination[i]);
        }
    }
    event_base_free(loop->base);
    memory_free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

int loop_run(struct loop *loop)
{
    while (!loop->stopping) {
        if (event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0) {
            return -1;
        }
    }
    loop->stopping = false;
    return loop->exit_code;
}

void loop_stop(struct loop *loop, int exit_code)
{
    loop->stopping = true;
    loop->exit_code = exit_code;
    (void)event_base_loopbreak(loop->base);
}

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
    struct loop_timer *timer = context;

    (void)fd;
    (void)what;
    timer->fn(timer->context);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *context)
{
    struct loop_timer *timer = memory_calloc(1, sizeof *timer);

    if (timer == NULL) {
        return NULL;
    }
    timer->fn = fn;
    timer->context = context;
    timer->event = evtimer_new(loop->base, timer_fired, timer);
    if (timer->event == NULL) {
        memory_free(timer);
        return NULL;
    }
    return timer;
}

void loop_timer_arm(struct loop_timer *timer, int64_t delay_ms)
{
    const struct timeval delay = {
        .tv_sec = (time_t)(delay_ms / 1000),
        .tv_usec = (suseconds_t)(delay_ms % 1000) * 1000,
    };

    (void)evtimer_add(timer->event, &delay);
}

void loop_timer_disarm(struct loop_timer *timer)
{
    (void)evtimer_del(timer->event);
}

bool loop_timer_armed(const struct loop_timer *timer)
{
    return evtimer_pending(timer->event, NULL) != 0;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer == NULL) {
        return;
    }
    event_free(timer->event);
    memory_free(timer);
}

static void watch_fired(evutil_socket_t fd, short what, void *context)
{
    struct loop_watch *watch = context;
    unsigned told = 0;

    if ((what & EV_READ) != 0) {
        told |= LOOP_READ;
    }
    if ((what & EV_WRITE) != 0) {
        told |= LOOP_WRITE;
    }
    watch->fn(fd, told, watch->context);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned what, loop_watch_fn *fn,
                                  void *context)
{
    const int events = EV_PERSIST | ((what & LOOP_READ) != 0 ? EV_READ : 0) |
                       ((what & LOOP_WRITE) != 0 ? EV_WRITE : 0);
    struct loop_watch *watch = memory_calloc(1, sizeof *watch);

    if (watch == NULL) {
        return NULL;
    }
    watch->fn = fn;
    watch->context = context;
    watch->event = event_new(loop->base, fd, (short)events, watch_fired, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        loop_watch_free(watch);
        return NULL;
    }
    return watch;
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    if (watch->event != NULL) {
        event_free(watch->event);
    }
    memory_free(watch);
}

static void termination_arrived(evutil_socket_t signal_number, short what, void *context)
{
    struct loop *loop = context;

    (void)what;
    loop->on_termination(signal_number, loop->on_termination_context);
}

int loop_on_termination(struct loop *loop, loop_signal_fn *fn, void *context, struct error *err)
{
    if (loop->on_termination != NULL) {
        return error_set(err, ERROR_CONFLICT, "the loop's termination is watched already");
    }
    loop->on_termination = fn;
    loop->on_termination_context = context;
    for (size_t i = 0; i < TERMINATION_COUNT; i++) {
        loop->termination[i] =
            evsignal_new(loop->base, TERMINATION_SIGNALS[i], termination_arrived, loop);
        if (loop->termination[i] == NULL || evsignal_add(loop->termination[i], NULL) != 0) {
            return error_no_memory(err, "watching for SIGTERM and SIGINT");
        }
    }
    return 0;
}
