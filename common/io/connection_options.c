#include "common/io/connection_options.h"

const struct option_text_rule CONNECTION_REDIS_ADDRESS = {.wanted = "HOST:PORT or unix:/PATH"};
const char *const CONNECTION_LOG_FORMATS[] = {"text", "json", NULL};
const char *const CONNECTION_LOG_LEVELS[] = {"debug", "info", "warn", "error", NULL};

int connection_options_check(const char *kafka_brokers, struct error *err)
{
    if (kafka_brokers == NULL) {
        return error_set(
            err, ERROR_INVALID,
            "no Kafka is named: give --kafka-brokers HOST:PORT or set STOPFLEET_KAFKA");
    }
    return 0;
}
