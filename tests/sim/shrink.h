#ifndef TESTS_SIM_SHRINK_H
#define TESTS_SIM_SHRINK_H

/** The least of a failing history: of its faults and clients as few as break the same promise. */

#include "tests/sim/outcome.h"

/** Shrinks, tells the story and prints the command that replays it. program: the path of this one;
 *  broken_rule: of --break, or NULL. Leaves sim_choices as they were. */
void shrink_and_tell(const struct outcome *failed, const char *program, const char *broken_rule);

#endif
