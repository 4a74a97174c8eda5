/** How a worker ends: at once, or once the stops under way are carried out. */

#include "common/base/log.h"
#include "worker/host/end_limit.h"
#include "worker/host/worker_state.h"

enum {
    END_MS = 300, /* for the last commit */
    FINISH_LOOK_MS = 200
};

void worker_give_up(struct worker *worker, enum worker_exit status)
{
    worker->exit = status;
    loop_stop(worker->loop, (int)status);
}

void worker_limit_end(struct worker *worker, enum worker_exit status, const char *why)
{
    if (!worker->end_limited) {
        worker->end_limited = true;
        end_limit_start(WORKER_END_LIMIT_MS, (int)status, why);
    }
}

static void say_under_way(void *context, const struct task *base)
{
    const struct worker *worker = context;
    const struct task *own = stopper_own(worker->stopper, base->id);
    if (own != NULL && own->plan.count > 0 && !task_is_terminal(own)) {
        log_info("worker.leaves", "a stop is left to the next start, its grace runs on",
                 LOG_STR("task", base->id), LOG_INT("signals", own->signals.count),
                 LOG_INT("ended", own->exits.count), LOG_INT("containers", own->plan.count));
    }
}

static void end(struct worker *worker)
{
    worker_limit_end(worker, WORKER_EXIT_OK, NULL);
    if (worker->acting) {
        discovery_stop(worker->discovery);
        projector_each_open(worker->projector, say_under_way, worker);
        log_intake_commit(worker->intake);
    }
    loop_timer_arm(worker->end, worker->acting ? END_MS : 0);
}

void worker_on_end(void *context)
{
    struct worker *worker = context;
    if (!worker->finishing) {
        worker_give_up(worker, WORKER_EXIT_OK);
    } else if (stopper_idle(worker->stopper)) {
        worker->finishing = false;
        end(worker);
    } else {
        loop_timer_arm(worker->end, FINISH_LOOK_MS);
    }
}

void worker_on_termination(int signal, void *context)
{
    struct worker *worker = context;
    if (worker->ending && !worker->finishing) {
        return;
    }
    bool again = worker->ending;
    worker->ending = true;
    worker->finishing = !again && worker->acting && !stopper_idle(worker->stopper) &&
                        worker->options->on_termination == WORKER_FINISHES_STOPS;
    log_info("worker.ends",
             worker->finishing ? "ending once the stops under way are carried out; a second signal "
                                 "leaves them to the next start"
                               : "ending",
             LOG_INT("signal", signal), LOG_INT("limit_ms", WORKER_END_LIMIT_MS));
    if (worker->finishing) {
        loop_timer_arm(worker->end, FINISH_LOOK_MS);
    } else {
        end(worker);
    }
}
