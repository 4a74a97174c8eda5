#ifndef WORKER_HOST_PROJECTOR_H
#define WORKER_HOST_PROJECTOR_H

/** Folds the host's records, in order, into bases and puts them into Redis, moving `seen`. Reads the
 *  partition with a reader of its own, so that going back never holds up a stop. */

#include "common/base/clock.h"
#include "common/domain/task.h"
#include "common/io/kafka.h"
#include "common/io/loop.h"
#include "common/io/redis_view.h"
#include "worker/host/identity.h"

struct projector;

struct projector_environment {
    struct loop *loop;
    const struct clock *clock;
    const struct kafka_config *kafka;
    struct redis_view *view;
    const struct identity *identity;
    int64_t retention_ms; /**< how long a stopped task stays visible after its terminal event */
    /** A base was folded further or fetched. */
    void (*on_base)(void *context, const char *cluster, const char *task);
    /** Redis holds an older state than it did, or none: what else is kept there has to be put again. */
    void (*on_view_lost)(void *context);
    /** The log ends at `end`, but Redis holds what was folded from it up to `seen`: it is another log. Nothing more is folded. */
    void (*on_log_changed)(void *context, int64_t seen, int64_t end);
    void *context;
};

struct projector *projector_new(const struct projector_environment *environment, struct error *err);
void projector_free(struct projector *projector);
/** Loads `seen` and the open bases from Redis (tries until Redis answers), then reads from the lower of `seen` and committed (-1 = none: the beginning). end: of the log now. */
void projector_start(struct projector *projector, int64_t committed, int64_t end);
/** All records before this offset are folded and put; -1 before the load. The one exception: a base that cannot be encoded, even alone, is left as
 *  Redis has it, with one error "view.base_unwritable" that names and counts it; nothing else is possible, for waiting for it would hold up
 *  the host's whole view and the commit. Its next record is another try. */
int64_t projector_position(const struct projector *projector);
/** True once the end of the log was reached and all is put. */
bool projector_ready(const struct projector *projector);
/** The base if it is in memory, else NULL (and it is fetched from Redis; on_base follows). */
const struct task *projector_base(struct projector *projector, const char *cluster,
                                  const char *task, int64_t *ret_pos);
enum projector_knowledge {
    PROJECTOR_UNKNOWN = 1, /**< asked for: Redis has not answered yet */
    PROJECTOR_KNOWN,       /**< there is a base, or the task has ended, or it is another host's */
    PROJECTOR_ABSENT       /**< Redis has no such task, and neither has what was read of the log */
};
/** Whether there is a base of this task; what is not known is asked for, without an on_base if it is absent. */
enum projector_knowledge projector_knows(struct projector *projector, const char *cluster,
                                         const char *task);
/** The same of an id that may have been used before: that its task has ended leaves the view with its retention, so an absence is believed
 *  only once the log was folded from its first record, which this begins (once; later questions cost nothing until the worker's next start). */
enum projector_knowledge projector_knows_by_log(struct projector *projector, const char *cluster,
                                                const char *task);
/** Calls fn for every open (not terminal) base in memory. fn must not change the projector. */
typedef void projector_each_fn(void *context, const struct task *base);
void projector_each_open(struct projector *projector, projector_each_fn *fn, void *context);
/** Redis is back: compare `seen` (this is done every minute, too). */
void projector_on_view_back(struct projector *projector);

#endif
