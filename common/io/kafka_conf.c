#include <string.h>
#include <strings.h>

#include "common/base/memory.h"
#include "common/io/kafka_client.h"

/* What the promises rest on: an option may not take it away. */
static const char *const OWN_SETTINGS[] = {
    "acks",
    "auto.offset.reset",
    "bootstrap.servers",
    "client.id",
    "enable.auto.commit",
    "enable.partition.eof",
    "group.id",
    "log.queue",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "metadata.broker.list",
    "request.required.acks",
};

static int set_one(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char reason[512] = "";

    if (rd_kafka_conf_set(conf, name, value, reason, sizeof reason) != RD_KAFKA_CONF_OK) {
        return error_set(err, ERROR_INVALID, "librdkafka refuses %s: %s", name, reason);
    }
    return 0;
}

static int set_option(rd_kafka_conf_t *conf, const char *option, struct error *err)
{
    const char *equals = strchr(option, '=');
    char *name;
    int result;

    if (equals == NULL || equals == option) {
        return error_set(err, ERROR_INVALID, "librdkafka option \"%s\" is not name=value", option);
    }
    name = memory_strndup(option, (size_t)(equals - option));
    if (name == NULL) {
        return error_no_memory(err, "configuring librdkafka");
    }
    for (size_t i = 0; i < sizeof OWN_SETTINGS / sizeof OWN_SETTINGS[0]; i++) {
        if (strcmp(name, OWN_SETTINGS[i]) == 0) {
            result =
                error_set(err, ERROR_INVALID,
                          "librdkafka option %s cannot be set: Stopfleet sets it itself", name);
            memory_free(name);
            return result;
        }
    }
    result = set_one(conf, name, equals + 1, err);
    memory_free(name);
    return result;
}

static int set_all(rd_kafka_conf_t *conf, const struct kafka_config *config,
                   const struct kafka_setting *settings, struct error *err)
{
    static const struct kafka_setting COMMON[] = {
        {"log.queue", "true"},
        {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},
        {"socket.timeout.ms", "10000"},
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "500"},
        {"topic.metadata.propagation.max.ms", "2000"},
        {NULL, NULL},
    };

    if (config->brokers == NULL || config->brokers[0] == '\0') {
        return error_set(err, ERROR_INVALID, "no Kafka brokers are given");
    }
    if (set_one(conf, "bootstrap.servers", config->brokers, err) < 0 ||
        (config->client_id != NULL && set_one(conf, "client.id", config->client_id, err) < 0)) {
        return -1;
    }
    for (const struct kafka_setting *s = COMMON; s->name != NULL; s++) {
        if (set_one(conf, s->name, s->value, err) < 0) {
            return -1;
        }
    }
    for (const struct kafka_setting *s = settings; s->name != NULL; s++) {
        if (set_one(conf, s->name, s->value, err) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; config->options != NULL && i < config->options->count; i++) {
        if (set_option(conf, config->options->items[i], err) < 0) {
            return -1;
        }
    }
    return 0;
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_config *config,
                                const struct kafka_setting *settings, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    if (conf == NULL) {
        error_no_memory(err, "configuring librdkafka");
        return NULL;
    }
    if (set_all(conf, config, settings, err) < 0) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

int kafka_config_blame(const struct kafka_config *config, struct error *err)
{
    if (err->code == ERROR_UNAVAILABLE || err->code == ERROR_TIMEOUT) {
        return error_wrap(err,
                          "Kafka at \"%s\" does not answer (start it, or correct --kafka-brokers)",
                          config->brokers);
    }
    return -1;
}
