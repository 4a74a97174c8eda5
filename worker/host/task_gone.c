#include "worker/host/task_gone.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/exit_result.h"

enum { EXITS_REMEMBERED = 256 };

/** An exit as an event told it. */
struct told_exit {
    char *container_id;
    struct optional_integer exit_code;
    int64_t at_unix_ms;
};

/** A task whose runs are inspected, one after another. */
struct inquiry {
    struct inquiry *next;
    struct task_gone *gone;
    struct task base; /**< as it was when the inquiry began */
    struct run_result *results;
    size_t done;
};

struct task_gone {
    struct discovery_environment env;
    struct told_exit exits[EXITS_REMEMBERED]; /**< a ring */
    size_t next_exit;
    struct inquiry *inquiries;
};

struct task_gone *task_gone_new(const struct discovery_environment *environment, struct error *err)
{
    struct task_gone *gone = memory_calloc(1, sizeof *gone);
    if (gone == NULL) {
        error_no_memory(err, "starting discovery");
        return NULL;
    }
    gone->env = *environment;
    return gone;
}

static void end_inquiry(struct inquiry *inquiry)
{
    struct inquiry **link = &inquiry->gone->inquiries;
    while (*link != inquiry) {
        link = &(*link)->next;
    }
    *link = inquiry->next;
    task_release(&inquiry->base);
    memory_free(inquiry);
}

void task_gone_free(struct task_gone *gone)
{
    if (gone == NULL) {
        return;
    }
    while (gone->inquiries != NULL) {
        end_inquiry(gone->inquiries);
    }
    for (size_t i = 0; i < EXITS_REMEMBERED; i++) {
        memory_free(gone->exits[i].container_id);
    }
    memory_free(gone);
}

void task_gone_on_exit(struct task_gone *gone, const struct runtime_event *event)
{
    struct told_exit *exit = &gone->exits[gone->next_exit++ % EXITS_REMEMBERED];
    memory_free(exit->container_id);
    exit->container_id = memory_strdup(event->container_id);
    exit->exit_code = event->exit_code;
    exit->at_unix_ms = event->at_unix_ms;
}

/* The code of the exit between this run's start and the next one's. */
static struct optional_integer told_code(const struct task_gone *gone, struct run run,
                                         const struct runtime_container *now)
{
    int64_t before = now == NULL ? INT64_MAX : now->described.started_at;
    for (size_t i = 1; i <= EXITS_REMEMBERED && i <= gone->next_exit; i++) {
        const struct told_exit *exit = &gone->exits[(gone->next_exit - i) % EXITS_REMEMBERED];
        if (exit->container_id != NULL && strcmp(exit->container_id, run.container_id) == 0 &&
            exit->at_unix_ms >= run.started_at && exit->at_unix_ms <= before) {
            return exit->exit_code;
        }
    }
    return (struct optional_integer){0};
}

/* Nobody may have asked to stop it meanwhile, and no newer description may have come. */
static bool still_holds(const struct inquiry *inquiry)
{
    const struct discovery_environment *env = &inquiry->gone->env;
    int64_t pos = 0;
    const struct task *base =
        projector_base(env->projector, inquiry->base.cluster, inquiry->base.id, &pos);
    const struct task *own = stopper_own(env->stopper, inquiry->base.id);
    return base != NULL && !task_is_terminal(base) && base->request_event_id == NULL &&
           base->revision == inquiry->base.revision &&
           (own == NULL || (own->plan.count == 0 && !task_is_terminal(own))) &&
           !stopper_concerned(env->stopper, inquiry->base.id) && env->settled(env->context);
}

static const char *why(const struct inquiry *inquiry)
{
    for (size_t i = 0; i < inquiry->done; i++) {
        if (inquiry->results[i].exit_code.known || inquiry->results[i].finished_at != 0) {
            return "all containers of the task exited";
        }
    }
    return "the task's containers vanished while nobody watched";
}

static void write_gone(struct inquiry *inquiry)
{
    const struct discovery_environment *env = &inquiry->gone->env;
    char id[37];
    struct event event = {0};
    struct error err = {0};
    int result = identity_event(env->identity, EVENT_TASK_GONE, inquiry->base.id,
                                clock_wall_ms(env->clock), id, &event, &err);
    if (result == 0) {
        event.account = inquiry->base.account;
        event.region = inquiry->base.region;
        event.cluster = inquiry->base.cluster;
        event.task_ended.results.items = inquiry->results;
        event.task_ended.results.count = inquiry->done;
        event.task_ended.reason = why(inquiry);
        result = stopper_write(env->stopper, &event, &err);
    }
    if (result != 0) {
        log_error("discovery.gone", "the end of a task could not be written, trying again later",
                  LOG_STR("task", inquiry->base.id), LOG_STR("error", err.message));
    } else {
        log_info("discovery.gone", "a task ended without a StopTask",
                 LOG_STR("task", inquiry->base.id), LOG_STR("why", why(inquiry)));
    }
}

static void inspect_next(struct inquiry *inquiry);

static void on_inspected(void *context, const struct error *error,
                         const struct runtime_container *container)
{
    struct inquiry *inquiry = context;
    const struct described_container *d =
        &inquiry->base.description.containers.items[inquiry->done];
    struct run run = {.container_id = d->container_id, .started_at = d->started_at};
    struct run_result *result = &inquiry->results[inquiry->done];
    char reason[EXIT_REASON_MAX_BYTES];
    if (error != NULL ||
        !exit_result_of(run, d->name, container, told_code(inquiry->gone, run, container), reason,
                        result)) {
        end_inquiry(inquiry);
        return;
    }
    if (result->reason != NULL) {
        result->reason = arena_strdup(&inquiry->base.arena, reason);
    }
    inquiry->done++;
    inspect_next(inquiry);
}

static void inspect_next(struct inquiry *inquiry)
{
    struct runtime *runtime = inquiry->gone->env.runtime;
    const struct description *description = &inquiry->base.description;
    if (inquiry->done < description->containers.count) {
        runtime->ops->inspect(runtime, description->containers.items[inquiry->done].container_id,
                              on_inspected, inquiry);
        return;
    }
    if (still_holds(inquiry)) {
        write_gone(inquiry);
    }
    end_inquiry(inquiry);
}

void task_gone_begin(struct task_gone *gone, const struct task *base)
{
    struct error err = {0};
    for (const struct inquiry *other = gone->inquiries; other != NULL; other = other->next) {
        if (strcmp(other->base.id, base->id) == 0) {
            return;
        }
    }
    struct inquiry *inquiry = memory_calloc(1, sizeof *inquiry);
    if (inquiry == NULL) {
        return;
    }
    inquiry->gone = gone;
    inquiry->next = gone->inquiries;
    gone->inquiries = inquiry;
    if (task_copy(base, &inquiry->base, &err) == 0) {
        inquiry->results =
            arena_alloc(&inquiry->base.arena,
                        (base->description.containers.count + 1) * sizeof *inquiry->results);
    }
    if (inquiry->results == NULL) {
        end_inquiry(inquiry);
        return;
    }
    inspect_next(inquiry);
}
