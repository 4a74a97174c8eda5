#ifndef WORKER_HOST_TASKS_REPORT_H
#define WORKER_HOST_TASKS_REPORT_H

/** What `stopfleet-worker tasks` prints of a grouping: tasks, what is left alone, labels of no use. */

#include <stdio.h>

#include "worker/host/grouping.h"

/** Tables for people. host is what ids are minted from; default_grace_ms holds for containers without a grace of their own.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int tasks_report_text(struct grouping *grouping, const char *host, int64_t default_grace_ms,
                      struct arena *arena, FILE *out, struct error *err);
/** One JSON object. @return 0 or -1 with ERROR_NO_MEMORY */
int tasks_report_json(struct grouping *grouping, const char *host, int64_t default_grace_ms,
                      struct arena *arena, FILE *out, struct error *err);

#endif
