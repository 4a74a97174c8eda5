#ifndef PRODUCER_API_OPTIONS_H
#define PRODUCER_API_OPTIONS_H

/** The options of stopfleet-api: one table for flags, environment, file, help and documentation. */

#include "common/base/option.h"
#include "common/io/kafka.h"
#include "common/io/redis_view.h"

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
    char *kafka_brokers;
    struct option_list kafka_options;
    bool unsafe_topics;
    char *redis;
    char *redis_username;
    char *redis_password;
    int64_t redis_database;
    char *redis_prefix;
    int64_t partitions;
    int64_t replication;
    int64_t min_insync_replicas;
    int log_format; /**< enum log_format */
    int log_level;  /**< enum log_level */
};

extern const struct option_program API_OPTIONS_PROGRAM;

/** What the table cannot say: account of 12 digits, region and cluster names, Kafka given.
 *  @return 0 or -1 with ERROR_INVALID naming the option */
int api_options_check(const struct api_options *options, struct error *err);

/** How to reach Kafka and Redis; borrows from options. */
struct kafka_config api_options_kafka(const struct api_options *options);
struct redis_config api_options_redis(const struct api_options *options);

#endif
