#include "producer/api_options.h"

#include <stddef.h>

#include "common/domain/scope_options.h"

#define AT(member) offsetof(struct api_options, member)

static const struct option_text_rule LISTEN = {.wanted = "HOST:PORT or [IPV6]:PORT"};

static const struct option_spec SPECS[] = {
    {.name = "listen",
     .type = OPTION_TEXT,
     .offset = AT(listen),
     .default_text = "127.0.0.1:7770",
     .text_rule = &LISTEN,
     .group = "Service",
     .help = "Address to serve on. Port 0 takes a free one."},
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
     .text_rule = &SCOPE_ACCOUNT,
     .group = "Identity",
     .help = "Account number in ARNs. The same for all programs of a Stopfleet."},
    {.name = "region",
     .type = OPTION_TEXT,
     .offset = AT(region),
     .default_text = "us-east-1",
     .text_rule = &SCOPE_REGION,
     .group = "Identity",
     .help = "Region in ARNs. The same for all programs of a Stopfleet."},
    {.name = "cluster",
     .type = OPTION_TEXT_LIST,
     .offset = AT(clusters),
     .text_rule = &SCOPE_CLUSTER,
     .group = "Identity",
     .help = "A cluster that exists before a host has registered in it; may be given several "
             "times. \"default\" always exists."},
    {.name = "instance",
     .type = OPTION_TEXT,
     .offset = AT(instance),
     .group = "Identity",
     .help = "Name of this instance in the events that it writes. Default: the host name."},
    CONNECTION_OPTIONS_KAFKA(struct api_options),
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
    CONNECTION_OPTIONS_REDIS(struct api_options),
    CONNECTION_OPTIONS_LOG(struct api_options, "info"),
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

int api_options_check(const struct api_options *options, struct error *err)
{
    if (connection_options_check(options->kafka_brokers, err) != 0) {
        return -1;
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
    return CONNECTION_KAFKA_CONFIG(options, "stopfleet-api");
}

struct redis_config api_options_redis(const struct api_options *options)
{
    return CONNECTION_REDIS_CONFIG(options, options->request_timeout_ms);
}
