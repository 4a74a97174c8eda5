#ifndef COMMON_IO_CONNECTION_OPTIONS_H
#define COMMON_IO_CONNECTION_OPTIONS_H

/** The options that every program has which speaks to Kafka and Redis: their members, their rows in the
 *  program's option table, and what the adapters make of them. */

#include <stddef.h>

#include "common/base/option.h"
#include "common/io/kafka.h"
#include "common/io/redis_view.h"

/** For a program's struct of options. log_format and log_level are enum log_format and log_level. */
#define CONNECTION_OPTION_MEMBERS                                                                  \
    char *kafka_brokers;                                                                           \
    struct option_list kafka_options;                                                              \
    char *redis, *redis_username, *redis_password, *redis_prefix;                                  \
    int64_t redis_database;                                                                        \
    int log_format, log_level

/** Rows of the group Log. `options` is the program's struct. */
#define CONNECTION_OPTIONS_KAFKA(options)                                                          \
    {.name = "kafka-brokers",                                                                      \
     .type = OPTION_TEXT,                                                                          \
     .offset = offsetof(options, kafka_brokers),                                                   \
     .env_alias = "STOPFLEET_KAFKA",                                                               \
     .group = "Log",                                                                               \
     .help = "Kafka brokers, HOST:PORT with commas between them. Needed."},                        \
    {                                                                                              \
        .name = "kafka-option", .type = OPTION_TEXT_LIST,                                          \
        .offset = offsetof(options, kafka_options), .group = "Log",                                \
        .help = "NAME=VALUE passed to librdkafka; may be given several times."                     \
    }

/** Rows of the group View. */
#define CONNECTION_OPTIONS_REDIS(options)                                                          \
    {.name = "redis",                                                                              \
     .type = OPTION_TEXT,                                                                          \
     .offset = offsetof(options, redis),                                                           \
     .default_text = "127.0.0.1:6379",                                                             \
     .text_rule = &CONNECTION_REDIS_ADDRESS,                                                       \
     .group = "View",                                                                              \
     .help = "Address of Redis."},                                                                 \
        {.name = "redis-username",                                                                 \
         .type = OPTION_TEXT,                                                                      \
         .offset = offsetof(options, redis_username),                                              \
         .group = "View",                                                                          \
         .help = "User name for Redis' ACL."},                                                     \
        {.name = "redis-password",                                                                 \
         .type = OPTION_TEXT,                                                                      \
         .offset = offsetof(options, redis_password),                                              \
         .flags = OPTION_SECRET,                                                                   \
         .group = "View",                                                                          \
         .help = "Password for Redis."},                                                           \
        {.name = "redis-database",                                                                 \
         .type = OPTION_INTEGER,                                                                   \
         .offset = offsetof(options, redis_database),                                              \
         .default_text = "0",                                                                      \
         .min = 0,                                                                                 \
         .max = 1023,                                                                              \
         .group = "View",                                                                          \
         .help = "Number of the Redis database."},                                                 \
    {                                                                                              \
        .name = "redis-prefix", .type = OPTION_TEXT, .offset = offsetof(options, redis_prefix),    \
        .default_text = "stopfleet", .group = "View", .help = "Beginning of every key in Redis."   \
    }

/** Rows of the group Output. */
#define CONNECTION_OPTIONS_LOG(options, least_level)                                               \
    {.name = "log-format",                                                                         \
     .type = OPTION_CHOICE,                                                                        \
     .offset = offsetof(options, log_format),                                                      \
     .default_text = "text",                                                                       \
     .choices = CONNECTION_LOG_FORMATS,                                                            \
     .group = "Output",                                                                            \
     .help = "Form of the program's own log lines on standard error."},                            \
    {                                                                                              \
        .name = "log-level", .type = OPTION_CHOICE, .offset = offsetof(options, log_level),        \
        .default_text = (least_level), .choices = CONNECTION_LOG_LEVELS, .group = "Output",        \
        .help = "Least level of log lines that are written."                                       \
    }

extern const struct option_text_rule CONNECTION_REDIS_ADDRESS;
extern const char *const CONNECTION_LOG_FORMATS[]; /**< in the order of enum log_format */
extern const char *const CONNECTION_LOG_LEVELS[];  /**< in the order of enum log_level */

/** What the adapters want, from a struct with the members above; its texts are borrowed. */
#define CONNECTION_KAFKA_CONFIG(options, program)                                                  \
    ((struct kafka_config){.brokers = (options)->kafka_brokers,                                    \
                           .client_id = (program),                                                 \
                           .options = &(options)->kafka_options})
#define CONNECTION_REDIS_CONFIG(options, timeout_ms)                                               \
    ((struct redis_config){.address = (options)->redis,                                            \
                           .username = (options)->redis_username,                                  \
                           .password = (options)->redis_password,                                  \
                           .database = (options)->redis_database,                                  \
                           .prefix = (options)->redis_prefix,                                      \
                           .command_timeout_ms = (timeout_ms)})

/** Refuses a start without Kafka (kafka_brokers NULL). @return 0 or -1 with ERROR_INVALID */
int connection_options_check(const char *kafka_brokers, struct error *err);

#endif
