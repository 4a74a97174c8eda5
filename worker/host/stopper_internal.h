#ifndef WORKER_HOST_STOPPER_INTERNAL_H
#define WORKER_HOST_STOPPER_INTERNAL_H

/** Private to the stopper: what its files share.
 *
 *  stopper.c           life cycle, and what comes in from outside
 *  stopper_log.c       records of the log
 *  stopper_recovery.c  own state from log and journal, open intents
 *  stopper_facts.c     what only the log shows of open stops, into the journal
 *  stopper_task.c      the tasks that the stopper knows of, and their runs
 *  stopper_accept.c    StopRequested -> plan -> StopAccepted
 *  stopper_run.c       drives the machine of one run: records and timers
 *  stopper_pre_stop.c  pre-stop commands: what is known of them, and their records
 *  stopper_call.c      engine calls of runs: limit, intents, answers
 *  stopper_probe.c     a look at all containers of a task
 *  stopper_finish.c    all ended -> TaskStopped, or runs that were started again
 *  stopper_record.c    an event into journal, own state and log */

#include "common/base/id_table.h"
#include "common/domain/plan.h"
#include "common/domain/stop_engine.h"
#include "worker/host/exit_result.h"
#include "worker/host/exit_watch.h"
#include "worker/host/journal.h"
#include "worker/host/outbox.h"
#include "worker/host/stopper.h"
#include "worker/host/timers.h"

enum {
    STOPPER_LOOK_AGAIN_MS =
        1000,                    /**< a look at a task's containers that failed or proved nothing */
    STOPPER_SEEN_FRESH_MS = 200, /**< a look this old need not be repeated before the signal */
    STOPPER_ENDED_TASKS_MAX = 16384, /**< names of ended tasks that are remembered */
    STOPPER_DETAIL_BYTES = 300,      /**< kept of what the engine says */
    STOPPER_EXEC_ID_BYTES = 81,
    STOPPER_COMPLAIN_EVERY_MS = 60000,
    STOPPER_SAID_RUNS_MAX =
        100 /**< with more runs being stopped, a stop's lines are of level debug */
};

/** A StopRequested that was read. */
struct stop_request {
    struct stop_request *next; /**< in log order */
    int64_t offset;
    char *id;
    struct optional_integer stop_timeout_ms;
    bool repeated; /**< a client's retry: the same id was read before, at a lower offset */
    bool handled;  /**< taken up, or of no effect */
    bool settled;  /**< the base, folded to it, is terminal: it does not hold the commit back */
    bool
        before_us; /**< read before our own WorkerStarted: an older incarnation may have acted on it */
};

enum stop_call {
    STOP_CALL_NONE = 0,
    STOP_CALL_INSPECT,
    STOP_CALL_HISTORY,
    STOP_CALL_SIGNAL,
    STOP_CALL_KILL,
    STOP_CALL_PRE_STOP, /**< start the pre-stop command */
    STOP_CALL_LOOK      /**< ask after it */
};

/** One run of a plan. */
struct stop_slot {
    struct stop_slot *next; /**< of the task, or of those dropped */
    struct stop_task *task; /**< NULL = dropped while a call was out */
    struct stopper *stopper;
    struct id_entry entry; /**< by container id */
    char *container_id;    /**< owned: entry.key and run.container_id */
    struct run run;
    struct stop_run machine;
    struct timer_entry timer;

    enum stop_call call;   /**< out at the engine */
    enum stop_call queued; /**< waits for its turn */
    struct stop_slot *next_queued;
    bool look_again;       /**< another inspection was asked for meanwhile */
    bool looked_again;     /**< this inspection is the other one, and no event came since */
    uint64_t watch_mark;   /**< exit_watch_mark when the last call was made */
    int64_t asked_unix_ms; /**< when the last call was made */
    int64_t asked_boot_ms;
    int64_t intent_unix_ms;            /**< of the first intent of the stop signal; 0 = not known */
    int64_t intent_boot_ms;            /**< on this boot; -1 = not known */
    int64_t seen_running_boot_ms;      /**< by somebody else's look just before; -1 = none */
    char detail[STOPPER_DETAIL_BYTES]; /**< the engine's last words */
    char exec_id[STOPPER_EXEC_ID_BYTES];   /**< of its pre-stop command, "" = not known */
    struct optional_integer pre_stop_code; /**< that it ended with */
};

/** A container as a probe found it. */
struct stop_probe_item {
    struct stop_probe *probe;
    char *container_id;
    bool exists;
    enum runtime_status status;
    int64_t started_at;
    const char *left; /**< stopper_environment.left; NULL: not so, or it does not run */
};

struct stop_probe;
typedef void stop_probe_fn(struct stop_task *task, const struct stop_probe *probe);

/** A look at some containers of a task. */
struct stop_probe {
    struct stop_probe *next; /**< among those dropped */
    struct stopper *stopper;
    struct stop_task *task; /**< NULL = dropped */
    stop_probe_fn *done;
    struct stop_probe_item *items;
    int64_t asked_boot_ms;     /**< what it shows may be as old as this */
    uint64_t watch_mark;       /**< exit_watch_mark when it began */
    size_t count, asked, open; /**< a few are asked for at a time */
    bool asking;
    bool failed; /**< at least one had no answer */
};

/** An own event of the log that the journal may lack. */
struct stop_fact {
    struct stop_fact *next;
    size_t length;
    char bytes[];
};

/** A task that the stopper knows of: requests for it, or own events. */
struct stop_task {
    struct stopper *stopper;
    struct id_entry entry;   /**< by task id */
    char *id;                /**< owned: entry.key */
    char *cluster;           /**< NULL until an event says */
    struct task own;         /**< fold of the worker's own events: log, then journal */
    struct stop_fact *facts; /**< its own events in the log, until acting begins */
    struct stop_request *requests;
    struct stop_slot *slots;
    struct stop_probe *probe; /**< under way */
    int64_t calls_out;        /**< of its runs, at the engine */
    struct timer_entry look;  /**< the next try to accept or to finish */
    bool over;                /**< nothing is left to do */
    const char *
        said_left; /**< the last reason for which a container was left out, that is in the worker's log */
    int64_t
        suspect_unix_ms; /**< those whose journal is lost may have acted on it until then; 0 = on nothing of it */
    int64_t suspect_boot_ms; /**< the same on the boot-time clock; -1 = in another boot */
    bool terminal_read;      /**< its terminal event was read back */
    int64_t terminal_offset;
    struct stop_task *next_ended;
};

struct stopper {
    struct stopper_environment env;
    int lock_fd;
    struct timers timers;
    size_t timer_count; /**< entries that there may be at once */
    struct journal journal;
    struct journal_found found; /**< until acting begins */
    bool journal_found;         /**< an older incarnation's, whole */
    struct outbox outbox;
    struct id_table tasks;
    struct id_table slots;
    struct exit_watch exits;
    struct stop_task *ended_first, *ended_last; /**< terminal event read back, oldest first */
    size_t ended_count;
    struct text_list known; /**< incarnations */
    struct arena known_arena;
    struct stop_slot *queue_first, *queue_last;   /**< calls that wait */
    struct stop_slot *urgent_first, *urgent_last; /**< SIGKILLs that wait */
    struct stop_slot *dropped;         /**< of tasks that are over, with a call still out */
    struct stop_probe *dropped_probes; /**< of tasks that are over, with inspections still out */
    int64_t calls_out;
    struct log_limit journal_complaints;
    bool saw_own; /**< our own WorkerStarted was read back */
    bool acting;
    bool caught_up; /**< the log was read to its end */
    int64_t
        missed_offset; /**< lowest record that memory was out for, -1 = none: the commit stays there */
    bool catching;     /**< acting without the log, which has begun to come: signals wait */
    bool kafka_away; /**< what is missing of the log cannot come now: nothing waits for it */
    bool
        superseded; /**< a later incarnation acts, or is to, after `failed`: nothing is done any more */
};

/* stopper_task.c */
/** Finds or makes a task. NULL when memory is out. */
struct stop_task *stopper_task_need(struct stopper *stopper, const char *id, const char *cluster);
struct stop_task *stopper_task_find(const struct stopper *stopper, const char *id, size_t length);
/** Frees it with everything of it. */
void stopper_task_free(struct stop_task *task);
/** Memory was out for something of a task that nothing would try again: nothing is done any more, and the process is to exit. */
void stopper_task_fail(const struct stop_task *task, const char *what);
/** As stopper_task_fail; task_id NULL = not known. */
void stopper_fail(struct stopper *stopper, const char *what, const char *task_id);
/** True while a plan is being carried out. */
bool stopper_task_under_way(const struct stop_task *task);
/** Its stop is over: forgets the runs. */
void stopper_task_end(struct stop_task *task);
/** Its terminal event was read back: keeps little more than its name. */
void stopper_task_ended_in_log(struct stop_task *task, int64_t offset);
/** Lets go of own state whose end is folded into bases up to `projected`, and of the oldest names. */
void stopper_task_forget(struct stopper *stopper, int64_t projected);
int stopper_task_add_request(struct stop_task *task, int64_t offset, const struct event *event,
                             bool before_us);
/** The slot of a run, NULL = none. */
struct stop_slot *stopper_task_slot(const struct stop_task *task, struct run run);
/** Makes the slot of a planned run, not started. NULL when memory is out. */
struct stop_slot *stopper_task_add_slot(struct stop_task *task, const struct planned_run *planned);
void stopper_slot_free(struct stop_slot *slot);

/* stopper_record.c */
/** Fills the common members; cause is the first request of the task's plan. id is where the event's id is kept. */
int stopper_event(struct stop_task *task, enum event_type type, char id[37],
                  struct event *ret_event, struct error *err);
/** Journal, queue for the log, own state. begins: may not use the journal's reserve. */
int stopper_record(struct stopper *stopper, const struct event *event, bool begins,
                   struct error *err);
/** As stopper_record; a failure is logged. @return false on failure */
bool stopper_record_or_complain(struct stop_task *task, const struct event *event, bool begins);

/* stopper_recovery.c */
void stopper_recovery_act(struct stopper *stopper, bool log_read);
/** Remembers an incarnation. @return true if it was known */
bool stopper_recovery_know(struct stopper *stopper, const char *incarnation);
/** The log's end was reached. */
void stopper_recovery_caught_up(struct stopper *stopper);
/** A stop that only the journal or a late record of another incarnation shows, its StopRequested below the commit, is over, whatever was requested
 *  since. */
void stopper_recovery_end_if_over(struct stop_task *task);
/** Others may have acted on this task: if their journal is lost, each run that is not known to be signalled may have been, which the new journal
 *  remembers. */
void stopper_recovery_suspect(struct stop_task *task);
/** A run of such a task, unless it began later; any = even then. */
void stopper_recovery_suspect_run(struct stop_slot *slot, bool any);

/* stopper_facts.c */
/** An own event of the log: kept until acting begins, then journalled if own state learned from it what another incarnation knew. */
void stopper_facts_read(struct stop_task *task, const struct event *event, bool changed);
/** The journal holds this one. */
void stopper_facts_held(struct stop_task *task, struct span event);
/** Acting begins: journals those that the journal does not hold. */
void stopper_facts_journal(struct stopper *stopper);
/** A partial journal is whole once it lacks nothing of any stop. */
void stopper_facts_complete(struct stopper *stopper);
void stopper_facts_free(struct stop_task *task);

/* stopper_accept.c */
/** Takes up what can be taken up of a task's requests. */
void stopper_accept(struct stop_task *task);
/** True if a StopRequested of it waits to be taken up. */
bool stopper_accept_pending(const struct stop_task *task);
/** A plan step for a run of a container that was started again. */
struct planned_run stopper_accept_restarted(const struct stop_task *task,
                                            const struct planned_run *before, int64_t started_at);

/* stopper_run.c */
/** Slots for all runs of the plan that have not ended, graces as the plan says. begin: start those that are new. */
void stopper_run_sync(struct stop_task *task, bool begin);
/** Starts the slots that were not. */
void stopper_run_start(struct stop_task *task);
/** Those that had to wait for containers that have all ended by now have their turn. */
void stopper_run_release(struct stop_task *task);
/** Feeds the machine; result: with INSPECTED_ENDED. */
void stopper_run_feed(struct stop_slot *slot, const struct stop_input *input,
                      const struct run_result *result);
void stopper_run_on(struct stop_slot *slot, enum stop_event event);
/** Something may have happened to it. */
void stopper_run_hint(struct stop_slot *slot);

/* stopper_pre_stop.c */
/** What the log says of its pre-stop command into a machine that was just made. */
void stopper_pre_stop_fill(struct stop_slot *slot, const struct planned_run *planned);
/** It may have been started, and nothing shows whether it was: it is not started (again). */
void stopper_pre_stop_suspect(struct stop_slot *slot, const char *why);
/** Tells the machine of a start that the log shows and it does not know. */
void stopper_pre_stop_sync(struct stop_slot *slot);
void stopper_pre_stop_record_start(struct stop_slot *slot, int64_t at_boot_ms);
void stopper_pre_stop_record_end(struct stop_slot *slot);

/* stopper_call.c */
/** Keeps what the engine said. */
void stopper_call_keep_detail(struct stop_slot *slot, const char *detail);
void stopper_call_want(struct stop_slot *slot, enum stop_call call);
/** Takes it out of the queue. */
void stopper_call_cancel(struct stop_slot *slot);
/** Its task is over while its call is out: the callback frees it. */
void stopper_call_drop(struct stop_slot *slot);
void stopper_call_free_dropped(struct stopper *stopper);

/* stopper_probe.c */
/** Looks at `count` containers; done is called once, from the loop. @return 0 or -1 with ERROR_NO_MEMORY */
int stopper_probe_start(struct stop_task *task, const char *const *container_ids, size_t count,
                        stop_probe_fn *done, struct error *err);
void stopper_probe_drop(struct stop_task *task);
void stopper_probe_free_dropped(struct stopper *stopper);
bool stopper_probe_running(const struct stop_probe_item *item);
const struct stop_probe_item *stopper_probe_item(const struct stop_probe *probe,
                                                 const char *container_id);

/* stopper_finish.c */
/** If every run of the plan has ended: looks once more, then TaskStopped. */
void stopper_finish(struct stop_task *task);

/* stopper.c */
int64_t stopper_now_boot(const struct stopper *stopper);
int64_t stopper_now_unix(const struct stopper *stopper);
/** The base of a task and up to where it is folded. */
const struct task *stopper_base(const struct stop_task *task, int64_t *ret_pos);
/** Looks at the task again in a while, or earlier if that is due. */
void stopper_look_later(struct stop_task *task, int64_t delay_ms);
/** For tests without a loop: calls what is due. */
void stopper_tick(struct stopper *stopper);

#endif
