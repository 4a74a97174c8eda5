#ifndef WORKER_AUDIT_STOP_HISTORY_H
#define WORKER_AUDIT_STOP_HISTORY_H

/** The recorded stops of a log, held against the promises (stop_rule.def) record by record, with the worker's own code: the stop
 *  engine's table and deadline, the plan's order, the reducer's fold. Pure.
 *
 *  What a worker did is judged by what it knew: all that it had written itself, and all that the log held when it started. What
 *  another incarnation wrote since (two workers of one host at once), or before a start that found no journal, it may not have
 *  known: such a pair of records is no finding, as docs/reliability.md says. A task that two hosts write of is not judged.
 *
 *  A worker writes in order, but where Kafka refused a record and took the next one, the log holds them in the wrong order at
 *  first: then the worker writes both again. What breaks a rule is judged by the order in which its records were written last: a
 *  finding goes when that order is right, and stays when the same order is merely written again. */

#include "common/base/id_table.h"
#include "common/domain/task.h"
#include "worker/audit/stop_replay.h"
#include "worker/audit/stop_rule.h"

/** Called for each finding, in the order of the log's tasks and records. */
typedef void stop_found_fn(void *context, const struct stop_finding *finding);

/** {0} is a valid empty history. */
struct stop_history {
    size_t stops; /**< tasks with a StopAccepted */
    struct id_table tasks, writers, hosts;
    struct stop_task_history *first, *last;
    struct stop_replay_memory verdicts;
    struct arena arena;
};

/** Where a record stands in the log. */
struct stop_place {
    int32_t partition;
    int64_t offset;
    int64_t appended_unix_ms; /**< by the broker's clock (LogAppendTime), 0 = unknown */
};

/** Takes one record, in the order of its partition. task: the fold of its task's records before it (an empty one at first); not
 *  used for events of hosts. Types that are no part of a stop are passed over.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int stop_history_add(struct stop_history *history, const struct task *task,
                     const struct event *event, const struct stop_place *place, struct error *err);
/** After the last record: until then the repetition of a record may take a finding back. @return how many there are */
size_t stop_history_report(const struct stop_history *history, stop_found_fn *found, void *context);
void stop_history_release(struct stop_history *history);

#endif
