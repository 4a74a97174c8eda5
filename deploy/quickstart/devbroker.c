/** stopfleet-devbroker: librdkafka's mock cluster in its own process, for trying Stopfleet out and for
 *  tests. It speaks Kafka's protocol over loopback and keeps nothing. */

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
/* After rdkafka.h, which it needs. */
#include <librdkafka/rdkafka_mock.h>

#include "common/base/error.h"
#include "common/base/option.h"
#include "common/io/kafka.h"
#include "deploy/quickstart/devbroker_address_file.h"

enum { EXIT_USAGE = 2 };

struct devbroker_options {
    int64_t partitions;
    char *address_file;
};

static const struct option_spec SPECS[] = {
    {.name = "topics-partitions",
     .type = OPTION_INTEGER,
     .offset = offsetof(struct devbroker_options, partitions),
     .default_text = "4",
     .min = 1,
     .max = 1000,
     .group = "Broker",
     .help = "Partitions of stopfleet.events. The other topics have one."},
    {.name = "address-file",
     .type = OPTION_TEXT,
     .offset = offsetof(struct devbroker_options, address_file),
     .group = "Broker",
     .help = "File to which HOST:PORT is written once the broker answers; removed at the end. The "
             "port is always a free one."},
};

static const struct option_program PROGRAM = {
    .name = "stopfleet-devbroker",
    .version = STOPFLEET_VERSION,
    .synopsis = "[OPTION]...",
    .summary =
        "An in-memory Kafka for trying Stopfleet out and for tests, on a free loopback port. "
        "It holds 5 MB or 100,000 record batches a partition and drops older ones, has no "
        "authentication, and forgets everything when it ends: nothing for production.",
    .specs = SPECS,
    .spec_count = sizeof SPECS / sizeof SPECS[0],
};

static const char BANNER[] =
    "stopfleet-devbroker %s at %s\n"
    "\n"
    "  This is not Kafka. It is a stand-in for trying Stopfleet out:\n"
    "    - records live in memory and are gone when it ends;\n"
    "    - 5 MB or 100,000 record batches a partition: older ones are dropped without a word;\n"
    "    - no authentication, no encryption, no replicas; loopback only;\n"
    "    - topics cannot be made or described through it.\n"
    "  Never keep an audit trail here. End it with Ctrl-C or SIGTERM.\n";

struct broker {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
};

static int create_topics(struct broker *broker, int64_t partitions, struct error *err)
{
    const struct {
        const char *name;
        int partitions;
    } topics[] = {
        {KAFKA_EVENTS_TOPIC, (int)partitions},
        {KAFKA_HOSTS_TOPIC, 1},
        {KAFKA_REFUSED_TOPIC, 1},
    };

    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        const rd_kafka_resp_err_t code =
            rd_kafka_mock_topic_create(broker->cluster, topics[i].name, topics[i].partitions, 1);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return error_set(err, ERROR_UNAVAILABLE, "could not make topic %s: %s", topics[i].name,
                             rd_kafka_err2str(code));
        }
    }
    return 0;
}

static void broker_release(struct broker *broker)
{
    if (broker->cluster != NULL) {
        rd_kafka_mock_cluster_destroy(broker->cluster);
    }
    if (broker->rk != NULL) {
        rd_kafka_destroy(broker->rk);
    }
    *broker = (struct broker){0};
}

static int broker_init(struct broker *broker, int64_t partitions, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[512] = "";

    /* Errors only: it would warn that it knows no broker. */
    (void)rd_kafka_conf_set(conf, "log_level", "3", reason, sizeof reason);
    broker->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    if (broker->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, ERROR_UNAVAILABLE, "librdkafka does not start: %s", reason);
    }
    broker->cluster = rd_kafka_mock_cluster_new(broker->rk, 1);
    if (broker->cluster == NULL) {
        broker_release(broker);
        return error_set(err, ERROR_UNAVAILABLE, "librdkafka's mock cluster does not start");
    }
    if (create_topics(broker, partitions, err) < 0) {
        broker_release(broker);
        return -1;
    }
    return 0;
}

static int serve(const struct devbroker_options *options, const sigset_t *ends, struct error *err)
{
    struct broker broker = {0};
    const char *address;
    int signal_number = 0, result = 0;

    if (broker_init(&broker, options->partitions, err) < 0) {
        return -1;
    }
    address = rd_kafka_mock_cluster_bootstraps(broker.cluster);
    if (options->address_file != NULL) {
        result = devbroker_address_file_write(options->address_file, address, err);
    }
    if (result == 0) {
        (void)printf(BANNER, STOPFLEET_VERSION, address);
        (void)fflush(stdout);
        (void)sigwait(ends, &signal_number);
        if (options->address_file != NULL) {
            (void)unlink(options->address_file);
        }
    }
    broker_release(&broker);
    return result;
}

int main(int argc, char **argv)
{
    struct devbroker_options options = {0};
    enum option_outcome outcome = OPTION_RUN;
    struct error error = {0};
    sigset_t ends;
    int status = EXIT_SUCCESS;

    /* Before there is any other thread, which would inherit the mask and could be ended by them. */
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    if (option_parse(&PROGRAM, &options, argc, argv, environ, NULL, stdout, &outcome, &error) < 0) {
        status = EXIT_USAGE;
    } else if (outcome == OPTION_RUN && serve(&options, &ends, &error) < 0) {
        status = error.code == ERROR_IO ? EXIT_USAGE : EXIT_FAILURE;
    }
    if (status != EXIT_SUCCESS) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM.name, error.message);
    }
    option_release(&PROGRAM, &options);
    return status;
}
