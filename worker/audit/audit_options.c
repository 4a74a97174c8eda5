#include "worker/audit/audit_options.h"

#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/event.h"

#define AT(member) offsetof(struct audit_options, member)

static const char *const LOG_FORMATS[] = {"text", "json", NULL};
static const char *const LOG_LEVELS[] = {"debug", "info", "warn", "error", NULL};

static const struct option_spec SPECS[] = {
    {.name = "kafka-brokers",
     .type = OPTION_TEXT,
     .offset = AT(kafka_brokers),
     .env_alias = "STOPFLEET_KAFKA",
     .group = "Log",
     .help = "Kafka brokers, HOST:PORT with commas between them. Needed."},
    {.name = "kafka-option",
     .type = OPTION_TEXT_LIST,
     .offset = AT(kafka_options),
     .group = "Log",
     .help = "NAME=VALUE passed to librdkafka; may be given several times."},
    {.name = "timeout",
     .type = OPTION_DURATION_MS,
     .offset = AT(timeout_ms),
     .default_text = "10s",
     .min = 100,
     .max = 3600000,
     .group = "Log",
     .help = "How long Kafka or Redis may be silent before the command gives up."},
    {.name = "redis",
     .type = OPTION_TEXT,
     .offset = AT(redis),
     .default_text = "127.0.0.1:6379",
     .group = "View",
     .help = "Redis, HOST:PORT or unix:/PATH (check, rebuild)."},
    {.name = "redis-username",
     .type = OPTION_TEXT,
     .offset = AT(redis_username),
     .group = "View",
     .help = "User name for Redis' ACL."},
    {.name = "redis-password",
     .type = OPTION_TEXT,
     .offset = AT(redis_password),
     .flags = OPTION_SECRET,
     .group = "View",
     .help = "Password for Redis."},
    {.name = "redis-database",
     .type = OPTION_INTEGER,
     .offset = AT(redis_database),
     .default_text = "0",
     .min = 0,
     .max = 1023,
     .group = "View",
     .help = "Number of the Redis database."},
    {.name = "redis-prefix",
     .type = OPTION_TEXT,
     .offset = AT(redis_prefix),
     .default_text = "stopfleet",
     .group = "View",
     .help = "Beginning of every key in Redis."},
    {.name = "retention",
     .type = OPTION_DURATION_MS,
     .offset = AT(retention_ms),
     .default_text = "24h",
     .min = 1000,
     .max = 0,
     .group = "View",
     .help =
         "How long a stopped task stays in the view after its end (rebuild); the workers' value."},
    {.name = "cluster",
     .type = OPTION_TEXT,
     .offset = AT(cluster),
     .group = "Filters",
     .help = "Only events and tasks of this cluster."},
    {.name = "task",
     .type = OPTION_TEXT_LIST,
     .offset = AT(tasks),
     .group = "Filters",
     .help = "Only this task: its whole id, or its ARN; may be given several times."},
    {.name = "host",
     .type = OPTION_TEXT,
     .offset = AT(host),
     .group = "Filters",
     .help = "Only events of this host id."},
    {.name = "type",
     .type = OPTION_TEXT_LIST,
     .offset = AT(types),
     .group = "Filters",
     .help =
         "Only events of this type (StopRequested, SignalSent, ...); may be given several times."},
    {.name = "since",
     .type = OPTION_TEXT,
     .offset = AT(since),
     .group = "Filters",
     .help = "Only events made at or after this time, RFC 3339: 2026-01-31T12:00:00Z."},
    {.name = "until",
     .type = OPTION_TEXT,
     .offset = AT(until),
     .group = "Filters",
     .help = "Only events made before this time, RFC 3339."},
    {.name = "json",
     .type = OPTION_BOOLEAN,
     .offset = AT(json),
     .group = "Output",
     .help = "One JSON object a line, with all that the event holds."},
    {.name = "follow",
     .type = OPTION_BOOLEAN,
     .offset = AT(follow),
     .group = "Output",
     .help = "Goes on with new events until interrupted (events)."},
    {.name = "log-format",
     .type = OPTION_CHOICE,
     .offset = AT(log_format),
     .default_text = "text",
     .choices = LOG_FORMATS,
     .group = "Output",
     .help = "Form of the program's own log lines on standard error."},
    {.name = "log-level",
     .type = OPTION_CHOICE,
     .offset = AT(log_level),
     .default_text = "warn",
     .choices = LOG_LEVELS,
     .group = "Output",
     .help = "Least level of log lines that are written."},
};

const struct option_program AUDIT_OPTIONS_PROGRAM = {
    .name = "stopfleet-audit",
    .version = STOPFLEET_VERSION,
    .synopsis = "COMMAND [OPTION]...",
    .summary = "Reads the log of a Stopfleet: the audit trail of every StopTask.\n\nCommands:\n"
#define COMMAND(word, fn, what) "\n- " word ": " what
#include "worker/audit/command.def"
#undef COMMAND
               "\n\nExit status: 0 fine, 1 checked and something differs, 2 wrong use or nothing "
               "could be read, 3 inconclusive.",
    .specs = SPECS,
    .spec_count = sizeof SPECS / sizeof SPECS[0],
};

static int finish_time(const char *name, const char *text, int64_t *ret_unix_ms, struct error *err)
{
    if (text == NULL) {
        return 0;
    }
    if (clock_parse_rfc3339(text, ret_unix_ms, err) != 0) {
        return error_wrap(err, "--%s", name);
    }
    return 0;
}

int audit_options_finish(struct audit_options *options, struct error *err)
{
    if (options->kafka_brokers == NULL) {
        return error_set(
            err, ERROR_INVALID,
            "no Kafka to read from: give --kafka-brokers HOST:PORT or set STOPFLEET_KAFKA");
    }
    for (size_t i = 0; i < options->types.count; i++) {
        if (event_type_from_name(span_of(options->types.items[i])) == EVENT_UNKNOWN_TYPE) {
            return error_set(err, ERROR_INVALID,
                             "--type \"%s\" is no event type: see docs/events.md for the names",
                             options->types.items[i]);
        }
    }
    if (finish_time("since", options->since, &options->since_unix_ms, err) != 0) {
        return -1;
    }
    return finish_time("until", options->until, &options->until_unix_ms, err);
}

struct kafka_config audit_options_kafka(const struct audit_options *options)
{
    return (struct kafka_config){.brokers = options->kafka_brokers,
                                 .client_id = "stopfleet-audit",
                                 .options = &options->kafka_options};
}

struct redis_config audit_options_redis(const struct audit_options *options)
{
    return (struct redis_config){.address = options->redis,
                                 .username = options->redis_username,
                                 .password = options->redis_password,
                                 .database = options->redis_database,
                                 .prefix = options->redis_prefix,
                                 .command_timeout_ms = options->timeout_ms};
}
