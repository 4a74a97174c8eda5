#ifndef COMMON_DOMAIN_STOP_ENGINE_H
#define COMMON_DOMAIN_STOP_ENGINE_H

/** The stop of one container run as a pure state machine: no I/O, no clock, no allocation. The table
 *  is stop_engine.def; docs/stopping.md shows it. Whoever drives it (the worker's stopper, a simulator) carries out the actions
 *  and comes back with what happened.
 *
 *  What it holds to, whatever the order of events: one stop signal per run, unless an intent stays without its fact (then
 *  maybe_repeated is said); SIGKILL never before the deadline, which is the own signal's boot time, or that of the start of its pre-stop command, + the newest grace and is fixed
 *  once SIGKILL is decided on; a pre-stop command runs once at most; no signal without an inspection just before it; grace 0 means SIGKILL at once without a stop
 *  signal; the end is recorded on an inspection only; what fails is tried for ever, and named from the third failure on.
 *
 *  Of a run at most one engine call is under way: an INSPECT while an inspection is out asks for one more look after it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"

enum stop_state {
    STOP_STATE_NONE = 0,
#define STOP_STATE(name, doc) STOP_##name,
#include "common/domain/stop_engine.def"
    STOP_STATE_COUNT
};

enum stop_event {
    STOP_EVENT_NONE = 0,
#define STOP_EVENT(name, doc) STOP_ON_##name,
#include "common/domain/stop_engine.def"
    STOP_EVENT_COUNT
};

/** What goes wrong: the reason of a StopStuck. */
enum stop_problem {
    STOP_PROBLEM_NONE = 0,
#define STOP_PROBLEM(name, doc) STOP_PROBLEM_##name,
#include "common/domain/stop_engine.def"
    STOP_PROBLEM_COUNT
};

enum {
    STOP_CHECK_LEAD_MS =
        500,              /**< the inspection before SIGKILL begins this long before the deadline */
    STOP_FRESH_MS = 1000, /**< a look this old still counts when SIGKILL is due */
    STOP_POLL_MS = 10000, /**< longest time in GRACE without a look */
    STOP_PRE_STOP_POLL_MS = 1000,      /**< longest time in PRE_STOP without a look … */
    STOP_PRE_STOP_POLL_LEAST_MS = 100, /**< … and the shortest, at first */
    STOP_HOLD_MS = 50,                 /**< how soon a held step is tried again */
    STOP_BACKOFF_FIRST_MS = 1000,      /**< doubled after each try … */
    STOP_BACKOFF_MAX_MS = 30000,       /**< … up to this */
    STOP_TRIES_TO_STUCK = 3,           /**< failures in a row from which on StopStuck is recorded */
    STOP_ACTIONS_MAX = 6               /**< of one step */
};

/** The state of one run. The first group is filled in by the driver before START (from the plan and from what the log and the
 *  journal say); the rest is the engine's. {0} else. */
struct stop_run {
    int64_t grace_ms;          /**< newest in log order; 0 = SIGKILL at once */
    int64_t drain_delay_ms;    /**< what is left of it */
    bool signalled;            /**< its stop signal is recorded … */
    int64_t signalled_boot_ms; /**< … as sent then; another boot's signal: now */
    int64_t intents;           /**< journalled intents of the stop signal */
    int64_t kill_intents;      /**< journalled intents of SIGKILL */
    bool intended; /**< an intent of the stop signal has no fact yet, or its journal was lost */
    bool maybe_repeated;      /**< the number of intents is not known (journal lost) */
    bool kill_recorded;       /**< its SIGKILL is recorded */
    bool pre_stop_left;       /**< it has a pre-stop command, and nothing shows that it was tried */
    bool pre_stop_intended;   /**< an intent of it has no fact: it may have been started */
    bool pre_stopped;         /**< its start is recorded … */
    int64_t pre_stop_boot_ms; /**< … as of then; another boot's start: now */
    bool pre_stop_ended;      /**< its end is recorded */

    enum stop_state state; /**< STOP_NEW by stop_run_init */
    bool hinted;
    int64_t wake_boot_ms;         /**< armed timer, -1 = none */
    int64_t drained_boot_ms;      /**< end of the drain delay */
    int64_t seen_running_boot_ms; /**< last inspection that showed it running, -1 = none */
    int64_t failures;             /**< in a row */
    int64_t tries;                /**< exponent of the back-off */
    enum stop_problem kill_problem;
};

/** What happened. */
struct stop_input {
    enum stop_event event;
    int64_t
        at_boot_ms; /**< HISTORY_SENT, LOG_SIGNALLED: when the signal was sent; LOG_PRE_STOPPED: when the command was started */
    int64_t times;  /**< HISTORY_SENT: how many are shown */
    int64_t grace_ms; /**< GRACE_CHANGED */
};

/** What is to be done. Records come before calls. */
enum stop_action_kind {
    STOP_ACTION_RECORD_SIGNAL = 1,   /**< SignalSent: at_boot_ms, maybe_repeated */
    STOP_ACTION_RECORD_KILL,         /**< KillSent: maybe_repeated */
    STOP_ACTION_RECORD_PRE_STOP,     /**< PreStopStarted: at_boot_ms */
    STOP_ACTION_RECORD_PRE_STOP_END, /**< PreStopEnded, with the engine's last words on it */
    STOP_ACTION_RECORD_STUCK, /**< StopStuck, if the reason differs from the recorded one: problem */
    STOP_ACTION_RECORD_EXIT,  /**< ContainerExited, from the inspection just reported */
    STOP_ACTION_ARM,          /**< TIMER at at_boot_ms, replacing what was armed */
    STOP_ACTION_DISARM,
    STOP_ACTION_INSPECT,
    STOP_ACTION_ASK_HISTORY,
    STOP_ACTION_SIGNAL,   /**< journal the intent, then send the plan's stop signal */
    STOP_ACTION_KILL,     /**< journal the intent, then send SIGKILL */
    STOP_ACTION_PRE_STOP, /**< journal the intent, then start the plan's pre-stop command */
    STOP_ACTION_LOOK      /**< ask whether the pre-stop command runs */
};

struct stop_action {
    enum stop_action_kind kind;
    int64_t at_boot_ms;
    bool maybe_repeated;
    enum stop_problem problem;
};

struct stop_actions {
    struct stop_action items[STOP_ACTIONS_MAX];
    size_t count;
};

/** Sets the engine's own members for START; the driver's stay. */
void stop_run_init(struct stop_run *run);
/** When SIGKILL is due: start of the pre-stop command, else signal, + grace; INT64_MAX while there is neither. */
int64_t stop_run_deadline(const struct stop_run *run);
/** True once SIGKILL is decided on: the grace is fixed. */
bool stop_run_kill_decided(const struct stop_run *run);

/** One step. now_boot_ms never falls between steps of a run.
 *  @return 0, or -1 with ERROR_BUG for an event that the state holds to be impossible: the run is unchanged, no actions */
int stop_engine_step(struct stop_run *run, const struct stop_input *input, int64_t now_boot_ms,
                     struct stop_actions *ret_actions, struct error *err);

/** Names as the table has them ("DEADLINE_CHECK"); "none" outside the enums. */
const char *stop_state_name(enum stop_state state);
const char *stop_event_name(enum stop_event event);
/** The sentence of a problem. */
const char *stop_problem_text(enum stop_problem problem);

/** The generated section of docs/stopping.md: states, events, and every cell. */
void stop_engine_write_markdown(FILE *out);

#endif
