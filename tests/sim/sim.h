#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

/** A worker as it ships (worker_run and all below it, but the adapters of libraries) in a world of its own: virtual time, an engine, a log, a view and API
 *  writers, all of which misbehave as a seed says. One history at a time in a process.
 *
 *  The worker runs on a stack of its own and gives way whenever its loop has nothing to do or a call blocks; a crash is that it is never resumed.
 *
 *  queue.c     virtual time: what happens when
 *  fiber.c     the stacks of workers, crashes, memory of the dead
 *  elder.c     two workers at the same time
 *  seams.c     what the worker asks of the operating system: clocks, random bytes, the journal's disk
 *  loop_sim.c kafka_read_sim.c kafka_write_sim.c redis_sim.c redis_store.c
 *              common/io/loop.h, kafka.h and redis_view.h, implemented by the world
 *  engine.c engine_calls.c engine_stream.c   containers, and the runtime that the worker talks to
 *  clients.c rebuild.c       API writers, and a rebuild of the view
 *  choice.c    which of the faults and clients of a seed happen
 *  faults.c outages.c state_faults.c   what goes wrong when
 *  history.c                 one history from beginning to end
 *  check*.c    the promises
 *  outcome.c shrink.c        a history in a process of its own; the least of it that breaks the same promise
 *  main.c mutants.c          the command line */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/domain/reduce.h"
#include "common/io/kafka.h"
#include "common/io/redis_view.h"
#include "worker/runtime/runtime.h"

#define SIM_HOST    "host-1"
#define SIM_CLUSTER "default"

enum {
    SIM_CONTAINERS = 12,
    SIM_RUNS = 24,
    SIM_DEFAULT_GRACE_MS = 3000,
    SIM_ENGINE_TIMEOUT_MS = 4000,
    SIM_RETENTION_MS = 1 << 30
};

/* ---- the dice ---- */
uint64_t sim_random(void);
/** Dice of one fault or one client: what it does depends on no other that is left out. */
void sim_dice_seed(uint64_t seed, uint64_t of, uint64_t number);
/** 0 … n - 1 */
int64_t sim_below(int64_t n);
/** low … high */
int64_t sim_between(int64_t low, int64_t high);
bool sim_chance(double p);

/* ---- story and verdict ---- */
/** One line of the story, if somebody reads it. */
enum sim_story {
    SIM_STORY_NONE,
    SIM_STORY_SHORT, /**< without the worker's own log and the steps of the view */
    SIM_STORY_ALL
};
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** A promise is broken. `promise` is a constant. */
void sim_broken(const char *promise, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** As the audit finds it in the log alone. */
void sim_broken_by_the_log(const char *promise, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- time ---- */
typedef void sim_fn(void *context);
/** owner 0 = the world; else the number of a worker: happens on its stack, and not at all once it is dead. */
void sim_after(int64_t delay_ms, int owner, sim_fn *fn, void *context);
int64_t sim_boot_ms(void);
int64_t sim_wall_ms(void);
/** Lets the next thing happen. @return false if nothing is left */
bool sim_next(int64_t until_ms);

/* ---- the worker ---- */
enum {
    SIM_ALIVE = 2, /**< at the same time, at most */
    SIM_DIRECTORY_SIZE = 80
};
struct loop;
struct sim_worker {
    int number; /**< of the incarnation; 0 = none yet */
    char directory[SIM_DIRECTORY_SIZE];
    struct loop *loop;
    bool journal_incomplete; /**< it could not write all of it, or nobody will find it */
    bool alive;
    int64_t frozen_until_ms; /**< SIGSTOP */
    int64_t blocked_until_ms;
    bool blocked;
    int64_t crash_in; /**< seams until it dies; 0 = it lives on */
    int64_t hang_in;  /**< seams until it hangs and is supplanted */
    bool torn;        /**< it dies within a write to the journal */
    int exit_code;
};
void sim_worker_start(void);
/** The one of this number, if it lives; else NULL. */
struct sim_worker *sim_worker_of(int number);
/** A worker that nobody looks after any more, beside the one that took its place; NULL = none. */
struct sim_worker *sim_worker_elder(void);
/** On its stack: it is frozen, and loses its place to another that is started meanwhile. */
void sim_worker_hangs(void);
/** kill -9, from outside or from a seam. */
void sim_worker_die(const char *why);
/** SIGTERM */
void sim_worker_end(void);
/** Does fn on the worker's stack, now. */
void sim_worker_do(struct sim_worker *worker, sim_fn *fn, void *context);
/** On the worker's stack: a call that blocks. */
void sim_worker_block(int64_t ms);
/** At each seam: a place at which the worker may die. */
void sim_seam(const char *what);
void sim_worker_forget_all(void);
/** Closes what a worker had opened, as the kernel does for the dead. */
void sim_files_close(int worker);
/** Loop: gives way to the world. */
void sim_worker_yield(void);
/** What the worker is to do next; NULL = nothing. */
sim_fn *sim_worker_take(void **ret_context);

/* ---- the engine ---- */
enum sim_behaviour { SIM_OBEY, SIM_IGNORE, SIM_LATE, SIM_SELF, SIM_UNKILLABLE, SIM_BEHAVIOURS };

/** What is true of a run. */
struct sim_run {
    int64_t started_at;
    bool on;
    enum sim_behaviour behaviour;
    int64_t exit_code, finished_at, ended_ms;
    bool code_known_to_engine;
    int64_t signal_boot_ms[16];
    int64_t signal_wall_ms[16];
    int signals, kills;
    int64_t ends_ms; /**< 0 = no end in sight */
    int64_t ends_code;
    int pre_stops; /**< how often its pre-stop command was started, … */
    int64_t pre_stop_boot_ms, pre_stop_ends_boot_ms; /**< … when last, and when that ends */
    bool pre_stop_meant;                             /**< the worker meant to start it */
    bool pre_stop_said;                              /**< PreStopStarted was said */
    /* what the worker said and meant */
    bool told;      /**< a SignalSent of it is in the log */
    bool open_call; /**< its stop signal was asked for, and nobody knows with what outcome */
    bool signal_said, exit_said, told_repeated, state_lost, kill_meant;
    bool of_two;        /**< two workers at the same time may both have acted on it */
    int signal_said_by; /**< number of the worker */
    int64_t exit_said_step;
    int exit_said_by; /**< number of the worker */
};
struct sim_container {
    char id[65], name[32];
    struct runtime_label labels[6];
    size_t label_count;
    char group[16], after[32], timeout_text[16], drain_text[16];
    int group_number;
    int needs; /**< container that it depends on, -1 = none */
    int64_t grace_ms;
    bool removed, replaced, restarts, end_skipped;
    int looked_by;       /**< number of the worker for which it was looked at last … */
    int64_t looked_step; /**< … and when */
    bool has_pre_stop;
    struct sim_run runs[SIM_RUNS];
    int run_count;
};
struct sim_container *sim_container_find(const char *id);
struct sim_run *sim_run_find(struct run run);
struct sim_run *sim_run_now(struct sim_container *container);
void sim_container_start(struct sim_container *container, enum sim_behaviour behaviour);
void sim_container_end(struct sim_container *container, int64_t code);
/** Another container under the name of this one, which was removed. */
void sim_container_recreate(struct sim_container *removed);
void sim_engine_make(void);
void sim_engine_tell(struct sim_container *container, enum runtime_event_kind kind);
/** The engine itself restarts: connections are lost, and its history. */
void sim_engine_state(bool up);
void sim_engine_freeze(bool frozen);
/** A signal arrives at a run that is on. */
void sim_run_signal(struct sim_container *container, struct sim_run *run, bool kill);
/** What the runtime can be asked; without start and free. */
const struct runtime_ops *sim_engine_calls(void);

/* ---- the log ---- */
struct sim_record {
    char *key, *bytes;
    size_t key_length, length;
    int64_t appended_wall_ms;
};
struct sim_topic {
    const char *name;
    struct sim_record *records;
    int64_t count, room;
};
struct sim_topic *sim_topic(const char *name);
/** Appends; the checks look at it. @return its offset */
int64_t sim_append(struct sim_topic *topic, struct span key, struct span value);
void sim_kafka_state(bool up);
/** A partition: the worker alone does not reach Kafka. */
void sim_kafka_cut(bool cut);
bool sim_kafka_reached(void);
/** More is there, or Kafka is. */
void sim_readers_wake(const struct sim_topic *topic);
/** Kafka came or went. */
void sim_readers_tell(void);

/* ---- the view ---- */
struct sim_pending {
    int64_t offset;
    char *bytes;
    size_t length;
};
struct sim_base {
    char id[40];
    int64_t pos, reducer;
    char *bytes;
    size_t length;
    bool terminal;
    struct sim_pending pending[32];
    int pending_count;
    int64_t pended[64]; /**< offsets that were ever added to pending */
    int pended_count;
};
struct sim_redis {
    struct sim_base *bases;
    int count, room;
    int64_t seen; /**< -1 = absent */
    char holder[128];
    int64_t held_until_ms;
    int64_t complete_run; /**< 0 = not complete */
    int64_t token;
};
struct sim_base *sim_base_find(const char *id);
void sim_redis_state(bool up);
/** A partition: the worker alone does not reach Redis. */
void sim_redis_cut(bool cut);
bool sim_redis_reached(void);
void sim_redis_empty(void);
void sim_redis_keep(void);    /**< a snapshot */
bool sim_redis_restore(void); /**< back to the snapshot */
bool sim_redis_complete(void);
void sim_redis_apply_put(const char *id, int64_t pos, int64_t reducer, struct span bytes,
                         bool terminal);
/** @return false if the task is not there */
bool sim_redis_pend(const char *id, int64_t offset, struct span bytes);

/* ---- the API ---- */
void sim_client_call(void);
void sim_rebuild_begin(void);

/* ---- the promises ---- */
struct sim_request {
    char *id;
    int64_t offset;
    struct optional_integer timeout_ms;
    bool repeated, named;
};
struct sim_snapshot {
    int64_t offset;
    char *bytes;
    size_t length;
};
/** What the log says of a task. */
struct sim_task {
    char id[40];
    struct task fold;
    struct sim_snapshot *snapshots;
    int count, room;
    struct sim_request *requests;
    int request_count, request_room;
    char **folded; /**< ids of its events */
    int folded_count, folded_room;
    bool ever_in_view, terminal_counted;
    bool suspect; /**< it was asked for before a worker began without a whole journal */
};
struct sim_task *sim_task_find(const char *id);
void sim_check_appended(int64_t offset, struct span bytes);
void sim_check_said(const struct event *event);
void sim_check_started(const struct event *event);
void sim_check_intent(const char *task, struct run run, const char *signal);
void sim_check_signal(struct run run, const char *signal, bool arrives);
void sim_check_pre_stop(struct run run);
/** The outcome of the last stop signal is asked for, or known. */
void sim_check_settles(struct run run);
void sim_check_base(const struct sim_base *base);
void sim_check_seen(void);
void sim_check_commit(int64_t offset);
void sim_check_not_found(const char *id);
/** What the log does not show may be done again. */
void sim_check_state_lost(void);
struct sim_answer {
    char task[40];
    char *request, *first, *reason;
    int64_t offset;
    bool terminal;
};
void sim_check_answer(const struct sim_answer *answer);
/** NULL when all is settled, else what is not. */
const char *sim_check_settled(void);
void sim_check_end(void);

/** At the end of hours without Kafka or Redis, through which this worker lived, and without any other fault. */
void sim_check_quiet_hours(int worker);

/* ---- faults and histories ---- */
/** Short, or long. */
int64_t sim_outage_ms(void);
void sim_kafka_away(void);
void sim_kafka_away_for(int64_t ms);
void sim_redis_away(void);
void sim_kafka_cut_off(void);
void sim_redis_cut_off(void);
void sim_engine_hung(void);
void sim_engine_away(void);
void sim_long_outage(void);
/** All but Redis is back. */
void sim_outages_end(void);
void sim_faults_begin(void);
void sim_lose_state(void);
/** Somebody removes it under a living worker, which keeps what it has open. */
void sim_lose_state_in_use(void);
/** It is lost with its worker, or cannot be written; soon the worker dies, and Kafka goes away. */
void sim_lose_state_and_log(void);
/** Power that goes takes the last writes of each file with it. */
void sim_cut_journals(void);
/** A new, empty state directory. */
void sim_directory_make(void);
void sim_heal(void);
/** @return false if a promise is broken */
bool sim_history(uint64_t seed, enum sim_story story);

/** Which of a history's faults and clients happen, by their numbers. */
enum { SIM_CHOICES = 512 };
struct sim_choice {
    bool given; /**< false = all */
    bool chosen[SIM_CHOICES];
};
struct sim_choices {
    struct sim_choice faults, clients;
};
extern struct sim_choices sim_choices;
/** Reads "1,5,9" or "none". @return false if it is neither */
bool sim_choose(struct sim_choice *choice, const char *list);
/** What did happen. */
struct sim_numbers {
    int count;
    int16_t items[SIM_CHOICES];
};

/** Rules of the world's own Redis and API that can be broken on purpose. */
enum sim_break {
    SIM_BREAK_NONE,
    SIM_BREAK_PUT_OLDER,   /**< put accepts an older base */
    SIM_BREAK_PEND_BELOW,  /**< pend keeps what the base holds already */
    SIM_BREAK_PUT_DROPS,   /**< put drops all pending */
    SIM_BREAK_ENGINE_LIES, /**< the engine says sent and does not send */
    SIM_BREAK_API_EARLY,   /**< the API answers before Kafka acknowledged */
    SIM_BREAK_INTENT_LOST  /**< intents do not reach the journal */
};
enum sim_break sim_break_find(const char *name);

struct sim {
    uint64_t dice[4];
    uint64_t seed;
    int64_t now_ms, boot_at_ms, wall_offset_ms;
    int boot_number;
    enum sim_story story;
    bool healing;
    int64_t until_ms;       /**< when everything heals */
    int64_t quiet_until_ms; /**< no faults and no clients until then */
    bool had_long_outage;
    int64_t disturbed_ms; /**< when something went wrong, or was mended, last */
    enum sim_break broken_rule;
    bool audit_only;     /**< what the audit finds in the log counts, and nothing else */
    const char *promise; /**< the first that was broken */
    char verdict[400];
    int broken;
    int64_t steps;
    struct sim_worker workers[SIM_ALIVE];
    struct sim_worker
        *worker;         /**< whose turn it is; in the world's turn the one that is looked after */
    int started;         /**< workers, so far */
    bool elder_ever;     /**< two lived at the same time */
    bool start_unlogged; /**< the log lacks the start of the newest, which has no whole journal */
    char directory[SIM_DIRECTORY_SIZE]; /**< the state directory of the one that is looked after */
    int directories;
    bool disk_full;
    bool facts_lost; /**< a worker died that could not write all down, or lost its directory */

    struct sim_container containers[SIM_CONTAINERS];
    int container_count;
    bool engine_up, engine_frozen;
    int64_t history_from_wall_ms;

    struct sim_topic events, hosts;
    bool kafka_up, kafka_cut;
    int64_t committed;

    struct sim_redis redis, kept;
    bool redis_up, redis_cut, has_kept;
    int64_t redis_run;

    struct sim_task *tasks[64];
    int task_count;
    double fault_rate;
    int clients_left;
    int fault_number, client_number;
    struct sim_numbers faults_done, clients_done;
    /* what a history went through */
    int64_t crashes, state_losses, second_signals;
};
extern struct sim sim;

#endif
