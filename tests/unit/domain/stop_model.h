#ifndef TESTS_UNIT_DOMAIN_STOP_MODEL_H
#define TESTS_UNIT_DOMAIN_STOP_MODEL_H

/** The stop engine of the programs in an environment that may do all that MODEL_MOVES names, in any order: a finite graph,
 *  since of each time only what still matters is kept and what is counted is counted only as far as the engine tells apart. */

#include "common/domain/stop_engine_table.h"

enum {
    MODEL_NOW = 10000000,                      /**< boot time in every place of the graph */
    MODEL_SHORT_MS = STOP_CHECK_LEAD_MS - 200, /**< its deadline is near from the first */
    MODEL_LONG_MS = STOP_CHECK_LEAD_MS + 100,
    MODEL_DRAIN_MS = 100,
    MODEL_SLOW_MS = 250,
    /** Ends a stop that nothing fails any more, if no answer takes longer than the longest back-off: that which is armed, that
     *  before the signal is sent again, and that which waits for the answer. */
    MODEL_END_MS = 3 * STOP_BACKOFF_MAX_MS
};

/** Who makes a move. */
enum model_nature {
    MODEL_DUE,    /**< comes sooner or later */
    MODEL_MAY,    /**< comes once or never */
    MODEL_FAULT,  /**< an engine or a clock that fails */
    MODEL_OUTSIDE /**< somebody else, any number of times */
};

/** A place of the graph: the run, and its environment. */
struct model_place {
    struct stop_run run;
    enum stop_action_kind
        call;        /**< out: INSPECT, ASK_HISTORY, SIGNAL, KILL, PRE_STOP, LOOK; 0 = none */
    bool look_again; /**< one more inspection was asked for */
    bool released;
    bool running; /**< the truth of the container */
    bool command; /**< its pre-stop command runs */
};

struct model_move {
    const char *name;
    enum model_nature nature;
    enum stop_event event; /**< NONE: the engine is told nothing */
    unsigned needs;        /**< all of it holds where the move can be made: private */
    unsigned does;         /**< private */
    int64_t value_ms;      /**< the new grace; how long ago the signal was sent */
};

extern const struct model_move MODEL_MOVES[];
extern const size_t MODEL_MOVE_COUNT;

/** What a move led to. */
struct model_step {
    struct model_place place;
    int64_t passed_ms;
    const struct stop_edge *edge; /**< taken; NULL where the engine was told nothing */
    const char *broken;           /**< a promise that the engine broke, NULL = none */
};

/** The i-th place in which a run can be when driving begins, after any crash of an older incarnation; false = no more. */
bool model_begin(size_t i, struct model_place *ret_place);
/** What holds in a place, for model_can. */
unsigned model_holds(const struct model_place *place);
bool model_can(unsigned holds, const struct model_move *move);
void model_make(const struct model_place *place, const struct model_move *move,
                struct model_step *ret_step);

#endif
