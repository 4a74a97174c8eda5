/** Kafka, Redis and the engine away for everybody, cut off from the worker alone, or hung: for moments, or for hours. */

#include "tests/sim/sim.h"

enum { HOUR_MS = 3600000 };

static void kafka_back(void *context)
{
    (void)context;
    sim_kafka_state(true);
}

static void redis_back(void *context)
{
    (void)context;
    sim_redis_state(true);
}

static void engine_back(void *context)
{
    (void)context;
    sim_engine_freeze(false);
    sim_engine_state(true);
}

static void kafka_joined(void *context)
{
    (void)context;
    sim_kafka_cut(false);
}

static void redis_joined(void *context)
{
    (void)context;
    sim_redis_cut(false);
}

int64_t sim_outage_ms(void)
{
    return sim_chance(0.7) ? sim_between(50, 3000) : sim_between(3000, 30000);
}

void sim_kafka_away_for(int64_t ms)
{
    sim_kafka_state(false);
    sim_after(ms, 0, kafka_back, NULL);
}

void sim_kafka_away(void)
{
    sim_kafka_away_for(sim_outage_ms());
}

void sim_redis_away(void)
{
    sim_redis_state(false);
    sim_after(sim_outage_ms(), 0, redis_back, NULL);
}

void sim_kafka_cut_off(void)
{
    sim_kafka_cut(true);
    sim_after(sim_outage_ms(), 0, kafka_joined, NULL);
}

void sim_redis_cut_off(void)
{
    sim_redis_cut(true);
    sim_after(sim_outage_ms(), 0, redis_joined, NULL);
}

void sim_engine_hung(void)
{
    sim_engine_freeze(true);
    sim_after(sim_outage_ms(), 0, engine_back, NULL);
}

void sim_engine_away(void)
{
    sim_engine_state(false);
    sim_after(sim_outage_ms(), 0, engine_back, NULL);
}

/* ---- for hours ---- */

static int worker_of_hours;

static void hours_over(void *context)
{
    (void)context;
    if (!sim.healing) {
        sim_check_quiet_hours(worker_of_hours);
    }
    sim_kafka_state(true);
    sim_redis_state(true);
}

/** Kafka, Redis or both for an hour or two, in which nothing else goes wrong: every stop under way ends in that time. */
void sim_long_outage(void)
{
    int64_t ms = sim_between(HOUR_MS, 2 * HOUR_MS);
    int64_t which = sim_below(3);
    if (sim.had_long_outage || !sim_chance(0.4)) {
        return;
    }
    sim_say("an outage of %lld minutes", (long long)(ms / 60000));
    sim.had_long_outage = true;
    sim.worker->crash_in = 0;
    worker_of_hours = sim.worker->alive ? sim.worker->number : 0;
    if (which != 0) {
        sim_redis_state(false);
    }
    if (which != 1) {
        sim_kafka_state(false);
    }
    sim.quiet_until_ms = sim.now_ms + ms;
    sim.until_ms = sim.until_ms > sim.quiet_until_ms ? sim.until_ms : sim.quiet_until_ms;
    sim.until_ms += sim_between(1, 20000);
    sim_after(ms, 0, hours_over, NULL);
}

void sim_outages_end(void)
{
    engine_back(NULL);
    kafka_joined(NULL);
    redis_joined(NULL);
    sim_kafka_state(true);
}
