/** sim: histories from seeds. See --help. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/mutants.h"
#include "tests/sim/outcome.h"
#include "tests/sim/shrink.h"
#include "tests/sim/sim.h"

enum { JOBS_MAX = 64, KINDS = 32, SHOWN_OF_EACH = 4 };

struct arguments {
    int64_t histories;
    uint64_t seed;
    int jobs;
    bool story, mutants, first_only, audit;
    const char *broken_rule;
};

static void usage(FILE *to)
{
    fputs("sim [--histories N] [--seed S] [--jobs J] [--faults LIST]\n"
          "    [--clients LIST] [--story] [--first] [--break RULE] [--mutants] [--audit]\n"
          "\n"
          "Runs the worker, as it ships, on virtual time in a world in which everything fails.\n"
          "The first history of each broken promise is shrunk and told as a story.\n"
          "  --histories N  how many histories (2000); history i has the seed S + i\n"
          "  --seed S       of the first (1)\n"
          "  --jobs J       processes at a time (all cores)\n"
          "  --faults LIST  of a history's faults only those with these numbers (1,5,9; none)\n"
          "  --clients LIST of its clients only these\n"
          "  --story        tells each history line by line (with --histories 1)\n"
          "  --first        ends at the first broken promise, without its shrunk story\n"
          "  --break RULE   the world breaks a rule on purpose (see mutants.c)\n"
          "  --mutants      also: every deliberately broken variant, each of which has to be "
          "caught\n"
          "  --audit        what stopfleet-audit check finds in the log counts, and nothing else\n",
          to);
}

static bool parse(int argc, char **argv, struct arguments *ret_arguments)
{
    static const struct option options[] = {{"histories", required_argument, NULL, 'n'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"story", no_argument, NULL, 't'},
                                            {"first", no_argument, NULL, 'f'},
                                            {"break", required_argument, NULL, 'b'},
                                            {"mutants", no_argument, NULL, 'm'},
                                            {"audit", no_argument, NULL, 'a'},
                                            {"faults", required_argument, NULL, 'F'},
                                            {"clients", required_argument, NULL, 'C'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct arguments *a = ret_arguments;
    *a = (struct arguments){
        .histories = 2000, .seed = 1, .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
    int c;
    bool understood = true;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'n':
            a->histories = atoll(optarg);
            break;
        case 's':
            a->seed = strtoull(optarg, NULL, 10);
            break;
        case 'j':
            a->jobs = atoi(optarg);
            break;
        case 't':
            a->story = true;
            break;
        case 'f':
            a->first_only = true;
            break;
        case 'b':
            a->broken_rule = optarg;
            break;
        case 'm':
            a->mutants = true;
            break;
        case 'a':
            a->audit = true;
            break;
        case 'F':
            understood = sim_choose(&sim_choices.faults, optarg);
            break;
        case 'C':
            understood = sim_choose(&sim_choices.clients, optarg);
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            usage(stderr);
            return false;
        }
    }
    a->jobs = a->jobs < 1 ? 1 : a->jobs > JOBS_MAX ? JOBS_MAX : a->jobs;
    if (!understood || optind != argc) {
        usage(stderr);
    }
    return understood && optind == argc;
}

/* ---- many ---- */

struct totals {
    int64_t done, failed, steps, records, crashes, state_losses, second_signals;
    char promises[KINDS][160];
    int64_t counts[KINDS];
    struct outcome examples[KINDS]; /**< the first of each kind */
    int kinds;
};

static void tell(const struct outcome *outcome, const struct arguments *arguments, const char *name)
{
    printf("seed %llu: %s: %s\n", (unsigned long long)outcome->seed, outcome->promise,
           outcome->verdict);
    printf("    %s --seed %llu --histories 1 --story%s%s\n", name,
           (unsigned long long)outcome->seed, arguments->broken_rule == NULL ? "" : " --break ",
           arguments->broken_rule == NULL ? "" : arguments->broken_rule);
}

static void count(struct totals *totals, const struct outcome *outcome,
                  const struct arguments *arguments, const char *name)
{
    totals->done++;
    totals->steps += outcome->steps;
    totals->records += outcome->records;
    totals->crashes += outcome->crashes;
    totals->state_losses += outcome->state_losses;
    totals->second_signals += outcome->second_signals;
    if (!outcome->failed) {
        return;
    }
    totals->failed++;
    int kind = 0;
    while (kind < totals->kinds && strcmp(totals->promises[kind], outcome->promise) != 0) {
        kind++;
    }
    if (kind == KINDS) {
        return;
    }
    if (kind == totals->kinds) {
        memcpy(totals->promises[totals->kinds++], outcome->promise, sizeof outcome->promise);
    }
    if (totals->counts[kind]++ < SHOWN_OF_EACH) {
        tell(outcome, arguments, name);
    }
    if (totals->counts[kind] == 1) {
        totals->examples[kind] = *outcome;
    }
}

static void run_many(const struct arguments *arguments, const char *name, struct totals *totals)
{
    struct outcome *outcomes = mmap(NULL, JOBS_MAX * sizeof *outcomes, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[JOBS_MAX] = {0};
    int64_t next = 0;
    int running = 0;
    bool enough = false;
    fflush(stdout);
    while (running > 0 || (next < arguments->histories && !enough)) {
        while (running < arguments->jobs && next < arguments->histories && !enough) {
            int slot = 0;
            while (pids[slot] != 0) {
                slot++;
            }
            outcomes[slot] =
                (struct outcome){.seed = arguments->seed + (uint64_t)next++, .running = true};
            fflush(stdout);
            pids[slot] =
                outcome_begin(&outcomes[slot], arguments->story ? SIM_STORY_ALL : SIM_STORY_NONE);
            running++;
        }
        int status = 0;
        pid_t ended = wait(&status);
        for (int slot = 0; slot < JOBS_MAX; slot++) {
            if (pids[slot] == ended && ended > 0) {
                pids[slot] = 0;
                running--;
                outcome_end(&outcomes[slot], ended, status);
                count(totals, &outcomes[slot], arguments, name);
                enough = enough || (arguments->first_only && outcomes[slot].failed);
            }
        }
    }
    munmap(outcomes, JOBS_MAX * sizeof *outcomes);
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct totals totals = {0};
    struct timespec begin, end;
    if (!parse(argc, argv, &arguments)) {
        return 2;
    }
    sim.broken_rule =
        arguments.broken_rule == NULL ? SIM_BREAK_NONE : sim_break_find(arguments.broken_rule);
    sim.audit_only = arguments.audit;
    (void)timespec_get(&begin, TIME_UTC);
    run_many(&arguments, argv[0], &totals);
    (void)timespec_get(&end, TIME_UTC);
    printf("%lld histories in %.1f s: %lld steps, %lld records, %lld crashes, %lld lost state "
           "directories, %lld runs with a second signal\n",
           (long long)totals.done,
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
           (long long)totals.steps, (long long)totals.records, (long long)totals.crashes,
           (long long)totals.state_losses, (long long)totals.second_signals);
    for (int i = 0; i < totals.kinds; i++) {
        printf("%6lld broken: %s\n", (long long)totals.counts[i], totals.promises[i]);
    }
    for (int i = 0; i < totals.kinds && !arguments.first_only && !arguments.story; i++) {
        shrink_and_tell(&totals.examples[i], argv[0], arguments.broken_rule);
    }
    struct mutants_result mutants = {0};
    if (arguments.mutants) {
        mutants = mutants_run(argv[0], arguments.audit);
    }
    printf("sim: %lld histories, %lld broken promises", (long long)totals.done,
           (long long)totals.failed);
    if (arguments.mutants) {
        printf("; %d of %d broken variants caught", mutants.caught, mutants.count);
    }
    printf("\n%lld passed, %lld failed\n",
           (long long)(totals.done - totals.failed) + mutants.caught,
           (long long)totals.failed + mutants.count - mutants.caught);
    /* not every variant shows in a log */
    bool all_caught = arguments.audit || mutants.caught == mutants.count;
    return totals.failed > 0 || !all_caught ? 1 : 0;
}
