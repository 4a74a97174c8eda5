#include "producer/topics.h"

#include <inttypes.h>

#include "producer/topic_wishes.h"
#include "producer/topics_marker.h"

enum { TIMEOUT_MS = 10000, PROBLEMS_MAX_BYTES = 64 * 1024 };

/** Adds what is wrong with one topic. A broker that cannot tell its settings is a problem in words too.
 *  @return 0, or -1 if the topic could not be checked at all */
static int check_one(const struct kafka_config *kafka, const struct kafka_topic_wish *wish,
                     struct buffer *problems, struct error *err)
{
    struct error failure = {0};
    int32_t partitions;
    if (kafka_topic_check(kafka, wish, TIMEOUT_MS, &partitions, problems, &failure) == 0) {
        return 0;
    }
    if (failure.code == ERROR_NOT_FOUND || failure.code == ERROR_UNSUPPORTED) {
        return buffer_append_format(problems, err, "%s: %s\n", wish->name, failure.message);
    }
    *err = failure;
    return kafka_config_blame(kafka, err);
}

/** @return an exit code */
static int report_problems(const struct api_options *options, const struct buffer *problems,
                           FILE *out)
{
    if (problems->length == 0) {
        (void)fprintf(out, "the topics are fine\n");
        return TOPICS_FINE;
    }
    (void)fprintf(out, "%s", problems->data);
    if (options->unsafe_topics) {
        (void)fprintf(out, "accepted because of --unsafe-topics\n");
        return TOPICS_FINE;
    }
    return TOPICS_WRONG;
}

int topics_check(const struct api_options *options, FILE *out, struct error *err)
{
    struct kafka_config kafka = api_options_kafka(options);
    struct kafka_topic_wish wishes[TOPIC_WISHES_COUNT];
    struct buffer problems;
    int result = TOPICS_FINE;
    buffer_init(&problems, PROBLEMS_MAX_BYTES);
    topic_wishes_list(options, wishes);
    for (size_t i = 0; i < TOPIC_WISHES_COUNT && result == TOPICS_FINE; i++) {
        if (check_one(&kafka, &wishes[i], &problems, err) != 0) {
            result = TOPICS_UNKNOWN;
        }
    }
    if (result == TOPICS_FINE) {
        result = report_problems(options, &problems, out);
    }
    buffer_release(&problems);
    return result;
}

int topics_create(const struct api_options *options, FILE *out, struct error *err)
{
    struct kafka_config kafka = api_options_kafka(options);
    struct kafka_topic_wish wishes[TOPIC_WISHES_COUNT];
    bool created;
    topic_wishes_list(options, wishes);
    for (size_t i = 0; i < TOPIC_WISHES_COUNT; i++) {
        if (kafka_topic_create(&kafka, &wishes[i], TIMEOUT_MS, &created, err) != 0) {
            (void)kafka_config_blame(&kafka, err);
            return TOPICS_UNKNOWN;
        }
        (void)fprintf(out, "%s: %s\n", wishes[i].name, created ? "created" : "is there already");
    }
    int result = topics_check(options, out, err);
    if (result == TOPICS_UNKNOWN || topics_mark_view(options, out, err) != 0) {
        return TOPICS_UNKNOWN;
    }
    return result;
}
