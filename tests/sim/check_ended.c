/** The promises of containers that end while others of their task run. */

#include <string.h>

#include "tests/sim/check.h"

static void check_end_said(const struct task *fold, const struct described_container *described)
{
    struct run_result end;
    struct sim_run *run =
        sim_run_find((struct run){described->container_id, described->started_at});
    if (!described->ended || !task_described_end(fold, described, &end)) {
        return;
    }
    if (run == NULL || run->on) {
        sim_broken("I7 no end is said of what runs", "%s", described->name);
    } else if (end.exit_code.known && end.exit_code.value != run->exit_code) {
        sim_broken("I5 exit codes are the engine's", "%s: described with %lld, was %lld",
                   described->name, (long long)end.exit_code.value, (long long)run->exit_code);
    }
}

/* True if the task still has the container, or one that took its name. */
static bool is_kept(const struct task *fold, const struct described_container *before)
{
    for (size_t i = 0; i < fold->description.containers.count; i++) {
        const struct described_container *now = &fold->description.containers.items[i];
        if (strcmp(now->container_id, before->container_id) == 0 ||
            strcmp(now->name, before->name) == 0) {
            return true;
        }
    }
    return false;
}

/* Its restart in mid-stop belongs to the task whose plan names it. */
static bool is_planned_elsewhere(const struct task *fold, const char *container_id)
{
    for (int i = 0; i < sim.task_count; i++) {
        const struct task *other = &sim.tasks[i]->fold;
        for (size_t k = 0; k < other->plan.count && strcmp(other->id, fold->id) != 0; k++) {
            if (strcmp(other->plan.items[k].container_id, container_id) == 0) {
                return true;
            }
        }
    }
    return false;
}

void sim_check_described(const struct task *fold, const struct description *before)
{
    for (size_t i = 0; i < fold->description.containers.count; i++) {
        check_end_said(fold, &fold->description.containers.items[i]);
    }
    for (size_t i = 0; i < before->containers.count; i++) {
        const struct described_container *described = &before->containers.items[i];
        struct sim_container *container = sim_container_find(described->container_id);
        bool elsewhere = (container != NULL && sim_run_now(container)->on) ||
                         is_planned_elsewhere(fold, described->container_id);
        /* of two workers each may have made a task of it: it stays in one */
        if (!is_kept(fold, described) && !elsewhere && !sim.elder_ever) {
            sim_broken("what ends while others of its task run stays in it", "%s", described->name);
        }
    }
}
