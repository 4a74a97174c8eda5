#include "worker/host/worker.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/log.h"
#include "worker/host/host_id.h"
#include "worker/host/topics_check.h"
#include "worker/host/worker_state.h"

enum {
    HEARTBEAT_PATIENCE_MS = 2000, /* until a Redis without an answer means nothing */
    LOG_PATIENCE_MS = 10000       /* until the journal alone carries the stops under way */
};

/* ---- recovery, last step first ---- */

static void act(struct worker *worker, bool log_read)
{
    worker->acting = true;
    worker->log_read = log_read;
    loop_timer_disarm(worker->patience);
    log_info("worker.acts", log_read ? "stops are taken up" : "stops go on by the journal alone",
             LOG_STR("incarnation", worker->incarnation));
    stopper_act(worker->stopper, log_read);
    if (!log_read) {
        log_intake_hurry(worker->intake);
    }
    if (worker->begun) {
        projector_start(worker->projector, worker->committed, worker->end_of_log);
    }
    if (worker->runtime_back) {
        stopper_on_runtime_back(worker->stopper);
    }
    discovery_start(worker->discovery);
}

static void on_caught_up(void *context)
{
    struct worker *worker = context;
    if (!worker->acting) {
        act(worker, true);
        return;
    }
    worker->log_read = true;
    stopper_caught_up(worker->stopper);
}

static void on_log_changed(void *context, int64_t seen, int64_t end)
{
    struct worker *worker = context;
    error_set(
        worker->err, ERROR_CONFLICT,
        "partition %d of stopfleet.events ends at %" PRId64
        ", but the view in Redis was made of a log up to %" PRId64
        ": the log was begun anew or put back from an older copy. If it is as it should be, empty "
        "the view (redis-cli FLUSHDB), start the workers, run stopfleet-audit rebuild",
        (int)worker->identity.partition, end, seen);
    worker_give_up(worker, WORKER_EXIT_REFUSED);
}

/** Only a later worker of this host commits beyond our WorkerStarted before we have read that. Its own one may lie below the commit too, where we
 *  never read it. */
static bool is_overtaken(struct worker *worker)
{
    if (!worker->begun || worker->started_offset < 0 ||
        worker->committed <= worker->started_offset) {
        return false;
    }
    error_set(worker->err, ERROR_CONFLICT,
              "a later worker has acted for host id %s while this one waited: this one ends, and "
              "leaves the stops under way to it",
              worker->host);
    worker_give_up(worker, WORKER_EXIT_REFUSED);
    return true;
}

static void on_started_delivered(void *context, const struct error *error, int64_t offset)
{
    struct worker *worker = context;
    if (error == NULL) {
        worker->started_offset = offset;
        (void)is_overtaken(worker);
    }
}

static void on_begin(void *context, int64_t committed, int64_t end)
{
    struct worker *worker = context;
    worker->end_of_log = end;
    worker->begun = true;
    worker->committed = committed;
    if (is_overtaken(worker)) {
        return;
    }
    if (worker->acting) {
        projector_start(worker->projector, committed, end);
    }
}

static void say_started(struct worker *worker)
{
    struct event event;
    struct error err = {0};
    char id[37];
    int result = identity_event(&worker->identity, EVENT_WORKER_STARTED, NULL,
                                clock_wall_ms(clock_system()), id, &event, &err);
    if (result == 0) {
        event.worker_started = (struct event_worker_started){.journal_found = worker->journal_found,
                                                             .version = STOPFLEET_VERSION};
        result = stopper_write_told(worker->stopper, &event, on_started_delivered, worker, &err);
    }
    if (result != 0) {
        log_error("worker.started", "the start of this worker could not be recorded",
                  LOG_STR("error", err.message));
    }
}

/* Given up by an operator while it works: it says again that it is here, and why that is so. */
static void on_deregistered(struct worker *worker, const struct event *event)
{
    const char *principal = event->host_deregistered.caller.principal;
    log_error("worker.deregistered",
              "this host was deregistered, but its worker runs: it is registered again. Stop the "
              "worker first if the host is to be given up",
              LOG_STR("by", principal == NULL ? "unknown" : principal));
    say_started(worker);
}

static void on_event(void *context, int64_t offset, const struct event *event)
{
    struct worker *worker = context;
    if (event->type == EVENT_WORKER_STARTED && event->actor.incarnation != NULL &&
        strcmp(event->actor.incarnation, worker->incarnation) == 0) {
        worker->started_read = true;
    } else if (event->type == EVENT_HOST_DEREGISTERED && worker->started_read) {
        /* One that lies before our own WorkerStarted is undone by that. */
        on_deregistered(worker, event);
    }
    stopper_on_record(worker->stopper, offset, event);
}

static int64_t commit_floor(void *context, int64_t next_offset)
{
    struct worker *worker = context;
    int64_t position = projector_position(worker->projector);
    if (!worker->log_read || position < 0) {
        return -1;
    }
    return stopper_commit_floor(worker->stopper, next_offset, position);
}

static bool may_block(void *context)
{
    const struct worker *worker = context;
    return !worker->ending && stopper_idle(worker->stopper);
}

static void on_patience(void *context)
{
    struct worker *worker = context;
    if (worker->begun && !worker->kafka_away) {
        loop_timer_arm(worker->patience, LOG_PATIENCE_MS);
    } else if (worker->journal_found) {
        act(worker, false);
    } else {
        log_warn("worker.waits", "Kafka is away and there is no whole journal: nothing is done "
                                 "before the log was read");
        loop_timer_arm(worker->patience, LOG_PATIENCE_MS);
    }
}

static void on_identity_free(void *context)
{
    struct worker *worker = context;
    say_started(worker);
    loop_timer_arm(worker->patience, LOG_PATIENCE_MS);
    log_intake_start(worker->intake);
    worker->runtime->ops->start(worker->runtime);
}

static void on_identity_taken(void *context, const char *holder)
{
    struct worker *worker = context;
    error_set(
        worker->err, ERROR_CONFLICT,
        "host id %s belongs to a living worker on machine %.*s, and this is machine %s: if one "
        "is a clone of the other, give this one an identity of its own, such as --host-id %s; "
        "if it has moved here for good, end the worker there first",
        worker->host, (int)strcspn(holder, "/"), holder, worker->instance,
        host_id_is_fit(worker->instance) ? worker->instance : "another-name");
    worker_give_up(worker, WORKER_EXIT_REFUSED);
}

static void on_refused(void *context, const struct error *error)
{
    struct worker *worker = context;
    *worker->err = *error;
    worker_give_up(worker, WORKER_EXIT_REFUSED);
}

static int check_topics(void *context, int64_t timeout_ms, struct error *err)
{
    const struct worker *worker = context;
    return topics_check(worker->options, timeout_ms, err);
}

/* ---- what the parts ask of each other ---- */

static const struct task *find_base(void *context, const char *cluster, const char *task,
                                    int64_t *ret_pos)
{
    struct worker *worker = context;
    return projector_base(worker->projector, cluster, task, ret_pos);
}

static bool is_claimed(void *context, const char *task, struct run run)
{
    struct worker *worker = context;
    return discovery_claimed(worker->discovery, task, run);
}

static const char *is_left(void *context, const struct runtime_container *container)
{
    struct worker *worker = context;
    return discovery_left(worker->discovery, container);
}

static void on_failed(void *context, const struct error *error)
{
    struct worker *worker = context;
    *worker->err = *error;
    worker_give_up(worker, WORKER_EXIT_FAILURE);
}

static void on_superseded(void *context, const char *other)
{
    struct worker *worker = context;
    error_set(worker->err, ERROR_CONFLICT,
              "a later worker (incarnation %s) acts for host id %s: this one ends, and leaves the "
              "stops under way to it",
              other, worker->host);
    worker_give_up(worker, WORKER_EXIT_REFUSED);
}

static void on_base(void *context, const char *cluster, const char *task)
{
    struct worker *worker = context;
    if (worker->acting) {
        stopper_on_base(worker->stopper, cluster, task);
        discovery_on_base(worker->discovery, cluster, task);
    }
}

static bool is_settled(void *context)
{
    struct worker *worker = context;
    return worker->log_read && !worker->ending && projector_ready(worker->projector) &&
           projector_position(worker->projector) >= log_intake_next(worker->intake);
}

/* ---- peers come and go ---- */

static void on_view_lost(void *context)
{
    struct worker *worker = context;
    registration_on_view_back(worker->registration);
    heartbeat_hurry(worker->heartbeat);
    discovery_on_view_back(worker->discovery);
}

static void on_view_state(void *context, enum redis_state state, const char *detail)
{
    struct worker *worker = context;
    if (state == REDIS_AWAY) {
        log_warn("view.away", "Redis is away or refuses: stops go on, the view follows later",
                 LOG_STR("address", worker->options->redis), LOG_STR("detail", detail));
        return;
    }
    log_info("view.back", "connected to Redis");
    projector_on_view_back(worker->projector);
    registration_on_view_back(worker->registration);
    if (worker->heartbeat != NULL) {
        heartbeat_hurry(worker->heartbeat);
    }
    if (worker->acting) {
        discovery_on_view_back(worker->discovery);
    }
}

static void on_writer_state(void *context, enum kafka_state state, const char *detail)
{
    struct worker *worker = context;
    worker->kafka_away = state == KAFKA_AWAY;
    registration_on_kafka(worker->registration, worker->kafka_away);
    if (worker->stopper != NULL) {
        stopper_on_kafka(worker->stopper, worker->kafka_away);
    }
    if (worker->intake != NULL) {
        log_intake_on_kafka(worker->intake, worker->kafka_away);
    }
    if (state == KAFKA_AWAY) {
        log_warn("log.away", "Kafka is away: stops under way go on, their events follow later",
                 LOG_STR("brokers", worker->options->kafka_brokers), LOG_STR("detail", detail));
    } else {
        log_info("log.back", "Kafka is back");
    }
}

static void on_runtime_event(void *context, const struct runtime_event *event)
{
    struct worker *worker = context;
    if (worker->acting) {
        stopper_on_runtime_event(worker->stopper, event);
        discovery_on_runtime_event(worker->discovery, event);
    }
}

static const char *runtime_state(void *context)
{
    const struct worker *worker = context;
    return !worker->runtime_known ? "INITIALIZING" : worker->runtime_back ? "OK" : "IMPAIRED";
}

static void on_runtime_state(void *context, enum runtime_state state, const char *detail)
{
    struct worker *worker = context;
    struct runtime_info info = worker->runtime->ops->info(worker->runtime);
    worker->runtime_back = state == RUNTIME_BACK;
    worker->runtime_known = true;
    if (worker->heartbeat != NULL) {
        heartbeat_hurry(worker->heartbeat);
    }
    if (state == RUNTIME_AWAY) {
        log_warn("runtime.away", "the engine is away: waiting for it",
                 LOG_STR("runtime", worker->record.runtime),
                 LOG_STR("at", strcmp(worker->record.runtime, "docker") == 0
                                   ? worker->options->docker_endpoint
                                   : worker->options->process_directory),
                 LOG_STR("detail", detail));
        return;
    }
    log_info("runtime.back", "connected to the engine", LOG_STR("runtime", worker->record.runtime),
             LOG_STR("version", info.engine_version), LOG_STR("api", info.api_version));
    registration_on_runtime(worker->registration, &info);
    if (worker->acting) {
        stopper_on_runtime_back(worker->stopper);
        discovery_poke(worker->discovery);
    }
}

/* ---- the beginning ---- */

static void on_partition(void *context, int32_t partition);
static void on_conflict(void *context, int32_t partition);

static const struct worker_callbacks CALLBACKS = {
    .on_termination = worker_on_termination,
    .on_patience = on_patience,
    .on_end = worker_on_end,
    .runtime = {.on_event = on_runtime_event, .on_state = on_runtime_state},
    .on_writer_state = on_writer_state,
    .on_view_state = on_view_state,
    .projector = {.on_base = on_base,
                  .on_view_lost = on_view_lost,
                  .on_log_changed = on_log_changed},
    .registration = {.check = check_topics,
                     .on_refused = on_refused,
                     .on_partition = on_partition,
                     .on_conflict = on_conflict},
    .stopper = {.base = find_base,
                .claimed = is_claimed,
                .left = is_left,
                .superseded = on_superseded,
                .failed = on_failed,
                .ready = is_settled},
    .intake = {.check = check_topics,
               .may_block = may_block,
               .on_refused = on_refused,
               .on_begin = on_begin,
               .on_event = on_event,
               .on_caught_up = on_caught_up,
               .commit_floor = commit_floor},
    .is_settled = is_settled,
    .runtime_state = runtime_state,
};

/* The partition is known. */
static int begin(struct worker *worker, struct error *err)
{
    if (worker_open_parts(worker, &CALLBACKS, err) != 0) {
        return -1;
    }
    stopper_on_kafka(worker->stopper, worker->kafka_away);
    log_intake_on_kafka(worker->intake, worker->kafka_away);
    log_info("worker.starts", "starting", LOG_STR("version", STOPFLEET_VERSION),
             LOG_STR("host", worker->host), LOG_STR("cluster", worker->identity.cluster),
             LOG_INT("partition", worker->identity.partition),
             LOG_STR("journal", worker->journal_found ? "found" : "new"));
    heartbeat_start(worker->heartbeat, HEARTBEAT_PATIENCE_MS, on_identity_free, on_identity_taken,
                    worker);
    return 0;
}

static void on_partition(void *context, int32_t partition)
{
    struct worker *worker = context;
    worker->identity.partition = partition;
    if (begin(worker, worker->err) != 0 || registration_save(worker->registration, worker->err)) {
        worker_give_up(worker, WORKER_EXIT_REFUSED);
    }
}

static void on_conflict(void *context, int32_t partition)
{
    struct worker *worker = context;
    error_set(worker->err, ERROR_CONFLICT,
              "the log registers this host for partition %d, the state directory had another: it "
              "is corrected, start again",
              (int)partition);
    worker_give_up(worker, WORKER_EXIT_FAILURE);
}

enum worker_exit worker_run(const struct worker_options *options, const struct host_record *record,
                            struct error *err)
{
    struct worker worker = {.options = options,
                            .started_offset = -1,
                            .engine_claim = -1,
                            .record = *record,
                            .committed = -1,
                            .exit = WORKER_EXIT_REFUSED,
                            .err = err};
    if (worker_find_identity(&worker, err) == 0 &&
        worker_open_peers(&worker, &CALLBACKS, err) == 0 &&
        (!worker.registered || begin(&worker, err) == 0)) {
        registration_start(worker.registration);
        loop_run(worker.loop);
    }
    worker_release(&worker);
    return worker.exit;
}
