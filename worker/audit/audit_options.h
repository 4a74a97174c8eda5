#ifndef WORKER_AUDIT_AUDIT_OPTIONS_H
#define WORKER_AUDIT_AUDIT_OPTIONS_H

/** Options of stopfleet-audit. */

#include "common/base/option.h"
#include "common/io/connection_options.h"
#include "common/io/kafka.h"

struct audit_options {
    CONNECTION_OPTION_MEMBERS;
    char *cluster;
    struct option_list tasks;
    char *host;
    struct option_list types;
    char *since;
    char *until;
    bool json;
    bool follow;
    bool watch;
    int64_t timeout_ms;
    int64_t retention_ms;
    /* from since and until */
    int64_t since_unix_ms; /**< 0 = from the beginning */
    int64_t until_unix_ms; /**< 0 = to the end */
};

extern const struct option_program AUDIT_OPTIONS_PROGRAM;

/** Checks what the table cannot: times, type names. @return 0 or -1 with ERROR_INVALID */
int audit_options_finish(struct audit_options *options, struct error *err);
/** Views for the adapters; pointers into options. */
struct kafka_config audit_options_kafka(const struct audit_options *options);
struct redis_config audit_options_redis(const struct audit_options *options);

#endif
