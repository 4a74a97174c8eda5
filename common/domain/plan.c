#include "common/domain/plan.h"

#include <stdio.h>
#include <string.h>

enum { WARNING_BYTES = 600 };

/** The graph while it is made: before[a * count + b] = a must end before b. */
struct graph {
    const struct description *description;
    struct plan *plan;
    bool *before;
    bool *over; /* ended and not started again, or left alone: no part of the plan */
    size_t count;
};

static int out_of_memory(struct error *err)
{
    return error_no_memory(err, "making a plan");
}

int64_t plan_grace_ms(struct optional_integer call_timeout_ms, struct optional_integer described_ms,
                      int64_t default_grace_ms)
{
    if (call_timeout_ms.known && call_timeout_ms.value <= 0) {
        return 0;
    }
    int64_t grace = default_grace_ms;
    if (call_timeout_ms.known) {
        grace = call_timeout_ms.value;
    } else if (described_ms.known) {
        grace = described_ms.value;
    }
    return grace < PLAN_GRACE_LEAST_MS ? PLAN_GRACE_LEAST_MS : grace;
}

static bool *edge(struct graph *graph, size_t first, size_t second)
{
    return &graph->before[first * graph->count + second];
}

/** Whether `from` must end before `to`, directly or by way of others. */
static bool leads_to(struct graph *graph, size_t from, size_t to, bool *visited)
{
    size_t *open = arena_alloc(&graph->plan->arena, graph->count * sizeof *open);
    size_t count = 0;
    if (open == NULL) {
        return true; /* the edge in question is then left out, with a warning */
    }
    memset(visited, 0, graph->count * sizeof *visited);
    open[count++] = from;
    visited[from] = true;
    while (count > 0) {
        size_t at = open[--count];
        if (at == to) {
            return true;
        }
        for (size_t next = 0; next < graph->count; next++) {
            if (*edge(graph, at, next) && !visited[next]) {
                visited[next] = true;
                open[count++] = next;
            }
        }
    }
    return false;
}

static int warn(struct graph *graph, const char *needs, const char *needed, struct error *err)
{
    struct plan *plan = graph->plan;
    char text[WARNING_BYTES];
    snprintf(
        text, sizeof text,
        "container %s is not stopped before %s, which it depends on: that would close a circle "
        "or put a sidecar first",
        needs, needed);
    const char **grown =
        arena_grow(&plan->arena, plan->warnings.items, plan->warnings.count, sizeof *grown);
    const char *kept = arena_strdup(&plan->arena, text);
    if (grown == NULL || kept == NULL) {
        return out_of_memory(err);
    }
    plan->warnings.items = grown;
    grown[plan->warnings.count++] = kept;
    return 0;
}

static int add_dependency(struct graph *graph, size_t needs, size_t needed, bool *visited,
                          struct error *err)
{
    const struct described_container *containers = graph->description->containers.items;
    if (needs == needed || graph->over[needs] || graph->over[needed] ||
        *edge(graph, needs, needed)) {
        return 0;
    }
    if (leads_to(graph, needed, needs, visited)) {
        return warn(graph, containers[needs].name, containers[needed].name, err);
    }
    *edge(graph, needs, needed) = true;
    return 0;
}

static int add_dependencies(struct graph *graph, size_t needs, bool *visited, struct error *err)
{
    const struct described_container *containers = graph->description->containers.items;
    const struct text_list *names = &containers[needs].depends_on;
    for (size_t i = 0; i < names->count; i++) {
        for (size_t needed = 0; needed < graph->count; needed++) {
            if (strcmp(containers[needed].name, names->items[i]) == 0 &&
                add_dependency(graph, needs, needed, visited, err) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

static int order(struct graph *graph, struct error *err)
{
    const struct described_container *containers = graph->description->containers.items;
    size_t cells = graph->count * graph->count;
    graph->before = arena_alloc(&graph->plan->arena, (cells + 1) * sizeof *graph->before);
    bool *visited = arena_alloc(&graph->plan->arena, (graph->count + 1) * sizeof *visited);
    if (graph->before == NULL || visited == NULL) {
        return out_of_memory(err);
    }
    for (size_t a = 0; a < graph->count; a++) {
        for (size_t b = 0; b < graph->count; b++) {
            *edge(graph, a, b) = !graph->over[a] && !graph->over[b] && !containers[a].sidecar &&
                                 containers[b].sidecar;
        }
    }
    for (size_t needs = 0; needs < graph->count; needs++) {
        if (add_dependencies(graph, needs, visited, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int list_before(struct graph *graph, size_t index, struct text_list *ret_after,
                       struct error *err)
{
    const struct described_container *containers = graph->description->containers.items;
    const char **ids = arena_alloc(&graph->plan->arena, (graph->count + 1) * sizeof(const char *));
    if (ids == NULL) {
        return out_of_memory(err);
    }
    size_t count = 0;
    for (size_t other = 0; other < graph->count; other++) {
        if (*edge(graph, other, index)) {
            ids[count++] = containers[other].container_id;
        }
    }
    *ret_after = (struct text_list){.items = ids, .count = count};
    return 0;
}

static void add_run(struct plan *plan, const struct planned_run *step, int64_t started_at)
{
    struct planned_run *run = &plan->runs.items[plan->runs.count++];
    *run = *step;
    run->started_at = started_at;
}

static int add_container(struct graph *graph, const struct plan_request *request, size_t index,
                         struct error *err)
{
    const struct described_container *container = &graph->description->containers.items[index];
    const struct plan_present *present = &request->present[index];
    struct planned_run step = {
        .container_id = container->container_id,
        .name = container->name,
        .signal = container->stop_signal == NULL ? "SIGTERM" : container->stop_signal,
        .grace_ms = plan_grace_ms(request->call_timeout_ms, container->stop_timeout_ms,
                                  request->default_grace_ms),
        .drain_delay_ms = container->drain_delay_ms,
        .pre_stop = container->pre_stop,
    };
    if (list_before(graph, index, &step.after, err) != 0) {
        return -1;
    }
    if (!container->ended) {
        add_run(graph->plan, &step, container->started_at);
    }
    if (present->running && !present->claimed && present->run.started_at != container->started_at) {
        add_run(graph->plan, &step, present->run.started_at);
    }
    return 0;
}

static bool is_over(const struct described_container *container, const struct plan_present *present)
{
    bool again =
        present->running && !present->claimed && present->run.started_at != container->started_at;
    return present->left || (container->ended && !again);
}

/** A container all of whose predecessors are placed; the circle-free graph always has one. */
static size_t next_to_place(struct graph *graph, const bool *placed)
{
    for (size_t index = 0; index < graph->count; index++) {
        bool ready = !placed[index];
        for (size_t other = 0; other < graph->count && ready; other++) {
            ready = placed[other] || !*edge(graph, other, index);
        }
        if (ready) {
            return index;
        }
    }
    return graph->count;
}

int plan_make(const struct plan_request *request, struct plan *ret_plan, struct error *err)
{
    *ret_plan = (struct plan){0};
    size_t count = request->description->containers.count;
    struct graph graph = {.description = request->description, .plan = ret_plan, .count = count};
    bool *placed = arena_alloc(&ret_plan->arena, (count + 1) * sizeof *placed);
    graph.over = arena_alloc(&ret_plan->arena, (count + 1) * sizeof *graph.over);
    ret_plan->runs.items =
        arena_alloc(&ret_plan->arena, (2 * count + 1) * sizeof *ret_plan->runs.items);
    if (placed == NULL || graph.over == NULL || ret_plan->runs.items == NULL) {
        return out_of_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        placed[i] = graph.over[i] =
            is_over(&request->description->containers.items[i], &request->present[i]);
    }
    if (order(&graph, err) != 0) {
        return -1;
    }
    for (size_t i = next_to_place(&graph, placed); i < count; i = next_to_place(&graph, placed)) {
        placed[i] = true;
        if (add_container(&graph, request, i, err) != 0) {
            return -1;
        }
    }
    return 0;
}

void plan_release(struct plan *plan)
{
    arena_release(&plan->arena);
    *plan = (struct plan){0};
}

static const struct planned_run *not_ended(const struct task *task, const char *container_id)
{
    for (size_t i = 0; i < task->plan.count; i++) {
        const struct planned_run *planned = &task->plan.items[i];
        if (strcmp(planned->container_id, container_id) == 0 &&
            task_exit(task, run_of_planned(planned)) == NULL) {
            return planned;
        }
    }
    return NULL;
}

const struct planned_run *plan_blocker(const struct task *task, const struct planned_run *planned)
{
    for (size_t i = 0; i < planned->after.count; i++) {
        const struct planned_run *blocker = not_ended(task, planned->after.items[i]);
        if (blocker != NULL) {
            return blocker;
        }
    }
    return NULL;
}

bool plan_released(const struct task *task, const struct planned_run *planned)
{
    return plan_blocker(task, planned) == NULL;
}
