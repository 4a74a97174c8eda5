/** What goes wrong, and when. */

#include <string.h>

#include "tests/sim/sim.h"

static void disk_back(void *context)
{
    (void)context;
    if (sim.disk_full) {
        sim_say("the disk has room again");
    }
    sim.disk_full = false;
}

static void thawed(void *context)
{
    (void)context;
    sim.disturbed_ms = sim.now_ms;
}

/* ---- the faults ---- */

static void crash_soon(void)
{
    sim.worker->crash_in = sim_between(1, sim_chance(0.5) ? 8 : 60);
    sim.worker->torn = sim_chance(0.4);
}

static void crash_now(void)
{
    sim_worker_die("from outside");
}

static void end_in_order(void)
{
    if (sim.worker->alive) {
        sim_worker_end();
    }
}

static void freeze_worker(void)
{
    int64_t ms = sim_between(100, 15000);
    if (!sim.worker->alive || sim.worker->frozen_until_ms > sim.now_ms) {
        return;
    }
    sim.worker->frozen_until_ms = sim.now_ms + ms;
    sim_after(ms, 0, thawed, NULL);
    sim_say("w%d is frozen for %lld ms", sim.worker->number, (long long)ms);
}

static void start_ended(void)
{
    for (int i = 0; i < sim.container_count; i++) {
        if (!sim_run_now(&sim.containers[i])->on && sim_chance(0.5)) {
            sim_container_start(&sim.containers[i], (enum sim_behaviour)sim_below(3));
        }
    }
}

static void started_again(void *context)
{
    (void)context;
    if (!sim.healing) {
        start_ended();
    }
}

/** Mostly at once, where it has just begun or is in the middle of something. */
static void second_worker(void)
{
    if (sim.worker->alive && sim_worker_elder() == NULL) {
        sim.worker->hang_in = sim_between(1, sim_chance(0.7) ? 8 : 40);
        if (sim_chance(0.4)) {
            sim_after(sim_between(10, 3000), 0, started_again, NULL);
        }
    }
}

static void lose_state(void)
{
    if (!sim.worker->alive) {
        sim_lose_state();
    } else if (sim_chance(0.3)) {
        sim_lose_state_in_use();
    } else {
        crash_soon();
    }
}

static void redis_falls_back(void)
{
    if (!sim_redis_restore()) {
        sim_redis_empty();
    }
}

static void engine_forgets(void)
{
    sim.history_from_wall_ms = sim_wall_ms();
    sim_say("engine: forgets its history");
}

static void third_party(void)
{
    struct sim_container *container = &sim.containers[sim_below(sim.container_count)];
    struct sim_run *run = sim_run_now(container);
    if (container->replaced) {
        return;
    }
    if (run->on) {
        sim_say("somebody ends %s", container->name);
        sim_container_end(container, sim_below(3));
    }
    if (sim_chance(0.6)) {
        sim_container_start(container, (enum sim_behaviour)sim_below(3));
    } else if (sim_chance(0.4)) {
        sim_say("somebody removes %s", container->name);
        container->removed = true;
        sim_engine_tell(container, RUNTIME_EVENT_REMOVED);
        if (sim_chance(0.5)) {
            sim_container_recreate(container);
        }
    }
}

static void unkillable(void)
{
    struct sim_run *run = sim_run_now(&sim.containers[sim_below(sim.container_count)]);
    if (run->on) {
        run->behaviour = SIM_UNKILLABLE;
    }
}

static void commit_forgotten(void)
{
    sim_say("Kafka forgets the committed offset");
    sim.committed = -1;
}

static void restart_policies(void *context)
{
    (void)context;
    if (!sim.healing) {
        sim_say("engine: starts containers again by their policy");
        start_ended();
    }
}

static void elder_dies(void)
{
    struct sim_worker *looked_after = sim.worker;
    if (sim_worker_elder() != NULL) {
        sim.worker = sim_worker_elder();
        sim_worker_die("power");
        sim.worker = looked_after;
    }
}

static void reboot(void)
{
    sim_say("the host loses power");
    sim_worker_die("power");
    elder_dies();
    if (sim_chance(0.5)) {
        sim_cut_journals();
    }
    sim.boot_at_ms = sim.now_ms - 10000;
    sim.boot_number++;
    sim_check_state_lost(); /* without fsync a journal may have lost its end */
    sim.history_from_wall_ms = sim_wall_ms();
    for (int i = 0; i < sim.container_count; i++) {
        sim_container_end(&sim.containers[i], 255);
    }
    if (sim_chance(0.5)) {
        start_ended(); /* before the worker */
    } else {
        sim_after(sim_between(100, 10000), 0, restart_policies, NULL);
    }
}

static void step_clock(void)
{
    enum { DAY_MS = 86400000 };
    int64_t by = sim_chance(0.3)   ? DAY_MS
                 : sim_chance(0.4) ? -DAY_MS
                                   : sim_between(-DAY_MS, DAY_MS);
    sim.wall_offset_ms += by;
    sim_say("the wall clock is stepped by %lld ms", (long long)by);
}

static void disk_full(void)
{
    sim.disk_full = true;
    sim_say("the disk is FULL");
    sim_after(sim_outage_ms(), 0, disk_back, NULL);
}

static const struct {
    void (*fn)(void);
    int weight;
} FAULTS[] = {
    {crash_soon, 30},     {crash_now, 5},         {end_in_order, 3},           {freeze_worker, 4},
    {second_worker, 3},   {lose_state, 5},        {sim_lose_state_and_log, 2}, {sim_kafka_away, 7},
    {sim_redis_away, 5},  {sim_kafka_cut_off, 2}, {sim_redis_cut_off, 2},      {sim_long_outage, 1},
    {sim_redis_empty, 4}, {sim_redis_keep, 6},    {redis_falls_back, 3},       {sim_engine_hung, 5},
    {sim_engine_away, 4}, {engine_forgets, 4},    {third_party, 12},           {start_ended, 4},
    {unkillable, 3},      {commit_forgotten, 2},  {sim_rebuild_begin, 3},      {reboot, 2},
    {step_clock, 2},      {disk_full, 2},
};

static void fault(void)
{
    int total = 0;
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        total += FAULTS[i].weight;
    }
    int64_t at = sim_below(total);
    size_t i = 0;
    while (at >= FAULTS[i].weight) {
        at -= FAULTS[i++].weight;
    }
    FAULTS[i].fn();
    sim.disturbed_ms = sim.now_ms;
}

/* ---- when ---- */

enum { DICE_FAULTS = 1, DICE_CLIENTS = 2 };

/** @return whether number n of these happens; then it is noted */
static bool happens(const struct sim_choice *choice, struct sim_numbers *done, int number)
{
    if (number >= SIM_CHOICES || (choice->given && !choice->chosen[number])) {
        return false;
    }
    done->items[done->count++] = (int16_t)number;
    return true;
}

static void on_fault(void *context)
{
    (void)context;
    if (sim.healing) {
        return;
    }
    if (sim.quiet_until_ms > sim.now_ms) {
        sim_after(sim.quiet_until_ms - sim.now_ms, 0, on_fault, NULL);
        return;
    }
    uint64_t world[4];
    memcpy(world, sim.dice, sizeof world);
    sim_dice_seed(sim.seed, DICE_FAULTS, (uint64_t)++sim.fault_number);
    int64_t delay = sim_chance(0.5) ? sim_between(1, 100) : sim_between(100, 4000);
    if (sim_chance(sim.fault_rate) &&
        happens(&sim_choices.faults, &sim.faults_done, sim.fault_number)) {
        fault();
    }
    memcpy(sim.dice, world, sizeof world);
    sim_after(delay, 0, on_fault, NULL);
}

static void on_client(void *context)
{
    (void)context;
    if (sim.healing || sim.clients_left == 0) {
        return;
    }
    uint64_t world[4];
    memcpy(world, sim.dice, sizeof world);
    sim_dice_seed(sim.seed, DICE_CLIENTS, (uint64_t)sim.client_number + 1);
    int64_t delay = sim_chance(0.6) ? sim_between(1, 300) : sim_between(300, 8000);
    if (sim.task_count > 0) {
        sim.clients_left--;
        if (happens(&sim_choices.clients, &sim.clients_done, ++sim.client_number)) {
            sim_client_call();
        }
    }
    memcpy(sim.dice, world, sizeof world);
    sim_after(delay, 0, on_client, NULL);
}

/** Whoever supervises the worker starts it again. */
static void on_watch(void *context)
{
    (void)context;
    if (!sim.worker->alive && (sim.healing || sim_chance(0.3))) {
        sim_worker_start();
    }
    sim_after(sim_between(20, 800), 0, on_watch, NULL);
}

void sim_faults_begin(void)
{
    static const double rates[] = {0, 0.1, 0.3, 0.6, 0.9};
    sim.fault_rate = rates[sim_below(5)];
    sim.clients_left = (int)sim_between(1, 7);
    sim_after(sim_between(0, 3000), 0, on_fault, NULL);
    sim_after(sim_between(500, 3000), 0, on_client, NULL);
    sim_after(0, 0, on_watch, NULL);
}

void sim_heal(void)
{
    sim_say("---- everything heals");
    sim.healing = true;
    sim.disturbed_ms = sim.now_ms;
    sim.disk_full = false;
    sim.worker->crash_in = 0;
    sim_outages_end();
    for (int i = 0; i < sim.container_count; i++) {
        struct sim_run *run = sim_run_now(&sim.containers[i]);
        if (run->behaviour == SIM_UNKILLABLE) {
            run->behaviour = SIM_IGNORE;
        }
    }
    if (sim_chance(0.7)) {
        sim_redis_state(false);
    }
    sim_redis_state(true);
    if (!sim_redis_complete()) {
        sim_rebuild_begin();
    }
}
