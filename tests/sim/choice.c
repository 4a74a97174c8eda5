/** Which of a history's faults and clients happen. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct sim_choices sim_choices;

bool sim_choose(struct sim_choice *choice, const char *list)
{
    *choice = (struct sim_choice){.given = true};
    if (strcmp(list, "none") == 0) {
        return true;
    }
    for (const char *at = list;; at++) {
        char *end;
        long number = strtol(at, &end, 10);
        if (end == at || number < 1 || number >= SIM_CHOICES || (*end != ',' && *end != '\0')) {
            return false;
        }
        choice->chosen[number] = true;
        if (*end == '\0') {
            return true;
        }
        at = end;
    }
}
