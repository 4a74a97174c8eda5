#ifndef WORKER_HOST_BASE_TABLE_H
#define WORKER_HOST_BASE_TABLE_H

/** The bases that the projector holds or asks for, by cluster and task. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/id_table.h"
#include "common/domain/task.h"

enum base_state {
    BASE_FETCHING = 1, /**< asked for in Redis, or to be asked for */
    BASE_HELD,         /**< `task` is the fold up to `pos` */
    BASE_ABSENT,       /**< Redis said that it is not there */
    BASE_ENDED         /**< terminal; no longer held, nothing can change it */
};

struct base {
    struct id_entry entry; /**< in the table, by task id */
    const char *cluster, *id;
    enum base_state state;
    struct task task;
    int64_t pos;     /**< offset of the last record read for it; -1 = none */
    int64_t reducer; /**< REDUCER_NUMBER that folded `task` */
    struct task
        again; /**< that reducer is an older one: the fold of this pass, until it comes to pos */
    int64_t since_boot_ms; /**< of the state ABSENT, or of the terminal event's put */
    bool elsewhere;        /**< ABSENT: another host has a task of this id */
    bool outstanding;      /**< FETCHING: an answer will come */
    bool dirty;            /**< must be put */
    bool folded;           /**< in the batch under way: on_base is due */
    bool in_view;          /**< Redis holds some state of it */
    bool unwritable; /**< what it is now cannot be encoded: Redis holds an older state, or none */
};

struct base_table {
    struct id_table ids;
};

/** {0} is a valid empty table. */
void base_table_release(struct base_table *table);
/** NULL = not there. */
struct base *base_table_find(const struct base_table *table, const char *cluster, const char *task);
/** Finds it, or makes it in state FETCHING. NULL when memory is out. */
struct base *base_table_need(struct base_table *table, const char *cluster, const char *task);
/** Takes it out and frees it. */
void base_table_remove(struct base_table *table, struct base *base);
/** Calls fn for each; fn may remove the one that it was given, and nothing else. */
typedef void base_table_fn(void *context, struct base *base);
void base_table_each(struct base_table *table, base_table_fn *fn, void *context);

#endif
