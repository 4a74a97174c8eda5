#ifndef PRODUCER_API_OPTIONS_H
#define PRODUCER_API_OPTIONS_H

/** The options of stopfleet-api: one table for flags, environment, file, help and documentation. */

#include "common/base/option.h"
#include "common/io/connection_options.h"
#include "common/io/kafka.h"

/** What option_parse fills. */
struct api_options {
    char *listen;
    char *address_file;
    bool insecure_network;
    int64_t max_connections;
    int64_t idle_timeout_ms;
    int64_t request_timeout_ms;
    char *account;
    char *region;
    struct option_list clusters;
    char *instance;
    CONNECTION_OPTION_MEMBERS;
    bool unsafe_topics;
    int64_t partitions;
    int64_t replication;
    int64_t min_insync_replicas;
};

extern const struct option_program API_OPTIONS_PROGRAM;

/** What the table cannot say: account of 12 digits, region and cluster names, Kafka given.
 *  @return 0 or -1 with ERROR_INVALID naming the option */
int api_options_check(const struct api_options *options, struct error *err);

/** How to reach Kafka and Redis; borrows from options. */
struct kafka_config api_options_kafka(const struct api_options *options);
struct redis_config api_options_redis(const struct api_options *options);

#endif
