#ifndef WORKER_AUDIT_STOP_HISTORY_INTERNAL_H
#define WORKER_AUDIT_STOP_HISTORY_INTERNAL_H

/** Private to stop_history: what is kept of a log, and the judgement of one record.
 *
 *  stop_history.c  takes records
 *  stop_writer.c   incarnations, and what each knew
 *  stop_judge.c    the rules
 *  stop_broken.c   what is broken, and what a repetition makes of it
 *  stop_replay.c   the stop engine's table as a rule */

#include "worker/audit/stop_history.h"

enum { STOP_FACTS_JUDGED = 64 /**< of one run: more are no stop of ours */ };

/** An incarnation of a worker. */
struct stop_writer {
    struct id_entry entry;
    const char *boot_id;    /**< "" = not said */
    int64_t started_offset; /**< of its first WorkerStarted; -1 = the log holds none */
    int64_t started_ts;     /**< when that was made, which may be long before Kafka had it */
    bool journal_found;
    struct stop_writer *elder, *younger; /**< that started before and after it on the host */
};

struct stop_host {
    struct id_entry entry;
    struct stop_writer *newest;
};

/** A record, and who wrote it. */
struct stop_source {
    struct stop_record record; /**< offset -1 = there is none */
    struct stop_writer *writer;
    int64_t written;          /**< the offset of its last repetition; at first its own */
    int64_t ts;               /**< when it was made */
    int64_t appended_unix_ms; /**< when the broker had it, 0 = unknown */
};

/** What was recorded of a run. */
struct stop_fact {
    unsigned made_by; /**< enum stop_do: DO_RECORD_… */
    const char *id;
    struct stop_source source;
    int64_t boot_ms, unix_ms; /**< of signals, and of the start of a pre-stop command */
    const char *boot_id;
    bool maybe_repeated;
    struct optional_integer exit_code;
};

struct stop_run_history {
    struct stop_run_history *next;
    struct run run;
    const char *name;
    struct stop_source planned;      /**< the first plan that names it */
    struct stop_source grace_change; /**< the plan that gave it another grace last */
    int64_t last_grace_ms, shortest_grace_ms;
    struct stop_replay_plan plan;
    RECORD_LIST_OF(struct stop_fact) facts;
};

/** A terminal event. */
struct stop_end {
    const char *id;
    struct stop_source source;
};

/** What a record breaks; STOP_RULE_NONE = nothing. */
struct stop_verdict {
    enum stop_rule rule;
    const struct stop_run_history *run; /**< NULL = it is of the whole task */
    struct stop_record first;
    const struct stop_run_history *blocker; /**< ORDER: the run that had to end before; else NULL */
};

/** A record that breaks a rule. */
struct stop_broken {
    struct stop_broken *next;
    struct stop_verdict verdict;
    struct stop_source source;
    struct stop_run_history *run; /**< the record is a fact of that run; NULL = of the task */
    const struct stop_run_history *blocker; /**< of the last verdict that named one */
    bool taken_back;
};

struct stop_task_history {
    struct id_entry entry;
    struct stop_task_history *next;
    const char *host;
    bool two_hosts;
    int32_t partition;
    struct text_list requests; /**< ids of its StopRequested */
    struct text_list plans;    /**< ids of its StopAccepted */
    RECORD_LIST_OF(struct stop_end) ends;
    struct stop_source end; /**< the terminal event that the reducer folds */
    struct stop_run_history *runs;
    struct stop_broken *broken_first, *broken_last;
};

/** The writer of the event; NULL = out of memory. */
struct stop_writer *stop_writer_of(struct stop_history *history, const struct event *event);
/** A WorkerStarted. @return 0 or -1 with ERROR_NO_MEMORY */
int stop_writer_start(struct stop_history *history, const struct event *event, int64_t offset,
                      struct error *err);
/** True if what its writer was to write again after that record may never have come, since its journal was lost: the next start
 *  found none, or one that found none was there before; or that it was written again last out of a journal whose end went with the power. */
bool stop_writer_may_lack(const struct stop_source *source);
/** What the writer of a record knew of another one when it wrote; of one that the history does not hold: maybe. Pure. */
enum stop_knowledge stop_knowledge_of(const struct stop_writer *writer,
                                      const struct stop_source *of);

/** One record to be judged: it comes for the first time, or again. */
struct stop_judgement {
    struct stop_history *history;
    struct stop_task_history *of;
    const struct task *task; /**< the fold before it */
    struct stop_source source;
};

/** The last fact of the run. */
struct stop_verdict stop_judge_fact(const struct stop_judgement *judgement,
                                    const struct stop_run_history *run);
/** A StopAccepted. */
struct stop_verdict stop_judge_plan(const struct stop_judgement *judgement,
                                    const struct event_stop_accepted *accepted);
/** A terminal event. */
struct stop_verdict stop_judge_end(const struct stop_judgement *judgement,
                                   const struct event *event);

/** Keeps what the record breaks, if it does; run: of which it is a fact, NULL = it is none.
 *  @return 0 or -1 with ERROR_NO_MEMORY */
int stop_broken_keep(const struct stop_judgement *judgement, struct stop_run_history *run,
                     const struct stop_verdict *verdict, struct error *err);
/** What the record broke, be it taken back; NULL = nothing. */
struct stop_broken *stop_broken_by(const struct stop_task_history *task,
                                   const struct stop_source *source);
/** Whether its writer broke a rule of order with a later record. */
bool stop_broken_is_first(const struct stop_judgement *judgement);
/** verdict: of the broken record now. */
void stop_broken_settle(struct stop_broken *broken, const struct stop_verdict *verdict);
/** The record has come again: judges the facts of the task that broke a rule in the order in which all were written last. */
void stop_broken_judge_again(const struct stop_judgement *judgement);
struct stop_run_history *stop_history_run(const struct stop_task_history *task, struct run run);

#endif
