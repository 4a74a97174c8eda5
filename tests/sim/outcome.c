#include "tests/sim/outcome.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HISTORY_SECONDS = 60 };

static void run(struct outcome *outcome, enum sim_story story)
{
    alarm(HISTORY_SECONDS);
    outcome->failed = !sim_history(outcome->seed, story);
    if (outcome->failed) {
        snprintf(outcome->promise, sizeof outcome->promise, "%s", sim.promise);
        snprintf(outcome->verdict, sizeof outcome->verdict, "%s", sim.verdict);
    }
    outcome->steps = sim.steps;
    outcome->records = sim.events.count;
    outcome->crashes = sim.crashes;
    outcome->state_losses = sim.state_losses;
    outcome->second_signals = sim.second_signals;
    outcome->faults = sim.faults_done;
    outcome->clients = sim.clients_done;
    outcome->running = false;
}

static void remove_directory(pid_t pid)
{
    char command[160];
    snprintf(command, sizeof command, "rm -rf /dev/shm/stopfleet-sim-%ld /tmp/stopfleet-sim-%ld",
             (long)pid, (long)pid);
    (void)!system(command);
}

static void clean_up(void)
{
    sim.story = SIM_STORY_NONE;
    for (int number = sim.directories; number > 0; number--) {
        (void)snprintf(strrchr(sim.directory, '/'), 12, "/%d", number);
        sim_lose_state();
        (void)rmdir(sim.directory);
    }
    *strrchr(sim.directory, '/') = '\0';
    (void)rmdir(sim.directory);
}

pid_t outcome_begin(struct outcome *outcome, enum sim_story story)
{
    *outcome = (struct outcome){.seed = outcome->seed, .running = true};
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        run(outcome, story);
        clean_up();
        fflush(stdout);
        _exit(0);
    }
    if (pid < 0) {
        perror("sim: fork");
        exit(2);
    }
    return pid;
}

void outcome_end(struct outcome *outcome, pid_t pid, int status)
{
    if (outcome->running) {
        bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
        outcome->failed = true;
        snprintf(outcome->promise, sizeof outcome->promise, "%s",
                 hung ? "the worker does not hang" : "the worker does not crash by itself");
        snprintf(outcome->verdict, sizeof outcome->verdict, "status %d", status);
        remove_directory(pid);
    }
}
