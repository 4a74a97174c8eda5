#include "worker/host/topics_check.h"

#include <string.h>

#include "common/base/log.h"

enum { PROBLEMS_MAX_BYTES = 16 * 1024 };

static int check_one(const struct worker_options *options, const char *topic, bool compacted,
                     int64_t timeout_ms, struct buffer *problems, struct error *err)
{
    struct kafka_config kafka = worker_options_kafka(options);
    struct kafka_topic_wish wish = {.name = topic,
                                    .replication = (int32_t)options->replication,
                                    .min_insync_replicas = (int32_t)options->min_insync_replicas,
                                    .compacted = compacted,
                                    .kept_for_ever = true};
    struct error failure = {0};
    int32_t partitions = 0;
    if (kafka_topic_check(&kafka, &wish, timeout_ms, &partitions, problems, &failure) == 0) {
        return 0;
    }
    if (failure.code == ERROR_UNSUPPORTED) {
        return buffer_append_format(problems, err, "%s: %s\n", topic, failure.message);
    }
    *err = failure;
    return -1;
}

int topics_check(const struct worker_options *options, int64_t timeout_ms, struct error *err)
{
    struct buffer problems;
    if (options->unsafe_topics) {
        log_info("topics.unsafe", "the topics are not checked because of --unsafe-topics");
        return 0;
    }
    buffer_init(&problems, PROBLEMS_MAX_BYTES);
    int result = check_one(options, KAFKA_EVENTS_TOPIC, false, timeout_ms, &problems, err);
    if (result == 0) {
        result = check_one(options, KAFKA_HOSTS_TOPIC, true, timeout_ms, &problems, err);
    }
    if (result == 0 && problems.length > 0) {
        size_t length = strcspn(problems.data, "\n");
        result = error_set(err, ERROR_INVALID,
                           "records could be lost: %.*s; correct the topics' settings "
                           "(stopfleet-api topics check), or accept it with --unsafe-topics",
                           (int)(length > 200 ? 200 : length), problems.data);
    }
    buffer_release(&problems);
    return result;
}
