/** The promises, at what the worker journals and asks of the engine. Nothing is kept in memory of the worker's. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/check.h"
#include "worker/host/journal_record.h"

enum {
    LEAST_GRACE_MS = 1000,
    /* while nothing new goes wrong, calls that get lost and the longest back-off take no longer than this */
    LATE_MS = 40000
};

/** Who stops a run: StopAccepted as they were said, in that order. */
struct stopped_run {
    char task[40];
    struct run run;
    bool first_plan; /**< it is in the first plan of its task */
};

static struct stopped_run *stopped;
static size_t stopped_count, stopped_room;
static char **said;
static size_t said_count, said_room;

static struct run keep_run(struct run run)
{
    return (struct run){sim_container_find(run.container_id)->id, run.started_at};
}

/** @return true the first time */
static bool say_once(const char *id)
{
    for (size_t i = said_count; i > 0; i--) {
        if (strcmp(said[i - 1], id) == 0) {
            return false;
        }
    }
    if (said_count == said_room) {
        said_room = said_room == 0 ? 64 : 2 * said_room;
        said = realloc(said, said_room * sizeof *said);
        if (said == NULL) {
            abort();
        }
    }
    said[said_count++] = strdup(id);
    return true;
}

/* ---- SIGKILL and its time ---- */

static int64_t least_grace(int64_t asked_ms)
{
    return asked_ms == 0 || asked_ms >= LEAST_GRACE_MS ? asked_ms : LEAST_GRACE_MS;
}

/** The newest grace that the worker took up, in the order of the log. */
static int64_t grace_of(const struct sim_task *task, const struct sim_container *container)
{
    int64_t grace_ms = container->grace_ms;
    for (int i = 0; i < task->request_count; i++) {
        const struct sim_request *request = &task->requests[i];
        if (request->named && !request->repeated && request->timeout_ms.known) {
            int64_t asked_ms = least_grace(request->timeout_ms.value);
            /* of two workers either may know an older one alone */
            grace_ms = sim.elder_ever && grace_ms < asked_ms ? grace_ms : asked_ms;
        }
    }
    return grace_ms;
}

static void check_kill(const char *task_id, struct run name)
{
    struct sim_run *run = sim_run_find(name);
    const struct sim_container *container = sim_container_find(name.container_id);
    const struct sim_task *task = sim_task_find(task_id);
    if (run == NULL || run->kill_meant || task == NULL) {
        return;
    }
    run->kill_meant = true;
    int64_t grace_ms = grace_of(task, container);
    if (grace_ms == 0) {
        return;
    }
    if (run->signals == 0 && run->pre_stops == 0) {
        sim_broken("I3 SIGKILL not before the grace has run out", "%s has had no stop signal",
                   container->name);
        return;
    }
    int64_t last = run->signals > 0 ? run->signal_boot_ms[run->signals - 1] : 0;
    last = run->pre_stops > 0 && run->pre_stop_boot_ms > last ? run->pre_stop_boot_ms : last;
    int64_t first =
        run->pre_stop_said || run->signals == 0 ? run->pre_stop_boot_ms : run->signal_boot_ms[0];
    int64_t mended = sim.disturbed_ms - sim.boot_at_ms;
    int64_t due = last + grace_ms > mended ? last + grace_ms : mended;
    if (sim_boot_ms() > due + LATE_MS && !sim.elder_ever) {
        sim_broken("a grace is not longer than it was said to be",
                   "%s: %lld ms late, and all is well since %lld ms", container->name,
                   (long long)(sim_boot_ms() - last - grace_ms),
                   (long long)(sim_boot_ms() - mended));
    }
    /* of two workers either may count from its own start of the pre-stop command, or from its own signal */
    bool unsure = sim.elder_ever && container->has_pre_stop;
    if (!unsure && sim_boot_ms() < first + grace_ms) {
        sim_broken("I3 SIGKILL not before the grace has run out", "%s: after %lld of %lld ms",
                   container->name, (long long)(sim_boot_ms() - first), (long long)grace_ms);
    }
}

/* ---- what is said ---- */

static const struct stopped_run *stopped_by(const char *task, struct run run)
{
    for (size_t i = 0; i < stopped_count; i++) {
        if (run_equal(stopped[i].run, run) &&
            (task == NULL || strcmp(stopped[i].task, task) == 0)) {
            return &stopped[i];
        }
    }
    return NULL;
}

static bool has_plan(const char *task)
{
    for (size_t i = 0; i < stopped_count; i++) {
        if (strcmp(stopped[i].task, task) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_new(const struct sim_task *task, const struct event *event)
{
    for (size_t i = 0; i < event->stop_accepted.requests.count; i++) {
        const struct sim_request *request =
            sim_request_find(task, event->stop_accepted.requests.items[i]);
        if (request != NULL && !request->named) {
            return true;
        }
    }
    return false;
}

/** A plan that repeats an old grace although a request changes it says that SIGKILL was decided on: then it was due before. */
static void check_fixed(const struct event *event, int64_t asked_ms)
{
    for (size_t i = 0; i < event->stop_accepted.plan.count; i++) {
        struct run run = run_of_planned(&event->stop_accepted.plan.items[i]);
        const struct sim_run *truth = sim_run_find(run);
        if (event->stop_accepted.plan.items[i].grace_ms != asked_ms && !truth->exit_said) {
            check_kill(event->task, run);
        }
    }
}

static void plan(const struct event *event)
{
    bool first = !has_plan(event->task);
    struct sim_task *task = sim_task_find(event->task);
    if (!first && task != NULL && names_new(task, event)) {
        const char *newest =
            event->stop_accepted.requests.items[event->stop_accepted.requests.count - 1];
        const struct sim_request *request = sim_request_find(task, newest);
        if (request != NULL && request->timeout_ms.known) {
            check_fixed(event, least_grace(request->timeout_ms.value));
        }
    }
    for (size_t i = 0; i < event->stop_accepted.plan.count; i++) {
        struct run run = run_of_planned(&event->stop_accepted.plan.items[i]);
        if (stopped_by(event->task, run) != NULL) {
            continue;
        }
        if (stopped_count == stopped_room) {
            stopped_room = stopped_room == 0 ? 64 : 2 * stopped_room;
            stopped = realloc(stopped, stopped_room * sizeof *stopped);
            if (stopped == NULL) {
                abort();
            }
        }
        struct stopped_run *entry = &stopped[stopped_count++];
        *entry = (struct stopped_run){.run = keep_run(run), .first_plan = first};
        memcpy(entry->task, event->task, strnlen(event->task, sizeof entry->task - 1));
    }
    for (size_t i = 0; task != NULL && i < event->stop_accepted.requests.count; i++) {
        struct sim_request *request =
            sim_request_find(task, event->stop_accepted.requests.items[i]);
        if (request != NULL) {
            request->named = true;
        }
    }
}

static void check_result(const struct run_result *result)
{
    struct sim_run *run = sim_run_find(run_of_result(result));
    if (run == NULL) {
        sim_broken("I5 exit codes are the engine's", "%s: no such run", result->name);
        return;
    }
    if (run->on) {
        sim_broken("I7 no end is said of what runs", "%s", result->name);
    }
    if (result->exit_code.known && result->exit_code.value != run->exit_code) {
        sim_broken("I5 exit codes are the engine's", "%s: said %lld, was %lld", result->name,
                   (long long)result->exit_code.value, (long long)run->exit_code);
    }
    if (!run->exit_said) {
        run->exit_said_step = sim.steps;
        run->exit_said_by = sim.worker->number;
    }
    run->exit_said = true;
}

/** Since its exit was recorded each container was looked at again: it may have been started anew. */
static void check_last_look(const struct event *event)
{
    for (size_t i = 0; i < event->task_ended.results.count; i++) {
        struct run name = run_of_result(&event->task_ended.results.items[i]);
        const struct sim_container *container = sim_container_find(name.container_id);
        const struct sim_run *run = sim_run_find(name);
        if (run != NULL && !sim.elder_ever &&
            (container->looked_by != sim.worker->number ||
             container->looked_step <= run->exit_said_step)) {
            sim_broken("the end is said after a last look at each container", "%s",
                       container->name);
        }
    }
}

static void check_sent(const struct event *event, bool kill)
{
    const struct sim_run *run = sim_run_find(event->signal_sent.run);
    if (run == NULL || (kill ? run->kills : run->signals) == 0) {
        sim_broken("a signal is called sent only after the engine said so", "%s run %lld",
                   sim_container_find(event->signal_sent.run.container_id)->name,
                   (long long)event->signal_sent.run.started_at);
    } else if (!kill) {
        sim_run_find(event->signal_sent.run)->signal_said = true;
        sim_run_find(event->signal_sent.run)->signal_said_by = sim.worker->number;
    }
}

/** A worker that knows of no journal takes each stop that was asked for before its record for one that somebody may have acted on. */
void sim_check_started(const struct event *event)
{
    for (int i = 0; i < sim.task_count && !event->worker_started.journal_found; i++) {
        sim.tasks[i]->suspect = sim.tasks[i]->suspect || sim.tasks[i]->request_count > 0;
    }
}

void sim_check_said(const struct event *event)
{
    if (event->type == EVENT_WORKER_STARTED) {
        sim_check_started(event);
        sim.start_unlogged = !event->worker_started.journal_found;
    }
    if (!event_is_workers_own(event->type) || event->task == NULL || !say_once(event->id)) {
        return;
    }
    sim_say("w%d says: %s %.6s", sim.worker->number, event->type_name, event->task);
    if (event->type == EVENT_STOP_ACCEPTED) {
        plan(event);
    } else if (event->type == EVENT_CONTAINER_EXITED) {
        check_result(&event->container_exited.result);
    } else if (event->type == EVENT_TASK_STOPPED || event->type == EVENT_TASK_GONE) {
        if (event->type == EVENT_TASK_STOPPED) {
            check_last_look(event);
        }
        for (size_t i = 0; i < event->task_ended.results.count; i++) {
            check_result(&event->task_ended.results.items[i]);
        }
    } else if (event->type == EVENT_SIGNAL_SENT || event->type == EVENT_KILL_SENT) {
        check_sent(event, event->type == EVENT_KILL_SENT);
    } else if (event->type == EVENT_PRE_STOP_STARTED) {
        sim_check_pre_stop_started(event);
    }
}

void sim_check_intent(const char *task, struct run run, const char *signal)
{
    struct sim_run *truth = sim_run_find(run);
    if (strcmp(signal, "SIGKILL") == 0) {
        check_kill(task, run);
    } else if (truth != NULL && strcmp(signal, JOURNAL_INTENT_PRE_STOP) == 0) {
        truth->pre_stop_meant = true;
    }
}

void sim_check_quiet_hours(int worker)
{
    for (int i = 0; i < sim.container_count && sim.worker->number == worker; i++) {
        const struct sim_run *run = sim_run_now(&sim.containers[i]);
        if (run->on && run->signal_said_by == worker && run->behaviour != SIM_UNKILLABLE &&
            sim.worker->frozen_until_ms <= sim.now_ms) {
            sim_broken("a stop under way ends while Kafka or Redis is away", "%s runs still",
                       sim.containers[i].name);
        }
    }
}

/* ---- a signal ---- */

static bool is_described(const struct task *fold, struct run run)
{
    return task_described(fold, run) != NULL;
}

static void check_owner(struct run run)
{
    const struct stopped_run *by = stopped_by(NULL, run);
    const struct sim_task *task = by == NULL ? NULL : sim_task_find(by->task);
    const char *name = sim_container_find(run.container_id)->name;
    if (task == NULL || task->request_count == 0) {
        sim_broken("no signal without a StopTask", "%s", name);
        return;
    }
    /* of two workers either may be about to record what the other does not know of */
    for (int i = 0; i < sim.task_count && !sim.elder_ever; i++) {
        const struct sim_task *other = sim.tasks[i];
        if (other != task && is_described(&other->fold, run) && !is_described(&task->fold, run) &&
            stopped_by(other->id, run) == NULL) {
            sim_broken("no run of another task is stopped", "%s, which is of %.6s, by %.6s", name,
                       other->id, task->id);
        }
    }
}

/** What needs this container has ended, if it was in the same first plan. */
static void check_order(struct run run)
{
    const struct stopped_run *by = stopped_by(NULL, run);
    for (int i = 0; i < sim.container_count; i++) {
        struct sim_container *other = &sim.containers[i];
        if (other->needs < 0 || strcmp(sim.containers[other->needs].id, run.container_id) != 0) {
            continue;
        }
        const struct sim_run *now = sim_run_now(other);
        struct run name = {other->id, now->started_at};
        const struct stopped_run *planned = by == NULL ? NULL : stopped_by(by->task, name);
        if (now->on && planned != NULL && planned->first_plan && by->first_plan) {
            sim_broken("a container ends before those that it needs", "%s runs still", other->name);
        }
    }
}

void sim_check_signal(struct run run, const char *signal, bool arrives)
{
    struct sim_run *truth = sim_run_find(run);
    const struct stopped_run *by = stopped_by(NULL, run);
    bool kill = strcmp(signal, "SIGKILL") == 0;
    if (truth == NULL) {
        sim_broken("no run of another task is stopped", "there is no such run");
        return;
    }
    /* What one of two workers did and saw the other may not know: it is lost with that one's state directory. */
    bool both = sim.elder_ever && !arrives;
    truth->of_two = truth->of_two || sim_worker_elder() != NULL;
    const struct sim_task *task = by == NULL ? NULL : sim_task_find(by->task);
    truth->state_lost = truth->state_lost || truth->of_two || (task != NULL && task->suspect);
    if (truth->exit_said && (!both || truth->exit_said_by == sim.worker->number)) {
        sim_broken("I4 no signal after the exit was seen", "%s",
                   sim_container_find(run.container_id)->name);
    }
    if (kill && by != NULL) {
        check_kill(by->task, run);
    } else if (!arrives && truth->signal_said &&
               (!both || truth->signal_said_by == sim.worker->number)) {
        sim_broken("I2 no stop signal once one is recorded", "%s",
                   sim_container_find(run.container_id)->name);
    }
    if (!arrives && !kill) {
        if (truth->open_call && !truth->state_lost) {
            sim_broken("a signal of unknown outcome is not repeated without asking for it", "%s",
                       sim_container_find(run.container_id)->name);
        }
        truth->open_call = true;
        sim_check_pre_stop_over(run, truth);
    }
    if (arrives) {
        check_owner(run);
        if (!kill) {
            check_order(run);
        }
    }
}

void sim_check_settles(struct run run)
{
    struct sim_run *truth = sim_run_find(run);
    if (truth != NULL) {
        truth->open_call = false;
    }
}

void sim_check_state_lost(void)
{
    for (size_t i = 0; i < stopped_count; i++) {
        struct sim_run *run = sim_run_find(stopped[i].run);
        const struct sim_task *task = sim_task_find(stopped[i].task);
        const struct pre_stop_run *pre_stop =
            task == NULL ? NULL : task_pre_stop(&task->fold, stopped[i].run);
        run->pre_stop_said = pre_stop != NULL && pre_stop->begun_boot_ms != 0;
        if (task == NULL || task_signal(&task->fold, stopped[i].run) == NULL) {
            run->state_lost = true;
            run->signal_said = false; /* what is lost with the state directory may be done again */
        }
    }
}
