#ifndef TESTS_SIM_OUTCOME_H
#define TESTS_SIM_OUTCOME_H

/** What a history ended with; each runs in a process of its own and says it in shared memory. */

#include <sys/types.h>

#include "tests/sim/sim.h"

struct outcome {
    uint64_t seed;
    bool running, failed;
    char promise[160], verdict[400];
    int64_t steps, records, crashes, state_losses, second_signals;
    struct sim_numbers faults, clients; /**< those that happened */
};

/** Begins the history of outcome->seed with what sim_choices says. outcome is shared memory. @return its process */
pid_t outcome_begin(struct outcome *outcome, enum sim_story story);
/** Its process has ended with a wait status: a crash or a hang is a broken promise too. */
void outcome_end(struct outcome *outcome, pid_t pid, int status);

#endif
