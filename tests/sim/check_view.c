/** The promises, at each base in Redis, each move of `seen` and each commit. */

#include <string.h>

#include "tests/sim/check.h"

static void check_pending(const struct sim_base *base)
{
    for (int i = 0; i < base->pending_count; i++) {
        if (base->pending[i].offset <= base->pos) {
            sim_broken("pending lies above pos", "%.6s: %lld", base->id,
                       (long long)base->pending[i].offset);
        }
    }
    for (int i = 0; i < base->pended_count && i < 64; i++) {
        bool there = base->pended[i] <= base->pos;
        for (int k = 0; k < base->pending_count; k++) {
            there = there || base->pending[k].offset == base->pended[i];
        }
        if (!there) {
            sim_broken("pending stays until the base holds it", "%.6s: %lld", base->id,
                       (long long)base->pended[i]);
        }
    }
}

void sim_check_base(const struct sim_base *base)
{
    struct sim_task *task = sim_task_find(base->id);
    int at = task == NULL ? -1 : task->count - 1;
    while (at >= 0 && task->snapshots[at].offset > base->pos) {
        at--;
    }
    if (at < 0) {
        sim_broken("I8 every base is the fold of the log to its pos", "%.6s at %lld: no record",
                   base->id, (long long)base->pos);
        return;
    }
    task->ever_in_view = true;
    const struct sim_snapshot *fold = &task->snapshots[at];
    if (fold->length != base->length || memcmp(fold->bytes, base->bytes, fold->length) != 0) {
        sim_broken("I8 every base is the fold of the log to its pos", "%.6s at %lld", base->id,
                   (long long)base->pos);
    }
    check_pending(base);
}

void sim_check_seen(void)
{
    for (int i = 0; i < sim.task_count; i++) {
        const struct sim_task *task = sim.tasks[i];
        int at = task->count - 1;
        while (at >= 0 && task->snapshots[at].offset >= sim.redis.seen) {
            at--;
        }
        const struct sim_base *base = sim_base_find(task->id);
        bool over = base != NULL && base->terminal; /* nothing changes it any more */
        if (at >= 0 && !over && (base == NULL || base->pos < task->snapshots[at].offset)) {
            sim_broken("all before `seen` is applied",
                       "%.6s is at %lld, record %lld is before %lld", task->id,
                       base == NULL ? -1 : (long long)base->pos,
                       (long long)task->snapshots[at].offset, (long long)sim.redis.seen);
        }
    }
}

void sim_check_commit(int64_t offset)
{
    for (int i = 0; i < sim.task_count; i++) {
        const struct sim_task *task = sim.tasks[i];
        for (int k = 0; k < task->request_count; k++) {
            if (task->requests[k].offset < offset && !task_is_terminal(&task->fold)) {
                sim_broken("the commit stays before an unfinished stop",
                           "%.6s was requested at %lld, committed is %lld", task->id,
                           (long long)task->requests[k].offset, (long long)offset);
            }
        }
    }
}

void sim_check_not_found(const char *id)
{
    const struct sim_task *task = sim_task_find(id);
    if (task != NULL && task->ever_in_view) {
        sim_broken("'not found' comes from a complete view alone", "%.6s", id);
    }
}
