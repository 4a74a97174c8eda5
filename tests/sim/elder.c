/** Two workers of one host at the same time: one that hangs, or that was cloned, and one that takes its place elsewhere. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/sim.h"

struct sim_worker *sim_worker_of(int number)
{
    for (int i = 0; i < SIM_ALIVE; i++) {
        if (sim.workers[i].alive && sim.workers[i].number == number) {
            return &sim.workers[i];
        }
    }
    return NULL;
}

struct sim_worker *sim_worker_elder(void)
{
    struct sim_worker *elder = NULL;
    int newest = 0;
    for (int i = 0; i < SIM_ALIVE; i++) {
        newest = sim.workers[i].number > newest ? sim.workers[i].number : newest;
    }
    for (int i = 0; i < SIM_ALIVE; i++) {
        if (sim.workers[i].alive && sim.workers[i].number < newest) {
            elder = &sim.workers[i];
        }
    }
    return elder;
}

void sim_directory_make(void)
{
    char base[SIM_DIRECTORY_SIZE / 2];
    bool memory = access("/dev/shm", W_OK) == 0;
    (void)snprintf(base, sizeof base, "%s/stopfleet-sim-%ld", memory ? "/dev/shm" : "/tmp",
                   (long)getpid());
    (void)mkdir(base, 0700);
    (void)snprintf(sim.directory, sizeof sim.directory, "%s/%d", base, ++sim.directories);
    (void)mkdir(sim.directory, 0700);
}

static void copy_file(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    struct stat status;
    if (in >= 0 && out >= 0 && fstat(in, &status) == 0) {
        (void)!sendfile(out, in, NULL, (size_t)status.st_size);
    }
    close(in);
    close(out);
}

static void copy_directory(const char *from, const char *to)
{
    char source[512], target[512];
    DIR *directory = opendir(from);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0) {
            (void)snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
            (void)snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
            copy_file(source, target);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

static void supplant(struct sim_worker *elder, bool copies_state)
{
    char old[sizeof sim.directory];
    memcpy(old, sim.directory, sizeof old);
    elder->crash_in = 0;
    elder->journal_incomplete = true; /* nobody finds it */
    sim.elder_ever = true;
    sim_check_state_lost();
    sim_directory_make();
    if (copies_state) {
        copy_directory(old, sim.directory);
    }
    sim.worker = &sim.workers[elder == &sim.workers[0]];
    sim_worker_start();
}

static void on_hung(void *context)
{
    struct sim_worker *elder = context;
    if (!sim.healing && elder->alive && elder == sim.worker && sim_worker_elder() == NULL) {
        supplant(elder, sim_chance(0.4));
    }
}

/** It does what it is about to do, and then nothing for a while, in which another takes its place. */
void sim_worker_hangs(void)
{
    int64_t ms = sim_chance(0.3) ? 0 : sim_between(10, 20000);
    sim.worker->frozen_until_ms = sim.now_ms + ms;
    sim_say("w%d is frozen for %lld ms, and is to be supplanted", sim.worker->number,
            (long long)ms);
    sim_after(sim_between(0, ms / 4), 0, on_hung, sim.worker);
}
