/** One history: a host, a worker, clients and faults; then everything heals, and all has to settle. */

#include "tests/sim/sim.h"

enum { CHECK_EVERY_MS = 2000 };
#define SETTLES_WITHIN_MS INT64_C(3 * 3600 * 1000)

static void begin(uint64_t seed, enum sim_story story)
{
    enum sim_break broken_rule = sim.broken_rule;
    bool audit_only = sim.audit_only;
    sim = (struct sim){.seed = seed,
                       .story = story,
                       .now_ms = 1000000,
                       .boot_at_ms = 500000,
                       .wall_offset_ms = INT64_C(1700000000000),
                       .broken_rule = broken_rule,
                       .audit_only = audit_only,
                       .engine_up = true,
                       .kafka_up = true,
                       .redis_up = true,
                       .redis_run = 1,
                       .committed = -1,
                       .events = {.name = KAFKA_EVENTS_TOPIC},
                       .hosts = {.name = KAFKA_HOSTS_TOPIC}};
    sim.worker = &sim.workers[0];
    sim.redis = (struct sim_redis){.seen = -1, .complete_run = 1};
    sim_dice_seed(seed, 0, 0);
}

bool sim_history(uint64_t seed, enum sim_story story)
{
    begin(seed, story);
    sim_directory_make();
    sim_lose_state();
    sim.state_losses = 0;
    sim_engine_make();
    sim_faults_begin();
    sim.until_ms = sim.now_ms + sim_between(10000, 90000);
    while (sim.broken == 0 && sim_next(sim.until_ms)) {
    }
    sim.now_ms = sim.until_ms > sim.now_ms ? sim.until_ms : sim.now_ms;
    sim_heal();
    const char *unsettled = "";
    int64_t give_up = sim.now_ms + SETTLES_WITHIN_MS;
    while (sim.broken == 0 && unsettled != NULL && sim.now_ms < give_up) {
        int64_t next = sim.now_ms + CHECK_EVERY_MS;
        while (sim.broken == 0 && sim_next(next)) {
        }
        sim.now_ms = next > sim.now_ms ? next : sim.now_ms;
        unsettled = sim_check_settled();
    }
    if (sim.broken == 0 && unsettled != NULL) {
        sim_broken("I1 all settles once everything heals", "%s", unsettled);
    }
    if (sim.broken == 0) {
        sim_check_end();
    }
    sim_worker_forget_all();
    (void)sim_lose_state;
    return sim.broken == 0;
}
