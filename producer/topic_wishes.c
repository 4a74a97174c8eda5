#include "producer/topic_wishes.h"

void topic_wishes_list(const struct api_options *options,
                       struct kafka_topic_wish ret_wishes[TOPIC_WISHES_COUNT])
{
    const struct kafka_topic_wish common = {
        .partitions = (int32_t)options->partitions,
        .replication = (int32_t)options->replication,
        .min_insync_replicas = (int32_t)options->min_insync_replicas,
        .kept_for_ever = true,
    };
    ret_wishes[0] = common;
    ret_wishes[0].name = KAFKA_EVENTS_TOPIC;
    ret_wishes[1] = common;
    ret_wishes[1].name = KAFKA_HOSTS_TOPIC;
    ret_wishes[1].partitions = 1;
    ret_wishes[1].compacted = true;
    ret_wishes[2] = common;
    ret_wishes[2].name = KAFKA_REFUSED_TOPIC;
    ret_wishes[2].partitions = 1;
}

int topic_wishes_check_events(const struct api_options *options, int64_t timeout_ms,
                              struct buffer *problems, struct error *err)
{
    struct kafka_config kafka = api_options_kafka(options);
    struct kafka_topic_wish wishes[TOPIC_WISHES_COUNT];
    int32_t partitions;
    topic_wishes_list(options, wishes);
    wishes[0].partitions = 1; /* how many there should be is not a matter of safety */
    return kafka_topic_check(&kafka, &wishes[0], timeout_ms, &partitions, problems, err);
}
