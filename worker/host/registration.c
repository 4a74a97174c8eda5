#include "worker/host/registration.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/fault_point.h"
#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/host_census.h"
#include "worker/host/registration_file.h"

enum {
    FIRST_TIMEOUT_MS = 3000, /* nothing is under way yet that a blocked loop could harm */
    LATER_TIMEOUT_MS = 50,
    AGAIN_MS = 2000,
    RECORD_MAX_BYTES = 64 * 1024
};

struct registration {
    struct registration_environment env;
    struct loop_timer *again;
    struct kafka_reader *reader;
    struct host_census census;
    struct arena arena;        /**< of the log's record and of what the runtime says */
    struct host_record logged; /**< this host's, as the log has it */
    struct buffer bytes;       /**< env.record encoded */
    bool found, read, writing, written, told, view_put, away;
    int32_t ends;
    struct log_limit complaints;
};

static void complain(struct registration *registration, const char *what, const struct error *err)
{
    uint64_t suppressed = 0;
    if (log_limit_pass(&registration->complaints, clock_boot_ms(registration->env.clock), 60000,
                       &suppressed)) {
        log_warn("registration.waits", what, LOG_STR("brokers", registration->env.kafka->brokers),
                 LOG_STR("error", err->message));
    }
}

/* ---- Redis ---- */

static void on_view_put(void *context, const struct error *error)
{
    struct registration *registration = context;
    registration->view_put = error == NULL;
    if (error != NULL) {
        loop_timer_arm(registration->again, AGAIN_MS);
    }
}

static void put_view(struct registration *registration)
{
    const struct host_record *record = &registration->env.record;
    if (registration->written && redis_view_connected(registration->env.view)) {
        redis_view_put_host(registration->env.view, record->host, record->cluster,
                            buffer_span(&registration->bytes), on_view_put, registration);
    }
}

void registration_on_view_back(struct registration *registration)
{
    registration->view_put = false;
    put_view(registration);
}

/* ---- the log's record ---- */

static int encode(struct registration *registration, struct error *err)
{
    buffer_clear(&registration->bytes);
    return record_encode(&HOST_RECORD_SPEC, &registration->env.record, &registration->bytes, NULL,
                         err);
}

static void settle(struct registration *registration)
{
    struct error err = {0};
    const struct host_record *record = &registration->env.record;
    registration->written = true;
    put_view(registration);
    if (registration->told) {
        if (registration_save(registration, &err) != 0) {
            log_warn("registration.copy", "the state directory's copy could not be written",
                     LOG_STR("error", err.message));
        }
        return;
    }
    registration->told = true;
    log_info("registration.done", "this host is registered", LOG_STR("host", record->host),
             LOG_INT("partition", record->partition), LOG_STR("cluster", record->cluster));
    registration->env.on_partition(registration->env.context, (int32_t)record->partition);
}

static void on_delivered(void *context, const struct error *error, int64_t offset)
{
    struct registration *registration = context;
    (void)offset;
    registration->writing = false;
    if (error != NULL) {
        complain(registration, "the registration was not written, trying again", error);
        loop_timer_arm(registration->again, AGAIN_MS);
        return;
    }
    registration->found = true;
    settle(registration);
}

static void write_record(struct registration *registration)
{
    struct error err = {0};
    const struct host_record *record = &registration->env.record;
    if (registration->writing) {
        return;
    }
    if (encode(registration, &err) != 0 ||
        kafka_writer_send(registration->env.writer, KAFKA_HOSTS_TOPIC, 0, span_of(record->host),
                          buffer_span(&registration->bytes), NULL, on_delivered, registration,
                          &err) != 0) {
        complain(registration, "the registration could not be written, trying again", &err);
        loop_timer_arm(registration->again, AGAIN_MS);
        return;
    }
    registration->writing = true;
    FAULT_POINT(REGISTRATION_SENT);
}

/* Before the first registration of all, when nothing is under way that could be harmed. */
static bool may_register(struct registration *registration)
{
    const struct registration_environment *env = &registration->env;
    struct error err = {0};
    if (env->partition_known || env->check == NULL ||
        env->check(env->context, FIRST_TIMEOUT_MS, &err) == 0) {
        return true;
    }
    if (err.code == ERROR_INVALID) {
        env->on_refused(env->context, &err);
    } else {
        complain(registration, "the topics cannot be checked, trying again", &err);
        loop_timer_arm(registration->again, AGAIN_MS);
    }
    return false;
}

static int choose(struct registration *registration, struct error *err)
{
    static const struct kafka_reader_callbacks none = {0};
    struct host_record *record = &registration->env.record;
    int32_t partition = 0;
    if (registration->env.partition_known) {
        return 0;
    }
    struct kafka_reader *events = kafka_reader_new(registration->env.loop, registration->env.kafka,
                                                   KAFKA_EVENTS_TOPIC, NULL, &none, NULL, err);
    int result = events == NULL ? -1
                                : kafka_reader_assign(events, KAFKA_PARTITION_ALL, KAFKA_OFFSET_END,
                                                      FIRST_TIMEOUT_MS, err);
    if (result == 0) {
        result = host_census_fewest(&registration->census, record->host,
                                    kafka_reader_partition_count(events), &partition, err);
    }
    kafka_reader_free(events);
    if (result == 0) {
        record->partition = partition;
        record->registered_at = clock_wall_ms(registration->env.clock);
        registration->env.partition_known = true;
    }
    return result;
}

/* What only the log or an earlier run knows is kept. */
static void keep(struct host_record *record, const struct host_record *logged)
{
    record->registered_at = logged->registered_at;
    bool same_runtime = record->runtime != NULL && logged->runtime != NULL &&
                        strcmp(record->runtime, logged->runtime) == 0;
    if (same_runtime && record->engine_version == NULL) {
        record->engine_version = logged->engine_version;
        record->api_version = logged->api_version;
    }
    if (same_runtime && record->os == NULL) {
        record->os = logged->os;
        record->architecture = logged->architecture;
        record->cpu_units = logged->cpu_units;
        record->memory_mib = logged->memory_mib;
    }
}

static void compare(struct registration *registration)
{
    struct error err = {0};
    struct host_record *record = &registration->env.record;
    if (registration->found) {
        keep(record, &registration->logged);
        if (registration->env.partition_known &&
            record->partition != registration->logged.partition) {
            record->partition = registration->logged.partition;
            log_error("registration.conflict",
                      "the log gives this host another partition than the state directory: the "
                      "log is right",
                      LOG_INT("partition", record->partition));
            if (encode(registration, &err) == 0) {
                (void)registration_save(registration, &err);
            }
            registration->env.on_conflict(registration->env.context, (int32_t)record->partition);
            return;
        }
        record->partition = registration->logged.partition;
        if (record_equal(&HOST_RECORD_SPEC, record, &registration->logged) &&
            encode(registration, &err) == 0) {
            settle(registration);
            return;
        }
    } else if (!may_register(registration)) {
        return;
    } else if (choose(registration, &err) != 0) {
        complain(registration, "no partition could be chosen, trying again", &err);
        loop_timer_arm(registration->again, AGAIN_MS);
        return;
    }
    write_record(registration);
}

/* ---- reading stopfleet.hosts ---- */

static void on_record(void *context, const struct kafka_record *record)
{
    struct registration *registration = context;
    struct error err = {0};
    if (host_census_add(&registration->census, record->key, record->value, &err) != 0) {
        log_warn("registration.unreadable", "a host's record is unreadable and is left out",
                 LOG_INT("offset", record->offset), LOG_STR("error", err.message));
        return;
    }
    if (!span_equal_text(record->key, registration->env.record.host)) {
        return;
    }
    registration->found = false;
    if (record->value.length > 0) {
        registration->found = record_decode(&HOST_RECORD_SPEC, record->value, &registration->arena,
                                            &registration->logged, &err) == 0;
    }
}

static void on_end(void *context, int32_t partition, int64_t next_offset)
{
    struct registration *registration = context;
    (void)partition;
    (void)next_offset;
    registration->ends++;
    if (!registration->read &&
        registration->ends >= kafka_reader_partition_count(registration->reader)) {
        registration->read = true;
        loop_timer_arm(registration->again, 0);
    }
}

static void on_out_of_range(void *context, int32_t partition, const char *detail)
{
    struct registration *registration = context;
    (void)partition;
    struct error err = {0};
    error_set(&err, ERROR_CORRUPT, "%s", detail);
    complain(registration, "the hosts cannot be read, trying again", &err);
    loop_timer_arm(registration->again, AGAIN_MS);
}

static void read_hosts(struct registration *registration)
{
    struct error err = {0};
    bool harmless = !registration->env.partition_known;
    host_census_release(&registration->census);
    registration->ends = 0;
    if (kafka_reader_assign(registration->reader, KAFKA_PARTITION_ALL, KAFKA_OFFSET_BEGINNING,
                            harmless ? FIRST_TIMEOUT_MS : LATER_TIMEOUT_MS, &err) != 0) {
        if (err.code == ERROR_NOT_FOUND) {
            error_wrap(&err, "make the topics with stopfleet-api topics create");
        }
        complain(registration, "the hosts cannot be read, trying again", &err);
        loop_timer_arm(registration->again, AGAIN_MS);
    }
}

static void on_again(void *context)
{
    struct registration *registration = context;
    if (!registration->read && registration->away) {
        loop_timer_arm(registration->again, AGAIN_MS);
    } else if (!registration->read) {
        read_hosts(registration);
    } else if (!registration->written) {
        kafka_reader_free(registration->reader);
        registration->reader = NULL;
        compare(registration);
    } else if (!registration->view_put) {
        put_view(registration);
    }
}

void registration_start(struct registration *registration)
{
    loop_timer_arm(registration->again, 0);
}

void registration_on_kafka(struct registration *registration, bool away)
{
    registration->away = away;
    if (!away && loop_timer_armed(registration->again)) {
        loop_timer_arm(registration->again, 0);
    }
}

void registration_on_runtime(struct registration *registration, const struct runtime_info *info)
{
    struct host_record *record = &registration->env.record;
    const char *engine = record->engine_version == NULL ? "" : record->engine_version;
    const char *api = record->api_version == NULL ? "" : record->api_version;
    bool same = info->engine_version == NULL ||
                (strcmp(engine, info->engine_version) == 0 &&
                 (info->api_version == NULL || strcmp(api, info->api_version) == 0));
    if (same && record->os != NULL && record->cpu_units == info->cpu_units &&
        record->memory_mib == info->memory_mib) {
        return;
    }
    if (info->engine_version != NULL) {
        record->engine_version = arena_strdup(&registration->arena, info->engine_version);
        record->api_version = arena_strdup(&registration->arena, info->api_version);
    }
    record->os = arena_strdup(&registration->arena, info->os);
    record->architecture = arena_strdup(&registration->arena, info->architecture);
    record->cpu_units = info->cpu_units;
    record->memory_mib = info->memory_mib;
    if (registration->written) {
        write_record(registration);
    }
}

int registration_save(const struct registration *registration, struct error *err)
{
    return registration_file_save(registration->env.state_directory,
                                  buffer_span(&registration->bytes), err);
}

/* ---- lifecycle ---- */

struct registration *registration_new(const struct registration_environment *environment,
                                      struct error *err)
{
    static const struct kafka_reader_callbacks callbacks = {
        .on_record = on_record, .on_end = on_end, .on_out_of_range = on_out_of_range};
    struct registration *registration = memory_calloc(1, sizeof *registration);
    if (registration == NULL) {
        error_no_memory(err, "starting the registration");
        return NULL;
    }
    registration->env = *environment;
    registration->told = environment->partition_known;
    buffer_init(&registration->bytes, RECORD_MAX_BYTES);
    registration->again = loop_timer_new(environment->loop, on_again, registration);
    if (registration->again == NULL) {
        error_no_memory(err, "starting the registration");
    } else {
        registration->reader =
            kafka_reader_new(environment->loop, environment->kafka, KAFKA_HOSTS_TOPIC, NULL,
                             &callbacks, registration, err);
    }
    if (registration->reader == NULL) {
        registration_free(registration);
        return NULL;
    }
    return registration;
}

void registration_free(struct registration *registration)
{
    if (registration == NULL) {
        return;
    }
    kafka_reader_free(registration->reader);
    loop_timer_free(registration->again);
    host_census_release(&registration->census);
    arena_release(&registration->arena);
    buffer_release(&registration->bytes);
    memory_free(registration);
}
