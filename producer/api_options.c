#include "producer/api_options.h"

#include <stddef.h>
#include <string.h>

#include "common/domain/arn.h"

#define AT(member) offsetof(struct api_options, member)

static const char *const LOG_FORMATS[] = {"text", "json", NULL};
static const char *const LOG_LEVELS[] = {"debug", "info", "warn", "error", NULL};

static const struct option_spec SPECS[] = {
    {.name = "listen",
     .type = OPTION_TEXT,
     .offset = AT(listen),
     .default_text = "127.0.0.1:7770",
     .group = "Service",
     .help = "Address to serve on, HOST:PORT or [IPV6]:PORT. Port 0 takes a free one."},
    {.name = "address-file",
     .type = OPTION_TEXT,
     .offset = AT(address_file),
     .group = "Service",
     .help = "File to write the bound HOST:PORT into once the service answers; removed "
             "at the end."},
    {.name = "insecure-allow-unsigned-network",
     .type = OPTION_BOOLEAN,
     .offset = AT(insecure_network),
     .group = "Service",
     .help = "Serve on an address other than loopback although requests are not signed: everybody "
             "who reaches the port can then stop every task."},
    {.name = "request-timeout",
     .type = OPTION_DURATION_MS,
     .offset = AT(request_timeout_ms),
     .default_text = "5s",
     .min = 50,
     .max = 60000,
     .group = "Service",
     .help = "How long a call may take before it is answered with ServerException."},
    {.name = "max-connections",
     .type = OPTION_INTEGER,
     .offset = AT(max_connections),
     .default_text = "1024",
     .min = 1,
     .max = 100000,
     .group = "Service",
     .help = "Connections served at a time, to within 64; more wait to be accepted."},
    {.name = "idle-timeout",
     .type = OPTION_DURATION_MS,
     .offset = AT(idle_timeout_ms),
     .default_text = "75s",
     .min = 1000,
     .max = 3600000,
     .group = "Service",
     .help = "How long a connection may be silent before it is closed, in whole seconds."},
    {.name = "account",
     .type = OPTION_TEXT,
     .offset = AT(account),
     .default_text = "000000000000",
     .group = "Identity",
     .help = "Account number in ARNs, 12 digits. The same for all programs of a Stopfleet."},
    {.name = "region",
     .type = OPTION_TEXT,
     .offset = AT(region),
     .default_text = "us-east-1",
     .group = "Identity",
     .help = "Region in ARNs. The same for all programs of a Stopfleet."},
    {.name = "cluster",
     .type = OPTION_TEXT_LIST,
     .offset = AT(clusters),
     .group = "Identity",
     .help = "A cluster that exists before a host has registered in it; may be given several "
             "times. \"default\" always exists."},
    {.name = "instance",
     .type = OPTION_TEXT,
     .offset = AT(instance),
     .group = "Identity",
     .help = "Name of this instance in the events that it writes. Default: the host name."},
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
    {.name = "unsafe-topics",
     .type = OPTION_BOOLEAN,
     .offset = AT(unsafe_topics),
     .group = "Log",
     .help = "Serve even if the topics' settings can lose records (too few replicas, limited "
             "retention, or a broker that does not tell)."},
    {.name = "partitions",
     .type = OPTION_INTEGER,
     .offset = AT(partitions),
     .default_text = "12",
     .min = 1,
     .max = 10000,
     .group = "Topics",
     .help = "Partitions of stopfleet.events to create: about one for ten hosts (topics create)."},
    {.name = "replication",
     .type = OPTION_INTEGER,
     .offset = AT(replication),
     .default_text = "3",
     .min = 1,
     .max = 32,
     .group = "Topics",
     .help = "Replicas of each topic: to create with, and the least that is safe."},
    {.name = "min-insync-replicas",
     .type = OPTION_INTEGER,
     .offset = AT(min_insync_replicas),
     .default_text = "2",
     .min = 1,
     .max = 32,
     .group = "Topics",
     .help = "Replicas that must hold a record before it counts: to create with, and the least "
             "that is safe."},
    {.name = "redis",
     .type = OPTION_TEXT,
     .offset = AT(redis),
     .default_text = "127.0.0.1:6379",
     .group = "View",
     .help = "Redis, HOST:PORT or unix:/PATH."},
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
     .default_text = "info",
     .choices = LOG_LEVELS,
     .group = "Output",
     .help = "Least level of log lines that are written; debug has a line for each call."},
};

const struct option_program API_OPTIONS_PROGRAM = {
    .name = "stopfleet-api",
    .version = STOPFLEET_VERSION,
    .synopsis = "[topics create|check] [OPTION]...",
    .summary = "Serves Amazon ECS's StopTask for your own hosts: each call becomes an event in "
               "Kafka. `topics create` makes the topics that are missing, `topics check` says "
               "whether they keep what is written to them.\n\nExit status of topics: 0 fine, 1 "
               "the topics are missing or unsafe, 2 wrong use, or Kafka or Redis could not be "
               "reached.",
    .specs = SPECS,
    .spec_count = sizeof SPECS / sizeof SPECS[0],
};

static bool consists_of(const char *text, const char *characters)
{
    return text != NULL && text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

static const char *shown(const char *text)
{
    return text == NULL ? "" : text;
}

int api_options_check(const struct api_options *options, struct error *err)
{
    if (options->kafka_brokers == NULL) {
        return error_set(err, ERROR_INVALID,
                         "no Kafka to write to: give --kafka-brokers HOST:PORT or set "
                         "STOPFLEET_KAFKA");
    }
    if (!consists_of(options->account, "0123456789") || strlen(options->account) != 12) {
        return error_set(err, ERROR_INVALID, "--account \"%s\" is not a number of 12 digits",
                         shown(options->account));
    }
    if (!consists_of(options->region, "abcdefghijklmnopqrstuvwxyz0123456789-") ||
        strlen(options->region) > 64) {
        return error_set(err, ERROR_INVALID,
                         "--region \"%s\" is not a region name: lower-case letters, digits and -, "
                         "as in us-east-1",
                         shown(options->region));
    }
    if (options->listen == NULL || options->redis == NULL) {
        return error_set(err, ERROR_INVALID, "--%s cannot be empty: give HOST:PORT",
                         options->listen == NULL ? "listen" : "redis");
    }
    for (size_t i = 0; i < options->clusters.count; i++) {
        if (!arn_is_cluster_name(options->clusters.items[i])) {
            return error_set(err, ERROR_INVALID,
                             "--cluster \"%s\" is not a cluster name: 1 to 255 letters, digits, - "
                             "and _",
                             options->clusters.items[i]);
        }
    }
    if (options->min_insync_replicas > options->replication) {
        return error_set(err, ERROR_INVALID,
                         "--min-insync-replicas %lld is more than --replication %lld: nothing "
                         "could ever be written",
                         (long long)options->min_insync_replicas, (long long)options->replication);
    }
    return 0;
}

struct kafka_config api_options_kafka(const struct api_options *options)
{
    return (struct kafka_config){.brokers = options->kafka_brokers,
                                 .client_id = "stopfleet-api",
                                 .options = &options->kafka_options};
}

struct redis_config api_options_redis(const struct api_options *options)
{
    return (struct redis_config){.address = options->redis,
                                 .username = options->redis_username,
                                 .password = options->redis_password,
                                 .database = options->redis_database,
                                 .prefix = options->redis_prefix,
                                 .command_timeout_ms = options->request_timeout_ms};
}
