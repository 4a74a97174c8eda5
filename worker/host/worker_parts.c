/** How a worker is put together, and taken apart. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "worker/host/engine_claim.h"
#include "worker/host/host_id.h"
#include "worker/host/registration_file.h"
#include "worker/host/state_lock.h"
#include "worker/host/worker_state.h"

enum { FLUSH_MS = 2000 /* for the last events */ };

/* From the first step on: a second worker must not register its cluster for this host. */
static int lock_state(struct worker *worker, struct error *err)
{
    int lock = state_lock_take(worker->options->state_directory, err);
    worker->state_lock = lock > 0 ? lock : 0;
    return lock < 0 ? -1 : 0;
}

static void unlock_state(struct worker *worker)
{
    if (worker->state_lock > 0) {
        (void)close(worker->state_lock);
    }
    worker->state_lock = 0;
}

/* Who we are, before anything else. */
int worker_find_identity(struct worker *worker, struct error *err)
{
    const struct worker_options *options = worker->options;
    struct host_record copy = {0};
    if (host_id_find(options->host_id, HOST_ID_MACHINE_PATH, worker->host, err) != 0 ||
        clock_boot_id(worker->boot_id, err) != 0 || id_random_hex(worker->incarnation, err) != 0 ||
        registration_file_check(options->state_directory, err) != 0 ||
        lock_state(worker, err) != 0 ||
        registration_file_load(options->state_directory, &worker->arena, &copy, &worker->registered,
                               err) != 0) {
        return -1;
    }
    if (worker->registered && strcmp(copy.host, worker->host) != 0) {
        return error_set(err, ERROR_CONFLICT,
                         "state directory %s belongs to host id %.64s: give another "
                         "--state-directory, or --host-id %.64s",
                         options->state_directory, copy.host, copy.host);
    }
    if (gethostname(worker->instance, sizeof worker->instance - 1) != 0) {
        return error_set_errno(err, errno, "could not read the host name");
    }
    worker->record.version = 1;
    worker->record.host = worker->host;
    worker->record.name = worker->instance;
    worker->record.account = options->account;
    worker->record.region = options->region;
    worker->record.cluster = options->cluster;
    worker->record.partition = copy.partition;
    worker->record.registered_at = copy.registered_at;
    worker->record.runtime = options->runtime == WORKER_RUNTIME_PROCESS ? "process" : "docker";
    worker->record.worker_version = STOPFLEET_VERSION;
    worker->record.availability_zone = options->availability_zone;
    worker->identity = (struct identity){.account = options->account,
                                         .region = options->region,
                                         .cluster = options->cluster,
                                         .host = worker->host,
                                         .partition = (int32_t)copy.partition,
                                         .instance = worker->instance,
                                         .incarnation = worker->incarnation,
                                         .boot_id = worker->boot_id,
                                         .version = STOPFLEET_VERSION};
    worker->kafka = worker_options_kafka(options);
    return 0;
}

static int open_registration(struct worker *worker, const struct worker_callbacks *callbacks,
                             struct error *err)
{
    struct runtime_info info = worker->runtime->ops->info(worker->runtime);
    struct registration_environment environment = callbacks->registration;
    environment.loop = worker->loop;
    environment.clock = clock_system();
    environment.kafka = &worker->kafka;
    environment.writer = worker->writer;
    environment.view = worker->view;
    environment.state_directory = worker->options->state_directory;
    environment.record = worker->record;
    environment.partition_known = worker->registered;
    environment.context = worker;
    worker->registration = registration_new(&environment, err);
    if (worker->registration == NULL) {
        return -1;
    }
    registration_on_runtime(worker->registration, &info);
    return 0;
}

static int open_projector(struct worker *worker, const struct worker_callbacks *callbacks,
                          struct error *err)
{
    struct projector_environment environment = callbacks->projector;
    environment.loop = worker->loop;
    environment.clock = clock_system();
    environment.kafka = &worker->kafka;
    environment.view = worker->view;
    environment.identity = &worker->identity;
    environment.retention_ms = worker->options->retention_ms;
    environment.context = worker;
    worker->projector = projector_new(&environment, err);
    return worker->projector == NULL ? -1 : 0;
}

/* Both would discover its containers and carry out stops of them. */
static void claim_engine(struct worker *worker)
{
    const struct worker_options *options = worker->options;
    struct error err = {0};
    if (worker->runtime == NULL || options->runtime == WORKER_RUNTIME_PROCESS) {
        return;
    }
    int claim = engine_claim_take(options->docker_endpoint, &err);
    worker->engine_claim = claim;
    if (claim < 0 && err.code == ERROR_CONFLICT) {
        log_warn("engine.shared",
                 "another worker on this machine uses this engine: both see all its containers; "
                 "run one worker an engine, or give "
                 "each container the label io.stopfleet.cluster",
                 LOG_STR("engine", options->docker_endpoint), LOG_STR("other", err.message));
    }
}

int worker_open_peers(struct worker *worker, const struct worker_callbacks *callbacks,
                      struct error *err)
{
    struct redis_config redis = worker_options_redis(worker->options);
    worker->loop = loop_new(err);
    if (worker->loop == NULL ||
        loop_on_termination(worker->loop, callbacks->on_termination, worker, err) != 0) {
        return -1;
    }
    worker->patience = loop_timer_new(worker->loop, callbacks->on_patience, worker);
    worker->end = loop_timer_new(worker->loop, callbacks->on_end, worker);
    if (worker->patience == NULL || worker->end == NULL) {
        return error_no_memory(err, "starting");
    }
    worker->runtime = worker_options_runtime(worker->options, worker->loop, false,
                                             &callbacks->runtime, worker, err);
    claim_engine(worker);
    worker->writer = worker->runtime == NULL
                         ? NULL
                         : kafka_writer_new(worker->loop, &worker->kafka, KAFKA_WRITER_WORKER, 0,
                                            callbacks->on_writer_state, worker, err);
    worker->view = worker->writer == NULL ? NULL
                                          : redis_view_new(worker->loop, &redis,
                                                           callbacks->on_view_state, worker, err);
    if (worker->view == NULL || open_projector(worker, callbacks, err) != 0) {
        return -1;
    }
    return open_registration(worker, callbacks, err);
}

static int open_stopper(struct worker *worker, const struct worker_callbacks *callbacks,
                        struct error *err)
{
    const struct worker_options *options = worker->options;
    struct stopper_environment environment = callbacks->stopper;
    environment.loop = worker->loop;
    environment.clock = clock_system();
    environment.runtime = worker->runtime;
    environment.writer = worker->writer;
    environment.identity = &worker->identity;
    environment.state_directory = options->state_directory;
    environment.journal_max_bytes = options->journal_max_bytes;
    environment.default_grace_ms = options->stop_timeout_ms;
    environment.engine_call_limit = options->engine_calls;
    environment.context = worker;
    unlock_state(worker);
    worker->stopper = stopper_new(&environment, &worker->journal_found, err);
    return worker->stopper == NULL ? -1 : 0;
}

static int open_discovery(struct worker *worker, const struct worker_callbacks *callbacks,
                          struct error *err)
{
    struct discovery_environment environment = {
        .loop = worker->loop,
        .clock = clock_system(),
        .runtime = worker->runtime,
        .runtime_name = worker->record.runtime,
        .projector = worker->projector,
        .stopper = worker->stopper,
        .view = worker->view,
        .identity = &worker->identity,
        .grouping = worker_options_grouping(worker->options),
        .interval_ms = worker->options->discovery_interval_ms,
        .settled = callbacks->is_settled,
        .context = worker};
    worker->discovery = discovery_new(&environment, err);
    return worker->discovery == NULL ? -1 : 0;
}

static int open_intake(struct worker *worker, const struct worker_callbacks *callbacks,
                       struct error *err)
{
    struct log_intake_environment environment = callbacks->intake;
    environment.loop = worker->loop;
    environment.clock = clock_system();
    environment.kafka = &worker->kafka;
    environment.identity = &worker->identity;
    environment.was_here = worker->registered;
    environment.context = worker;
    worker->intake = log_intake_new(&environment, err);
    return worker->intake == NULL ? -1 : 0;
}

int worker_open_parts(struct worker *worker, const struct worker_callbacks *callbacks,
                      struct error *err)
{
    struct heartbeat_environment heartbeat = {.loop = worker->loop,
                                              .clock = clock_system(),
                                              .view = worker->view,
                                              .identity = &worker->identity,
                                              .runtime = callbacks->runtime_state,
                                              .context = worker,
                                              .interval_ms =
                                                  worker->options->heartbeat_interval_ms};
    if (open_stopper(worker, callbacks, err) != 0 || open_discovery(worker, callbacks, err) != 0 ||
        open_intake(worker, callbacks, err) != 0) {
        return -1;
    }
    worker->heartbeat = heartbeat_new(&heartbeat, err);
    return worker->heartbeat == NULL ? -1 : 0;
}

void worker_release(struct worker *worker)
{
    worker_limit_end(worker, worker->exit,
                     worker->err->code == ERROR_NONE ? NULL : worker->err->message);
    kafka_writer_free(worker->writer, worker->exit == WORKER_EXIT_OK ? FLUSH_MS : 0);
    log_intake_free(worker->intake);
    redis_view_free(worker->view);
    if (worker->runtime != NULL) {
        worker->runtime->ops->free(worker->runtime);
    }
    if (worker->engine_claim >= 0) {
        close(worker->engine_claim);
    }
    unlock_state(worker);
    registration_free(worker->registration);
    projector_free(worker->projector);
    discovery_free(worker->discovery);
    heartbeat_free(worker->heartbeat);
    stopper_free(worker->stopper);
    loop_timer_free(worker->patience);
    loop_timer_free(worker->end);
    loop_free(worker->loop);
    arena_release(&worker->arena);
}
