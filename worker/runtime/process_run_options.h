#ifndef WORKER_RUNTIME_PROCESS_RUN_OPTIONS_H
#define WORKER_RUNTIME_PROCESS_RUN_OPTIONS_H

/** The options of stopfleet-run. */

#include "common/base/option.h"

struct process_run_options {
    char *directory, *task, *name, *family, *group, *cluster, *started_by, *stop_signal;
    int64_t stop_timeout_ms; /**< 0 = not given */
    struct option_list depends_on;
    bool essential, sidecar, process_group, cgroup;
};

extern const struct option_program PROCESS_RUN_PROGRAM;

#endif
