/** The promises of pre-stop commands. */

#include "tests/sim/check.h"

void sim_check_pre_stop_started(const struct event *event)
{
    struct sim_run *run = sim_run_find(event->pre_stop_started.run);
    if (run == NULL || run->pre_stops == 0) {
        sim_broken("a command is called started only after the engine said so", "%s",
                   event->pre_stop_started.run.container_id);
        return;
    }
    run->pre_stop_said = true;
}

/** The worker asks for the start of a pre-stop command. */
void sim_check_pre_stop(struct run run)
{
    struct sim_run *truth = sim_run_find(run);
    if (truth != NULL && sim.elder_ever) {
        truth->of_two = true;
        truth->state_lost = true; /* of two workers either may not know what the other did */
        truth->pre_stop_meant = true;
        return;
    }
    if (truth == NULL || truth->exit_said) {
        sim_broken("no command in what has ended", "%s", run.container_id);
        return;
    }
    const char *name = sim_container_find(run.container_id)->name;
    if (truth->pre_stops > 0 && !truth->of_two) {
        sim_broken("a pre-stop command runs once", "%s", name);
    }
    if (truth->signal_said) {
        sim_broken("a pre-stop command comes before the signal", "%s", name);
    }
    truth->pre_stop_meant = true;
}

void sim_check_pre_stop_over(struct run run, const struct sim_run *truth)
{
    const struct sim_container *container = sim_container_find(run.container_id);
    if (truth->state_lost || !container->has_pre_stop) {
        return;
    }
    if (!truth->pre_stop_meant) {
        sim_broken("a pre-stop command comes before the signal", "%s", container->name);
    }
    if (truth->pre_stop_said && truth->on && sim_boot_ms() < truth->pre_stop_ends_boot_ms) {
        sim_broken("the stop signal waits for the pre-stop command", "%s", container->name);
    }
}
