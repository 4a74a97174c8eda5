#include "worker/host/task_gone.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/exit_result.h"

/** A task whose runs are inspected, one after another. */
struct inquiry {
    struct inquiry *next;
    struct task_gone *gone;
    struct task base; /**< as it was when the inquiry began */
    struct run_result *results;
    size_t done;
    const char *left; /**< why some run that is alive is somebody else's; NULL: none is */
};

struct task_gone {
    struct discovery_environment env;
    const struct flights *flights;
    const struct left_alone *left;
    struct inquiry *inquiries;
};

struct task_gone *task_gone_new(const struct discovery_environment *environment,
                                const struct flights *flights, const struct left_alone *left,
                                struct error *err)
{
    struct task_gone *gone = memory_calloc(1, sizeof *gone);
    if (gone == NULL) {
        error_no_memory(err, "starting discovery");
        return NULL;
    }
    gone->env = *environment;
    gone->flights = flights;
    gone->left = left;
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
    memory_free(gone);
}

/* No stop may be asked for or under way: it has an end of its own, but where all that lives is somebody else's, for it then has nothing to signal. That of a task which the log never observed cannot begin; only
 * what the journal of an older log knows may be under way. */
static bool is_stopped_by_others(const struct inquiry *inquiry, const struct task *base)
{
    const struct stopper *stopper = inquiry->gone->env.stopper;
    const struct task *own = stopper_own(stopper, inquiry->base.id);
    bool planned = own != NULL && own->plan.count > 0;
    bool over = own != NULL && task_is_terminal(own);
    if (inquiry->base.revision == 0) {
        return planned && !over;
    }
    if (inquiry->left != NULL) {
        return planned || over;
    }
    return planned || over || base->request_event_id != NULL ||
           stopper_concerned(stopper, inquiry->base.id);
}

/* No newer description may have come or be on its way meanwhile. */
static bool still_holds(const struct inquiry *inquiry)
{
    const struct discovery_environment *env = &inquiry->gone->env;
    int64_t pos = 0;
    const struct task *base =
        projector_base(env->projector, inquiry->base.cluster, inquiry->base.id, &pos);
    return base != NULL && !task_is_terminal(base) && !is_stopped_by_others(inquiry, base) &&
           base->revision == inquiry->base.revision &&
           flights_find(inquiry->gone->flights, inquiry->base.id) == NULL &&
           env->settled(env->context);
}

static const char *why(const struct inquiry *inquiry)
{
    if (inquiry->base.revision == 0) {
        return "the log never described the task, and nothing of it runs";
    }
    if (inquiry->left != NULL) {
        return "what runs of the task is somebody else's by now";
    }
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

/* It has not ended, and is not this worker's to end: so says its result. @return true if so */
static bool leave(struct inquiry *inquiry, struct run run, const char *name,
                  const struct runtime_container *container, struct run_result *ret_result)
{
    const struct task_gone *gone = inquiry->gone;
    char reason[EXIT_REASON_MAX_BYTES];
    const char *left = container == NULL || !grouping_is_alive(container)
                           ? NULL
                           : left_alone_listed(gone->left, run.container_id);
    if (left == NULL) {
        return false;
    }
    snprintf(reason, sizeof reason, "LeftAlone: it was not stopped: %s", left);
    *ret_result = (struct run_result){.container_id = run.container_id,
                                      .started_at = run.started_at,
                                      .name = name,
                                      .reason = arena_strdup(&inquiry->base.arena, reason)};
    inquiry->left = left;
    return true;
}

static void on_inspected(void *context, const struct error *error,
                         const struct runtime_container *container)
{
    struct inquiry *inquiry = context;
    const struct described_container *d =
        &inquiry->base.description.containers.items[inquiry->done];
    struct run run = {.container_id = d->container_id, .started_at = d->started_at};
    struct run_result *result = &inquiry->results[inquiry->done];
    char reason[EXIT_REASON_MAX_BYTES];
    if (error == NULL && leave(inquiry, run, d->name, container, result)) {
        inquiry->done++;
        inspect_next(inquiry);
        return;
    }
    if (error != NULL ||
        !exit_result_of(run, d->name, container, stopper_told_code(inquiry->gone->env.stopper, run),
                        reason, result)) {
        end_inquiry(inquiry);
        return;
    }
    if (result->reason != NULL) {
        result->reason = arena_strdup(&inquiry->base.arena, reason);
    }
    inquiry->done++;
    inspect_next(inquiry);
}

/* What ended before is known from the log: the runtime may have removed it, or run it again. */
static void take_ended(struct inquiry *inquiry)
{
    const struct description *description = &inquiry->base.description;
    while (inquiry->done < description->containers.count &&
           description->containers.items[inquiry->done].ended) {
        (void)task_described_end(&inquiry->base, &description->containers.items[inquiry->done],
                                 &inquiry->results[inquiry->done]);
        inquiry->done++;
    }
}

static void inspect_next(struct inquiry *inquiry)
{
    struct runtime *runtime = inquiry->gone->env.runtime;
    const struct description *description = &inquiry->base.description;
    take_ended(inquiry);
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
