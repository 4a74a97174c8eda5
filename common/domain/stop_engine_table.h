#ifndef COMMON_DOMAIN_STOP_ENGINE_TABLE_H
#define COMMON_DOMAIN_STOP_ENGINE_TABLE_H

/** The edges of stop_engine.def as data: for the engine, its documentation and its tests. */

#include "common/domain/stop_engine.h"

/** When an edge is taken. */
enum stop_guard {
    STOP_IF_ALWAYS = 0,
    STOP_IF_KILL_INTENDED,     /**< SIGKILL was decided on */
    STOP_IF_SIGNALLED,         /**< its stop signal is recorded */
    STOP_IF_INTENDED,          /**< an intent has no fact */
    STOP_IF_UNSIGNALLED,       /**< its stop signal is not recorded */
    STOP_IF_PRE_STOP_LEFT,     /**< it has a pre-stop command that was not tried yet */
    STOP_IF_PRE_STOP_INTENDED, /**< an intent of its pre-stop command has no fact */
    STOP_IF_PRE_STOPPING,      /**< its pre-stop command was started, and not seen to end */
    STOP_IF_DRAINS,            /**< a drain delay is left and it is not forced */
    STOP_IF_DRAINED,           /**< the drain delay is over */
    STOP_IF_FORCED,            /**< grace 0 */
    STOP_IF_HINTED,            /**< a hint came while the call was out */
    STOP_IF_REPEATED,          /**< more than one intent of the stop signal */
    STOP_IF_RESTING,           /**< a timer is armed: no call is out */
    STOP_IF_NEAR,              /**< at most STOP_CHECK_LEAD_MS to the deadline */
    STOP_IF_OVERDUE,           /**< the deadline is here */
    STOP_IF_OVERDUE_FRESH, /**< the deadline is here and the last look is at most STOP_FRESH_MS old */
    STOP_IF_KILL_RECORDED, /**< a SIGKILL is recorded already */
    STOP_GUARD_COUNT
};

/** What an edge does, as bits; carried out in this order. */
enum stop_do {
    DO_PROGRESS = 1 << 0,  /**< failures and back-off begin anew */
    DO_NOTE_HINT = 1 << 1, /**< remember that something was said */
    DO_NOTE_CALL = 1 << 2, /**< remember what became of this SIGKILL */
    DO_RECORD_SIGNAL = 1 << 3,
    DO_RECORD_KILL = 1 << 4,
    DO_FAIL_INSPECTION = 1 << 5, /**< one failure more; stuck from the third on */
    DO_FAIL_CALL = 1 << 6,
    DO_FAIL_KILL = 1 << 7,
    DO_RECORD_EXIT = 1 << 8,
    DO_DISARM = 1 << 9,
    DO_ARM_DRAIN = 1 << 10,    /**< at the end of the drain delay */
    DO_ARM_CHECK = 1 << 11,    /**< shortly before the deadline, or the next look now and then */
    DO_ARM_RETRY = 1 << 12,    /**< as ARM_CHECK, at the back-off at the latest */
    DO_ARM_DEADLINE = 1 << 13, /**< at the deadline */
    DO_ARM_BACKOFF = 1 << 14,
    DO_ARM_HOLD = 1 << 15,
    DO_INSPECT = 1 << 16,
    DO_ASK_HISTORY = 1 << 17,
    DO_SIGNAL = 1 << 18,
    DO_KILL = 1 << 19,
    DO_RECORD_PRE_STOP = 1 << 20,
    DO_RECORD_PRE_STOP_END = 1 << 21,
    DO_PRE_STOP = 1 << 22,
    DO_LOOK = 1 << 23 /**< ask after the pre-stop command */
};

struct stop_edge {
    enum stop_state state;
    enum stop_event event;
    enum stop_guard guard;
    enum stop_state next;
    unsigned actions;         /**< enum stop_do */
    const char *actions_text; /**< as the table writes them */
    const char *why;
};

extern const struct stop_edge STOP_EDGES[];
extern const size_t STOP_EDGE_COUNT;

/** First edge of a cell, in table order, NULL = impossible; later ones of the cell follow it directly. */
const struct stop_edge *stop_edge_first(enum stop_state state, enum stop_event event);
/** Why the event is impossible where it has no edge. */
const char *stop_event_elsewhere(enum stop_event event);
/** Whether a guard holds. */
bool stop_guard_holds(enum stop_guard guard, const struct stop_run *run, int64_t now_boot_ms);
const char *stop_state_doc(enum stop_state state);
const char *stop_event_doc(enum stop_event event);
const char *stop_guard_doc(enum stop_guard guard);

#endif
