#ifndef WORKER_RUNTIME_PROCESS_RUN_CLAIM_H
#define WORKER_RUNTIME_PROCESS_RUN_CLAIM_H

/** The task file of a command that stopfleet-run starts: its name, and who has it. */

#include <limits.h>

#include "worker/runtime/process_file.h"
#include "worker/runtime/process_proc.h"

struct process_run_names {
    char stem[NAME_MAX + 1];        /**< TASK.NAME, what is no part of a file name as %XX */
    char task_file[NAME_MAX + 1];   /**< STEM.json */
    char status_file[NAME_MAX + 1]; /**< STEM.status */
};

/** Two pairs of names never have the same files: '.' in the task's name is encoded too, and one that
 *  is too long ends with "%~" and its CRC-32C instead. Pure. */
void process_run_names_make(const char *task, const char *name, struct process_run_names *ret);

/** Writes the task file, and removes an old status file, unless a process that runs has it; of those
 *  that try at once, one succeeds.
 *  @return 0, or -1: ERROR_CONFLICT (says which process has it), ERROR_INVALID (what is there, or
 *  `file`, is no task file), ERROR_IO, ERROR_FULL, ERROR_NO_MEMORY */
int process_run_claim(int directory_fd, const struct process_run_names *names,
                      const struct process_boot *boot, const struct process_file *file,
                      struct error *err);

/** Removes the task file if it still is this process'. */
void process_run_disclaim(int directory_fd, const struct process_run_names *names, int64_t pid,
                          int64_t start_time);

#endif
