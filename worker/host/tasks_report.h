#ifndef WORKER_HOST_TASKS_REPORT_H
#define WORKER_HOST_TASKS_REPORT_H

/** What `stopfleet-worker tasks` prints of a grouping: tasks, what is left alone, labels of no use. */

#include <stdio.h>

#include "worker/host/grouping.h"

/** What is printed. */
struct tasks_report {
    struct grouping *grouping;
    const char *host;         /**< what ids are minted from */
    int64_t default_grace_ms; /**< of containers without a grace of their own */
    bool has_files;           /**< what runs is said by task files, not by labels */
    const struct runtime_bad_file *bad_files;
    size_t bad_file_count;
};

/** Tables for people. @return 0 or -1 with ERROR_NO_MEMORY */
int tasks_report_text(const struct tasks_report *report, struct arena *arena, FILE *out,
                      struct error *err);
/** One JSON object. @return 0 or -1 with ERROR_NO_MEMORY */
int tasks_report_json(const struct tasks_report *report, struct arena *arena, FILE *out,
                      struct error *err);

#endif
