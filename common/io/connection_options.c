#include "common/io/connection_options.h"

const char *const CONNECTION_LOG_FORMATS[] = {"text", "json", NULL};
const char *const CONNECTION_LOG_LEVELS[] = {"debug", "info", "warn", "error", NULL};

int connection_options_check(const char *kafka_brokers, const char *redis, struct error *err)
{
    if (kafka_brokers == NULL) {
        return error_set(
            err, ERROR_INVALID,
            "no Kafka is named: give --kafka-brokers HOST:PORT or set STOPFLEET_KAFKA");
    }
    if (redis == NULL) {
        return error_set(err, ERROR_INVALID, "--redis cannot be empty: give HOST:PORT");
    }
    return 0;
}
