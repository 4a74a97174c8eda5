#ifndef COMMON_IO_REDIS_VIEW_H
#define COMMON_IO_REDIS_VIEW_H

/** The view in Redis: hiredis async on the loop. All writes of a task go through
 * the scripts put.lua and pend.lua.
 *
 *  Each call has its own time limit, and its callback is called exactly once, with error NULL or
 * the reason: ERROR_UNAVAILABLE  not connected, connection lost, Redis refuses, or the view is
 * freed; ERROR_TIMEOUT      no answer in time (the connection is then dropped and made anew);
 *  ERROR_CORRUPT      an answer of the wrong shape, or a key that holds what is not ours;
 *  ERROR_NO_MEMORY    on this side; alone of all it may come from within the call.
 *  After a failure a write may or may not have been done. With an error the other arguments of a
 *  callback mean nothing. Pointers handed to callbacks are valid during the call.
 *
 *  Calls made before the first connection stands wait for it; while Redis is away they fail on the
 * next turn. A view may not be freed from one of its own callbacks.
 *
 *  Keys, all with the prefix (host ids and cluster names have no ':' or '/'):
 *    h:HOST            hash: seen, record, cluster, connected_at, away (redis_prelude.lua), runtime, runtime_since, runtime_at, and of each kind of host fact KIND_offset and KIND
 *    h:HOST:open       set of CLUSTER/TASK that are not terminal
 *    hb:HOST           holder of the heartbeat, with an expiry
 *    hb:HOST:steady    there while a host that came back has not beaten long enough, with an expiry
 *    t:CLUSTER/TASK    hash: host, base, pos, rn (reducer), sum (of pos and base), stopped 0/1, live, and p:OFFSET for
 * each pending event, 'S' (StopRequested) or 'T' (TaskTagged) before its bytes c:CLUSTER:running,
 * :stopped   sorted sets of task ids by desiredStatus, all with score 0; the same with :FILTER behind it, of those to which a filter of ListTasks applies: host:HOST, family:FAMILY, startedBy:NAME, service:NAME c:CLUSTER:filters hash: these filters by task id c:CLUSTER:pending set of ids with lastStatus PENDING c:CLUSTER:expiry  sorted
 * set of task ids by the time at which they are forgotten c:CLUSTER:hosts   set of hosts clusters
 * sorted set of names, all with score 0 complete          hash: run_id, token Redis Cluster is not
 * supported: the keys of one script would lie on several nodes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/io/loop.h"

struct redis_view;

struct redis_config {
    const char *address;             /**< "HOST:PORT", "[IPV6]:PORT", "unix:/path" */
    const char *username, *password; /**< NULL = none */
    int64_t database;
    const char *prefix;         /**< of every key, NULL = "stopfleet" */
    int64_t command_timeout_ms; /**< of a call, and of connecting; 0 = 2000 */
};

enum redis_state { REDIS_AWAY = 1, REDIS_BACK };
/** Called on the loop, and alternating: AWAY when a connection is lost or the first cannot be made,
 * BACK when one stands again (maybe to another Redis or an emptied one). detail says why. A first
 *  connection that succeeds is no event. A replica, or a Redis that loads its data or refuses, counts as away.
 */
typedef void redis_state_fn(void *context, enum redis_state state, const char *detail);

/** Connects on the loop's next turn; config is copied; on_state may be NULL. A host name is
 * resolved by a blocking call whenever a connection is made.
 *  @return NULL with ERROR_INVALID (address), ERROR_UNSUPPORTED (rediss://), ERROR_NO_MEMORY */
struct redis_view *redis_view_new(struct loop *loop, const struct redis_config *config,
                                  redis_state_fn *on_state, void *context, struct error *err);
/** Answers what is under way with ERROR_UNAVAILABLE. NULL-safe. */
void redis_view_free(struct redis_view *view);
bool redis_view_connected(const struct redis_view *view);

enum { REDIS_SEEN_ABSENT = -1, REDIS_TASK_ID_MAX = 36 };

/** One base as it is stored. */
struct redis_base {
    struct span cluster, task;
    int64_t pos;       /**< offset of the last record read for it */
    int64_t reducer;   /**< REDUCER_NUMBER that folded it */
    struct span bytes; /**< encoded struct task */
    struct span
        other; /**< redis_view_get: it is this host's, and nothing else is told; empty = ours */
};

/* ---- the worker's side ---- */

typedef void redis_load_fn(void *context, const struct error *error, int64_t seen,
                           const struct redis_base *bases, size_t count);
/** The host's `seen` and the bases of its open (not terminal) tasks, in one read, in no order. */
void redis_view_load(struct redis_view *view, const char *host, redis_load_fn *fn, void *context);

typedef void redis_base_fn(void *context, const struct error *error, int64_t seen,
                           const struct redis_base *base_or_null);
/** One base of the host, open or not, and `seen`. base NULL = not there, or of a host that is not registered or was given up. */
void redis_view_get(struct redis_view *view, const char *host, const char *cluster,
                    const char *task, redis_base_fn *fn, void *context);

/** One base to put. */
struct redis_put {
    const char *cluster, *task;
    int64_t pos, reducer;
    struct span bytes;
    bool stopped; /**< desiredStatus STOPPED by the base alone */
    bool terminal;
    bool pending;         /**< lastStatus PENDING */
    const char *reserved; /**< what it takes of its host (task_reservation.h); NULL = nothing */
    const char *family, *started_by, *service; /**< what lists are asked by; NULL = none */
    int64_t expire_unix_ms;                    /**< terminal: when the view forgets it; 0 = never */
};
enum redis_put_outcome { REDIS_PUT_OK = 1, REDIS_PUT_SEEN_DIFFERS };
typedef void redis_put_fn(void *context, const struct error *error, enum redis_put_outcome outcome,
                          int64_t seen);
enum { REDIS_SEEN_IGNORE = -2 };
/** One script: if the host's `seen` is not seen_known nothing is written and SEEN_DIFFERS tells the
 * value found; else each base applies if its (pos, reducer) is not lower than what is there, drops
 * pending up to pos, and `seen` becomes seen_new (never lowered; ABSENT leaves it). A base whose
 * expiry has passed is not written, and what is there of it goes. seen_known = seen_new =
 * REDIS_SEEN_IGNORE: a rebuild's put, which neither compares nor moves `seen`. After an error some
 * bases may be written, but `seen` is then not moved. Everything is copied. */
void redis_view_put(struct redis_view *view, const char *host, int64_t seen_known, int64_t seen_new,
                    const struct redis_put *puts, size_t count, redis_put_fn *fn, void *context);

typedef void redis_seen_fn(void *context, const struct error *error, int64_t seen);
/** The host's `seen` alone (after reconnects and hourly). */
void redis_view_seen(struct redis_view *view, const char *host, redis_seen_fn *fn, void *context);

/** wrong: the key that is not right, empty if all is. */
typedef void redis_verify_fn(void *context, const struct error *error, int64_t seen,
                             struct span wrong);
/** Looks whether what the view holds of the host can be right. If not, the host's `seen` is gone (ABSENT). */
void redis_view_verify(struct redis_view *view, const char *host, redis_verify_fn *fn,
                       void *context);

typedef void redis_done_fn(void *context, const struct error *error);
/** Makes a base whose bytes cannot be read one that nobody takes for a task and any put replaces. */
void redis_view_void(struct redis_view *view, const char *host, const char *cluster,
                     const char *task, redis_done_fn *fn, void *context);
/** Writes the host's registration (encoded host_record) and lists it under its cluster. */
void redis_view_put_host(struct redis_view *view, const char *host, const char *cluster,
                         struct span record, redis_done_fn *fn, void *context);
/** Applies a fact of a host (common/domain/host_fact.h): kind and value as host_fact_name and host_fact_value tell. The open tasks
 * of a deregistered host leave the running list and come back with the host. */
void redis_view_host_fact(struct redis_view *view, const char *host, const char *kind,
                          int64_t offset, const char *value, redis_done_fn *fn, void *context);
typedef void redis_heartbeat_fn(void *context, const struct error *error,
                                const char *other_holder_or_null);
/** One beat. */
struct redis_beat {
    const char *host, *holder;
    const char *
        runtime; /**< state of what runs its containers, as ECS names it: "OK", "IMPAIRED", "INITIALIZING" */
    int64_t ttl_ms;
    int64_t steady_ms; /**< above 0 */
    int64_t now_unix_ms;
};
/** Sets the heartbeat key to `holder` for ttl_ms; if it holds another name it is left alone and that name is told. A host that
 * the key was gone of is connected again by the first beat that comes steady_ms after this one without another gap; connected_at
 * becomes that beat's now_unix_ms. */
void redis_view_heartbeat(struct redis_view *view, const struct redis_beat *beat,
                          redis_heartbeat_fn *fn, void *context);
/** Container health of a task, outside the document: encoded text "id=HEALTHY\n…"; empty removes
 * it. Without a base nothing is written, which is no error. */
void redis_view_put_live(struct redis_view *view, const char *cluster, const char *task,
                         struct span live, redis_done_fn *fn, void *context);

/* ---- the API's side ---- */

struct redis_pending {
    int64_t offset;
    struct span bytes;
};
/** One task as read. */
struct redis_task {
    bool found;
    struct span id;
    struct span host;
    int64_t pos;
    struct span base;
    struct redis_pending *pending; /**< offset order not promised */
    size_t pending_count;
    struct span live;
    struct span host_record; /**< of its host; empty = unknown */
    bool connected;          /**< the host's heart beats (redis_view_heartbeat) */
    int64_t connected_at;    /**< unix ms; 0 = never */
    bool host_inactive;      /**< the host was deregistered and has not come back */
};
struct redis_read {
    bool complete; /**< the view holds all: an unknown task is truly unknown */
    bool cluster_known;
    struct redis_task *tasks; /**< in the order asked for */
    size_t count;
};
typedef void redis_read_fn(void *context, const struct error *error, const struct redis_read *read);
/** Up to 100 tasks of a cluster in one round trip. */
void redis_view_read(struct redis_view *view, const char *cluster, const char *const *ids,
                     size_t count, redis_read_fn *fn, void *context);

enum redis_pend_kind { REDIS_PEND_STOP = 1, REDIS_PEND_TAG };
/** Records a pending event; applies if the task is there and offset is above its pos. Answers with
 * the task as it then is (as redis_view_read of one). */
void redis_view_pend(struct redis_view *view, const char *cluster, const char *task, int64_t offset,
                     enum redis_pend_kind kind, struct span event, redis_read_fn *fn,
                     void *context);

struct redis_page {
    bool complete, cluster_known; /**< cluster_known: true for a list of clusters */
    const struct span *items;     /**< ids in byte order */
    size_t count;
    bool more; /**< there are further ones after the last item */
};
typedef void redis_page_fn(void *context, const struct error *error, const struct redis_page *page);
/** Which tasks are listed: those of a cluster with that desiredStatus, of which all that is named here is true. */
struct redis_task_list {
    const char *cluster;
    bool stopped;
    const char *host, *family, *started_by, *service; /**< NULL = any */
};
/** Their ids, after `after` (NULL = from the first), at most limit (1-100). Everything is copied. */
void redis_view_list_tasks(struct redis_view *view, const struct redis_task_list *list,
                           const char *after, size_t limit, redis_page_fn *fn, void *context);
/** Names of clusters in which a host has ever registered. */
void redis_view_list_clusters(struct redis_view *view, const char *after, size_t limit,
                              redis_page_fn *fn, void *context);

/** One host as read. */
struct redis_host {
    bool found; /**< registered in that cluster */
    struct span id, record;
    bool connected;
    int64_t connected_at;  /**< unix ms; 0 = never */
    struct span status;    /**< "ACTIVE", "DRAINING", "INACTIVE" */
    int64_t version;       /**< grows with each fact of the host */
    struct span runtime;   /**< its runtime's state as the last beat said; empty = never told */
    int64_t runtime_since; /**< unix ms: when it changed to that */
    int64_t runtime_at;    /**< unix ms: when it was told last */
    int64_t open_tasks;    /**< not terminal */
    int64_t pending_tasks; /**< of these with lastStatus PENDING */
    const struct span *reserved; /**< of each open task: what it takes (task_reservation.h) */
    size_t reserved_count;
};
struct redis_hosts {
    bool complete, cluster_known;
    struct redis_host *hosts; /**< in the order asked for */
    size_t count;
};
typedef void redis_hosts_fn(void *context, const struct error *error,
                            const struct redis_hosts *hosts);
/** Up to 100 hosts of a cluster in one round trip. */
void redis_view_read_hosts(struct redis_view *view, const char *cluster, const char *const *ids,
                           size_t count, redis_hosts_fn *fn, void *context);
/** Host ids of a cluster whose status is among statuses (NULL at the end), after `after` (NULL = from the first), at most limit
 * (1-100). */
void redis_view_list_hosts(struct redis_view *view, const char *cluster,
                           const char *const *statuses, const char *after, size_t limit,
                           redis_page_fn *fn, void *context);

struct redis_cluster {
    bool known;
    int64_t hosts;         /**< registered in it and not INACTIVE */
    int64_t running_tasks; /**< with desiredStatus RUNNING */
    int64_t pending_tasks; /**< of these with lastStatus PENDING */
};
typedef void redis_cluster_fn(void *context, const struct error *error, bool complete,
                              const struct redis_cluster *clusters, size_t count);
/** In the order asked for. */
void redis_view_describe_clusters(struct redis_view *view, const char *const *names, size_t count,
                                  redis_cluster_fn *fn, void *context);

/* ---- completeness ---- */
typedef void redis_run_fn(void *context, const struct error *error, const char *run_id);
/** A rebuild leaves its token at its start and learns the Redis run (run_id). What was complete
 * before stays so. */
void redis_view_rebuild_begin(struct redis_view *view, const char *token, redis_run_fn *fn,
                              void *context);
/** Sets `complete` for run_id if token and run are still the same; else ERROR_CONFLICT. */
void redis_view_rebuild_complete(struct redis_view *view, const char *token, const char *run_id,
                                 redis_done_fn *fn, void *context);

#endif
