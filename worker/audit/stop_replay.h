#ifndef WORKER_AUDIT_STOP_REPLAY_H
#define WORKER_AUDIT_STOP_REPLAY_H

/** Whether the stop engine can have made a record of a run after those before it: a walk over all edges of its table
 *  (common/domain/stop_engine.def) that what is recorded leaves open. Pure, no allocation. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/domain/stop_engine_table.h"

/** What the writer of a record knew of an earlier one when it wrote. */
enum stop_knowledge {
    STOP_KNOWLEDGE_OWN = 0, /**< it wrote that itself */
    STOP_KNOWLEDGE_CERTAIN, /**< it read that when it started */
    STOP_KNOWLEDGE_MAYBE    /**< another wrote that, and it may not have read it yet */
};

/** A record of the run. */
struct stop_replay_fact {
    unsigned
        record; /**< the enum stop_do that makes it: DO_RECORD_SIGNAL, _KILL, _EXIT, _PRE_STOP or _PRE_STOP_END */
    enum stop_knowledge knowledge;
};

/** What the plans up to there say of the run. */
struct stop_replay_plan {
    bool pre_stop; /**< it has a pre-stop command */
    bool forced;   /**< one of them gives a grace of 0 … */
    bool graced;   /**< … or of more */
    /** Another incarnation's plan, or one made without its journal: of signals meant by that there may be intents. */
    bool taken_over;
};

enum { STOP_REPLAY_VERDICTS = 256 };

/** Verdicts, by all that they depend on: most stops go the same few ways. {0} is empty. */
struct stop_replay_memory {
    uint64_t keys[STOP_REPLAY_VERDICTS];
    bool admits[STOP_REPLAY_VERDICTS];
};

/** facts: in the order of the log, the last one being the record in question, which is the writer's own.
 *  @return false if no way through the table ends with that record */
bool stop_replay_admits(struct stop_replay_memory *memory, const struct stop_replay_fact *facts,
                        size_t count, const struct stop_replay_plan *plan);

#endif
