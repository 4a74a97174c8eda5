/** What goes wrong with a state directory. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/sim.h"

static void forget_files(void)
{
    char path[512];
    DIR *directory = opendir(sim.directory);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", sim.directory, entry->d_name);
            (void)unlink(path);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

void sim_lose_state(void)
{
    sim_say("the state directory is LOST");
    sim_check_state_lost();
    forget_files();
    sim.state_losses++;
}

void sim_lose_state_in_use(void)
{
    sim_say("the state directory is removed under w%d", sim.worker->number);
    forget_files();
    sim.worker->journal_incomplete = true; /* what it knows alone is lost with it */
    sim.state_losses++;
}

void sim_cut_journals(void)
{
    char path[512];
    struct stat status;
    DIR *directory = opendir(sim.directory);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", sim.directory, entry->d_name);
        if ((strncmp(entry->d_name, "journal-", 8) == 0 ||
             strncmp(entry->d_name, "partial-", 8) == 0) &&
            stat(path, &status) == 0 && status.st_size > 0) {
            (void)!truncate(path, status.st_size - sim_below(status.st_size));
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

/* ---- lost or not written, and nobody to ask ---- */

static void lose_log(void *context)
{
    (void)context;
    if (!sim.healing) {
        sim.disk_full = false;
        sim_worker_die("from outside");
        sim_kafka_away_for(sim_between(12000, 40000));
    }
}

void sim_lose_state_and_log(void)
{
    if (sim_chance(0.5)) {
        sim.disk_full = true;
        sim_say("the disk is FULL");
    } else {
        sim_worker_die("with its state directory");
        sim_lose_state();
    }
    sim_after(sim_between(50, 8000), 0, lose_log, NULL);
}
