/** Containers: what they are and do. */

#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

struct sim_container *sim_container_find(const char *id)
{
    for (int i = 0; i < sim.container_count; i++) {
        if (strcmp(sim.containers[i].id, id) == 0) {
            return &sim.containers[i];
        }
    }
    return NULL;
}

struct sim_run *sim_run_find(struct run run)
{
    struct sim_container *container = sim_container_find(run.container_id);
    for (int i = 0; container != NULL && i < container->run_count; i++) {
        if (container->runs[i].started_at == run.started_at) {
            return &container->runs[i];
        }
    }
    return NULL;
}

struct sim_run *sim_run_now(struct sim_container *container)
{
    return container->run_count == 0 ? NULL : &container->runs[container->run_count - 1];
}

static void on_time(void *context)
{
    struct sim_container *container = context;
    struct sim_run *run = sim_run_now(container);
    if (run->on && run->ends_ms > 0 && run->ends_ms <= sim.now_ms) {
        sim_container_end(container, run->ends_code);
    }
}

static void end_later(struct sim_container *container, int64_t delay_ms, int64_t code)
{
    struct sim_run *run = sim_run_now(container);
    if (run->ends_ms == 0) {
        run->ends_ms = sim.now_ms + delay_ms;
        run->ends_code = code;
        sim_after(delay_ms, 0, on_time, container);
    }
}

void sim_container_start(struct sim_container *container, enum sim_behaviour behaviour)
{
    static const char *const names[] = {"obeys", "ignores its stop signal", "is late",
                                        "ends by itself", "cannot be killed"};
    if (container->run_count == SIM_RUNS || container->replaced) {
        return;
    }
    const struct sim_run *last = sim_run_now(container);
    int64_t at = sim_wall_ms();
    for (int i = 0; i < container->run_count; i++) {
        /* as dockerd does in practice: never the same time twice */
        at = at <= container->runs[i].started_at ? container->runs[i].started_at + 1 : at;
    }
    if (last != NULL && last->on) {
        return;
    }
    container->removed = false;
    struct sim_run *run = &container->runs[container->run_count++];
    *run = (struct sim_run){.started_at = at, .on = true, .behaviour = behaviour};
    sim_say("engine: %s starts, run %lld; it %s", container->name, (long long)at, names[behaviour]);
    if (behaviour == SIM_SELF) {
        end_later(container, sim_between(100, 30000), sim_below(3));
    }
    sim_engine_tell(container, RUNTIME_EVENT_STARTED);
}

static void start_again(void *context)
{
    struct sim_container *container = context;
    if (!container->removed && !sim_run_now(container)->on) {
        sim_container_start(container, (enum sim_behaviour)sim_below(2));
    }
}

void sim_container_end(struct sim_container *container, int64_t code)
{
    struct sim_run *run = sim_run_now(container);
    if (run == NULL || !run->on) {
        return;
    }
    run->on = false;
    run->exit_code = code;
    run->ended_ms = sim.now_ms;
    run->finished_at = sim_wall_ms();
    sim_say("engine: %s exits with %lld", container->name, (long long)code);
    sim_engine_tell(container, RUNTIME_EVENT_EXITED);
    if (container->restarts && run->kills == 0) {
        container->restarts = false;
        sim_after(sim_between(0, 200), 0, start_again, container);
    }
}

void sim_run_signal(struct sim_container *container, struct sim_run *run, bool kill)
{
    sim_say("engine: %s gets %s", container->name, kill ? "SIGKILL" : "its stop signal");
    if (kill) {
        run->kills++;
        if (run->behaviour != SIM_UNKILLABLE) {
            sim_container_end(container, 137);
        }
        return;
    }
    if (run->signals < 16) {
        run->signal_boot_ms[run->signals] = sim_boot_ms();
        run->signal_wall_ms[run->signals] = sim_wall_ms();
        run->signals++;
    }
    sim.second_signals += run->signals == 2;
    if (run->behaviour == SIM_OBEY) {
        end_later(container, sim_chance(0.5) ? sim_between(0, 20) : sim_between(20, 1200), 143);
    } else if (run->behaviour == SIM_LATE) {
        end_later(container, container->grace_ms + sim_between(-200, 2000), 0);
    }
}

/* ---- a host ---- */

static void give_id(struct sim_container *container)
{
    snprintf(container->id, sizeof container->id, "%016llx%016llx",
             (unsigned long long)sim_random(), (unsigned long long)sim_random());
}

void sim_container_recreate(struct sim_container *removed)
{
    if (sim.container_count == SIM_CONTAINERS) {
        return;
    }
    struct sim_container *container = &sim.containers[sim.container_count++];
    *container = *removed;
    removed->replaced = true;
    container->removed = container->end_skipped = false;
    container->run_count = 0;
    container->looked_by = 0;
    give_id(container);
    for (size_t i = 0; i < container->label_count; i++) {
        const char **value = &container->labels[i].value;
        if (*value >= (const char *)removed && *value < (const char *)(removed + 1)) {
            *value += (const char *)container - (const char *)removed;
        }
    }
    sim_say("somebody makes %s again, as another container", container->name);
    sim_container_start(container, (enum sim_behaviour)sim_below(3));
}

static void label(struct sim_container *container, const char *key, const char *value)
{
    container->labels[container->label_count++] =
        (struct runtime_label){.key = key, .value = value};
}

static void make_container(int group, int number, bool ordered)
{
    struct sim_container *container = &sim.containers[sim.container_count];
    *container = (struct sim_container){.needs = -1, .grace_ms = SIM_DEFAULT_GRACE_MS};
    container->group_number = group;
    give_id(container);
    snprintf(container->name, sizeof container->name, "t%d-c%d", group, number);
    snprintf(container->group, sizeof container->group, "t%d", group);
    label(container, "io.stopfleet.task", container->group);
    if (number > 0 && ordered) {
        container->needs = sim.container_count - 1;
        snprintf(container->after, sizeof container->after, "t%d-c%d", group, number - 1);
        label(container, "io.stopfleet.depends-on", container->after);
    }
    if (sim_chance(0.3)) {
        container->grace_ms = sim_between(1, 8) * 1000;
        snprintf(container->timeout_text, sizeof container->timeout_text, "%ds",
                 (int)(container->grace_ms / 1000));
        label(container, "io.stopfleet.stop-timeout", container->timeout_text);
    }
    if (sim_chance(0.15)) {
        snprintf(container->drain_text, sizeof container->drain_text, "%ds",
                 (int)sim_between(1, 4));
        label(container, "io.stopfleet.drain-delay", container->drain_text);
    }
    if (sim_chance(0.15)) {
        container->has_pre_stop = true;
        label(container, "io.stopfleet.pre-stop", "drain");
    }
    container->restarts = sim_chance(0.1);
    sim.container_count++;
    sim_container_start(container,
                        sim_chance(0.5) ? SIM_OBEY : (enum sim_behaviour)sim_below(SIM_UNKILLABLE));
}

void sim_engine_make(void)
{
    int groups = (int)sim_between(1, 3);
    for (int group = 0; group < groups; group++) {
        int containers = (int)sim_between(1, 2);
        bool ordered = sim_chance(0.5);
        for (int i = 0; i < containers; i++) {
            make_container(group, i, ordered);
        }
    }
}
