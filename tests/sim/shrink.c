#include "tests/sim/shrink.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { TRIES = 400 };

static struct outcome *tried;
static int tries_left;

static void choose(struct sim_choice *choice, const struct sim_numbers *numbers)
{
    *choice = (struct sim_choice){.given = true};
    for (int i = 0; i < numbers->count; i++) {
        choice->chosen[numbers->items[i]] = true;
    }
}

/** Runs with these alone. @return whether the same promise is broken */
static bool breaks(const struct outcome *least, const struct sim_numbers *faults,
                   const struct sim_numbers *clients, enum sim_story story)
{
    int status = 0;
    choose(&sim_choices.faults, faults);
    choose(&sim_choices.clients, clients);
    tried->seed = least->seed;
    pid_t pid = outcome_begin(tried, story);
    (void)waitpid(pid, &status, 0);
    outcome_end(tried, pid, status);
    return tried->failed && strcmp(tried->promise, least->promise) == 0;
}

static struct sim_numbers without(const struct sim_numbers *numbers, int at, int count)
{
    struct sim_numbers left = {0};
    for (int i = 0; i < numbers->count; i++) {
        if (i < at || i >= at + count) {
            left.items[left.count++] = numbers->items[i];
        }
    }
    return left;
}

/** Leaves out halves, quarters … single ones, from the last to the first. @return whether any could go */
static bool leave_out(struct outcome *least, struct sim_numbers *numbers)
{
    bool less = false;
    for (int chunk = (numbers->count + 1) / 2; chunk > 0;
         chunk = chunk == 1 ? 0 : (chunk + 1) / 2) {
        for (int at = numbers->count - chunk; at > -chunk && tries_left > 0; at -= chunk) {
            int from = at < 0 ? 0 : at;
            struct sim_numbers all = *numbers;
            *numbers = without(&all, from, chunk + (at < 0 ? at : 0));
            tries_left--;
            if (numbers->count < all.count &&
                breaks(least, &least->faults, &least->clients, SIM_STORY_NONE)) {
                *least = *tried; /* what did not even happen is left out with it */
                less = true;
                at = at > numbers->count ? numbers->count : at;
            } else {
                *numbers = all;
            }
        }
    }
    return less;
}

static void print_list(const char *option, const struct sim_numbers *numbers)
{
    printf(" %s %s", option, numbers->count == 0 ? "none" : "");
    for (int i = 0; i < numbers->count; i++) {
        printf("%s%d", i == 0 ? "" : ",", numbers->items[i]);
    }
}

static void print_command(const struct outcome *least, const char *program, const char *broken_rule)
{
    printf("replay: %s --histories 1 --seed %llu", program, (unsigned long long)least->seed);
    print_list("--faults", &least->faults);
    print_list("--clients", &least->clients);
    if (broken_rule != NULL) {
        printf(" --break %s", broken_rule);
    }
    printf(" --story\n\n");
}

void shrink_and_tell(const struct outcome *failed, const char *program, const char *broken_rule)
{
    struct sim_choices before = sim_choices;
    struct outcome least = *failed;
    tried = mmap(NULL, sizeof *tried, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tried == MAP_FAILED) {
        perror("sim: mmap");
        return;
    }
    tries_left = TRIES;
    bool less = true;
    while (less && tries_left > 0) {
        less = leave_out(&least, &least.faults);
        less = leave_out(&least, &least.clients) || less;
    }
    printf("\nstory of seed %llu, shrunk from %d faults and %d clients to %d and %d: %s\n",
           (unsigned long long)least.seed, failed->faults.count, failed->clients.count,
           least.faults.count, least.clients.count, least.promise);
    (void)breaks(&least, &least.faults, &least.clients, SIM_STORY_SHORT);
    print_command(&least, program, broken_rule);
    munmap(tried, sizeof *tried);
    sim_choices = before;
}
