/** A rebuild of the view beside its writers (the rules of stopfleet-audit rebuild): token, fold, puts, marker. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct rebuild {
    int64_t token, run;
    int64_t end;
    int next;
};

static int64_t tokens;

static void step(void *context)
{
    struct rebuild *rebuild = context;
    if (!sim.redis_up) {
        sim_after(500, 0, step, rebuild);
        return;
    }
    if (rebuild->next == 0) {
        rebuild->run = sim.redis_run;
        rebuild->token = ++tokens;
        sim.redis.token = rebuild->token;
        rebuild->end = sim.events.count;
    }
    if (rebuild->next < sim.task_count) {
        const struct sim_task *task = sim.tasks[rebuild->next++];
        int at = task->count - 1;
        while (at >= 0 && task->snapshots[at].offset >= rebuild->end) {
            at--;
        }
        if (at >= 0) {
            const struct sim_snapshot *snapshot = &task->snapshots[at];
            struct task fold = {0};
            struct span bytes = {snapshot->bytes, snapshot->length};
            bool terminal = task_decode(bytes, &fold, NULL) == 0 && task_is_terminal(&fold);
            task_release(&fold);
            sim_redis_apply_put(task->id, snapshot->offset, REDUCER_NUMBER, bytes, terminal);
        }
        sim_after(sim_between(0, 300), 0, step, rebuild);
        return;
    }
    if (sim.redis.token == rebuild->token && sim.redis_run == rebuild->run) {
        sim.redis.complete_run = sim.redis_run;
        sim_say("rebuild: the view is complete");
    }
    free(rebuild);
}

void sim_rebuild_begin(void)
{
    struct rebuild *rebuild = calloc(1, sizeof *rebuild);
    if (rebuild == NULL) {
        abort();
    }
    sim_say("rebuild: begins");
    sim_after(0, 0, step, rebuild);
}
