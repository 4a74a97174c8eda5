/** common/io/loop.h on virtual time. */

#include <stdlib.h>

#include "common/io/loop.h"
#include "tests/sim/sim.h"

struct loop {
    bool stopped;
    int exit_code;
    loop_signal_fn *on_signal;
    void *signal_context;
};

struct loop_timer {
    loop_timer_fn *fn;
    void *context;
    uint64_t armings;
    int owner;
    bool armed;
};

/** One arming; outlives the timer. */
struct arming {
    struct loop_timer *timer;
    uint64_t number;
};

/* Never freed within a process: a signal may be on its way. */
struct loop *loop_new(struct error *err)
{
    (void)err;
    sim.worker->loop = calloc(1, sizeof(struct loop));
    if (sim.worker->loop == NULL) {
        abort();
    }
    return sim.worker->loop;
}

void loop_free(struct loop *loop)
{
    (void)loop;
}

struct event_base *loop_base(struct loop *loop)
{
    (void)loop;
    return NULL;
}

int loop_run(struct loop *loop)
{
    while (!loop->stopped) {
        sim_worker_yield();
        void *context;
        sim_fn *fn = sim_worker_take(&context);
        if (fn != NULL) {
            fn(context);
        }
    }
    loop->stopped = false;
    return loop->exit_code;
}

void loop_stop(struct loop *loop, int exit_code)
{
    loop->stopped = true;
    loop->exit_code = exit_code;
}

int loop_on_termination(struct loop *loop, loop_signal_fn *fn, void *context, struct error *err)
{
    (void)err;
    loop->on_signal = fn;
    loop->signal_context = context;
    return 0;
}

static void terminate(void *context)
{
    struct loop *loop = context;
    if (loop->on_signal != NULL) {
        loop->on_signal(15, loop->signal_context);
    }
}

void sim_worker_end(void)
{
    sim_say("SIGTERM to w%d", sim.worker->number);
    sim_after(0, sim.worker->number, terminate, sim.worker->loop);
}

/* ---- timers: never freed within a process, since armings point to them ---- */

struct loop_timer *loop_timer_new(struct loop *loop, loop_timer_fn *fn, void *context)
{
    (void)loop;
    struct loop_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL) {
        abort();
    }
    *timer = (struct loop_timer){.fn = fn, .context = context, .owner = sim.worker->number};
    return timer;
}

static void fire(void *context)
{
    struct arming arming = *(struct arming *)context;
    free(context);
    if (arming.timer->armed && arming.timer->armings == arming.number) {
        arming.timer->armed = false;
        arming.timer->fn(arming.timer->context);
    }
}

void loop_timer_arm(struct loop_timer *timer, int64_t delay_ms)
{
    struct arming *arming = malloc(sizeof *arming);
    if (arming == NULL) {
        abort();
    }
    timer->armed = true;
    *arming = (struct arming){.timer = timer, .number = ++timer->armings};
    sim_after(delay_ms, timer->owner, fire, arming);
}

void loop_timer_disarm(struct loop_timer *timer)
{
    timer->armed = false;
}

bool loop_timer_armed(const struct loop_timer *timer)
{
    return timer->armed;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer != NULL) {
        timer->armed = false;
    }
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned what, loop_watch_fn *fn,
                                  void *context)
{
    (void)loop;
    (void)fd;
    (void)what;
    (void)fn;
    (void)context;
    return NULL;
}

void loop_watch_free(struct loop_watch *watch)
{
    (void)watch;
}
