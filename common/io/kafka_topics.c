#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/io/kafka_client.h"

/* The largest record of ours with key and headers; less would refuse events that the codec made. */
enum { LARGEST_RECORD_BYTES = 80 * 1024 };

/* A handle for one question, with a queue for the answer. */
struct admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
};

static int admin_init(struct admin *admin, const struct kafka_config *config,
                      rd_kafka_admin_op_t op, int64_t timeout_ms, struct error *err)
{
    /* A consumer, as a producer's questions may create the topic that they ask for. */
    static const struct kafka_setting SETTINGS[] = {
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(config, SETTINGS, err);
    char reason[512] = "";

    if (conf == NULL) {
        return -1;
    }
    admin->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof reason);
    if (admin->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, ERROR_INVALID, "librdkafka refuses its configuration: %s", reason);
    }
    admin->queue = rd_kafka_queue_new(admin->rk);
    admin->options = rd_kafka_AdminOptions_new(admin->rk, op);
    (void)rd_kafka_AdminOptions_set_request_timeout(admin->options, (int)timeout_ms, reason,
                                                    sizeof reason);
    return 0;
}

static void admin_release(struct admin *admin)
{
    rd_kafka_AdminOptions_destroy(admin->options);
    rd_kafka_queue_destroy(admin->queue);
    rd_kafka_destroy_flags(admin->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* The answer, or NULL with err filled. */
static rd_kafka_event_t *admin_answer(struct admin *admin, int64_t timeout_ms, const char *what,
                                      struct error *err)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, (int)timeout_ms + 1000);

    if (event == NULL) {
        error_set(err, ERROR_TIMEOUT, "%s: no answer from Kafka in %" PRId64 " ms", what,
                  timeout_ms);
        return NULL;
    }
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_error_set(err, rd_kafka_event_error(event), what, rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
        return NULL;
    }
    return event;
}

/* The mock cluster names a controller that is none of its brokers. */
static bool is_broker(rd_kafka_t *rk, int32_t id, int64_t timeout_ms)
{
    const struct rd_kafka_metadata *metadata = NULL;
    bool found = false;

    if (rd_kafka_metadata(rk, 0, NULL, &metadata, (int)timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return true;
    }
    for (int i = 0; i < metadata->broker_cnt && !found; i++) {
        found = metadata->brokers[i].id == id;
    }
    rd_kafka_metadata_destroy(metadata);
    return found;
}

/* Questions to a controller that is not there would wait for ever. */
static int need_controller(struct admin *admin, int64_t timeout_ms, struct error *err)
{
    const int64_t wait_ms = timeout_ms < 2000 ? timeout_ms : 2000;
    const int32_t controller = rd_kafka_controllerid(admin->rk, (int)wait_ms);

    if (controller < 0 || !is_broker(admin->rk, controller, wait_ms)) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "this Kafka names no controller, so it can neither make topics nor tell "
                         "their settings (stopfleet-devbroker cannot)");
    }
    return 0;
}

static int read_size(const struct rd_kafka_metadata *metadata, const char *topic,
                     int32_t *ret_partitions, int32_t *ret_replicas, struct error *err)
{
    const struct rd_kafka_metadata_topic *found;
    int32_t replicas = INT32_MAX;

    if (metadata->topic_cnt != 1) {
        return error_set(err, ERROR_NOT_FOUND, "Kafka has no topic %s", topic);
    }
    found = &metadata->topics[0];
    if (found->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        return error_set(err, ERROR_NOT_FOUND,
                         "Kafka has no topic %s; stopfleet-api topics create makes it", topic);
    }
    if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR || found->partition_cnt == 0) {
        return error_set(err, ERROR_UNAVAILABLE, "Kafka's topic %s is not usable now: %s", topic,
                         rd_kafka_err2str(found->err));
    }
    for (int i = 0; i < found->partition_cnt; i++) {
        if (found->partitions[i].replica_cnt < replicas) {
            replicas = found->partitions[i].replica_cnt;
        }
    }
    *ret_partitions = found->partition_cnt;
    if (ret_replicas != NULL) {
        *ret_replicas = replicas;
    }
    return 0;
}

int kafka_topic_size(rd_kafka_t *rk, const char *topic, int64_t timeout_ms, int32_t *ret_partitions,
                     int32_t *ret_replicas, struct error *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code;
    int result;

    if (handle == NULL) {
        return kafka_error_set(err, rd_kafka_last_error(), "could not name a topic", NULL);
    }
    code = rd_kafka_metadata(rk, 0, handle, &metadata, (int)timeout_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        result = kafka_error_set(err, code, "could not ask Kafka for its topics", NULL);
    } else {
        result = read_size(metadata, topic, ret_partitions, ret_replicas, err);
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(handle);
    return result;
}

/* Records are stamped by the broker. It refuses a client's time that is more than an hour ahead (Kafka 4.0,
 * message.timestamp.after.max.ms): a host whose clock is wrong could not say that it has stopped a task. */
static const char BROKERS_TIME[] = "LogAppendTime";

static void set_number(rd_kafka_NewTopic_t *topic, const char *name, int64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, value);
    (void)rd_kafka_NewTopic_set_config(topic, name, text);
}

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topic_wish *wish, struct error *err)
{
    char reason[512] = "";
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(wish->name, wish->partitions,
                                                       wish->replication, reason, sizeof reason);

    if (topic == NULL) {
        error_set(err, ERROR_INVALID, "topic %s cannot be: %s", wish->name, reason);
        return NULL;
    }
    (void)rd_kafka_NewTopic_set_config(topic, "cleanup.policy",
                                       wish->compacted ? "compact" : "delete");
    if (!wish->compacted && wish->kept_for_ever) {
        set_number(topic, "retention.ms", -1);
        set_number(topic, "retention.bytes", -1);
    }
    set_number(topic, "min.insync.replicas", wish->min_insync_replicas);
    (void)rd_kafka_NewTopic_set_config(topic, "unclean.leader.election.enable", "false");
    (void)rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", BROKERS_TIME);
    return topic;
}

static int create(struct admin *admin, const struct kafka_topic_wish *wish, int64_t timeout_ms,
                  bool *ret_created, struct error *err)
{
    rd_kafka_NewTopic_t *topic = new_topic(wish, err);
    rd_kafka_event_t *event;
    const rd_kafka_topic_result_t **results;
    rd_kafka_resp_err_t code;
    size_t count = 0;
    int result = 0;

    if (topic == NULL) {
        return -1;
    }
    rd_kafka_CreateTopics(admin->rk, &topic, 1, admin->options, admin->queue);
    rd_kafka_NewTopic_destroy(topic);
    event = admin_answer(admin, timeout_ms, "could not create a topic", err);
    if (event == NULL) {
        return -1;
    }
    results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    code = count == 1 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        result = error_set(err, kafka_error_code(code), "could not create topic %s: %s", wish->name,
                           count == 1 ? rd_kafka_topic_result_error_string(results[0])
                                      : rd_kafka_err2str(code));
    } else {
        *ret_created = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_event_destroy(event);
    return result;
}

static const struct timespec PAUSE = {.tv_nsec = 20 * 1000 * 1000};

/* Brokers learn of a new topic a moment after the controller has made it. */
static int wait_until_known(struct admin *admin, const char *topic, int64_t timeout_ms,
                            struct error *err)
{
    const int64_t until_boot_ms = clock_boot_ms(clock_system()) + timeout_ms;
    struct error failure = {0};
    int32_t partitions;

    while (kafka_topic_size(admin->rk, topic, timeout_ms, &partitions, NULL, &failure) < 0) {
        if (clock_boot_ms(clock_system()) >= until_boot_ms) {
            return error_set(err, ERROR_TIMEOUT, "topic %s was made but does not show: %s", topic,
                             failure.message);
        }
        (void)nanosleep(&PAUSE, NULL);
    }
    return 0;
}

int kafka_topic_create(const struct kafka_config *config, const struct kafka_topic_wish *wish,
                       int64_t timeout_ms, bool *ret_created, struct error *err)
{
    struct admin admin = {0};
    struct error failure = {0};
    char reason[128];
    int32_t partitions;
    int result;

    if (admin_init(&admin, config, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms, err) < 0) {
        return -1;
    }
    (void)rd_kafka_AdminOptions_set_operation_timeout(admin.options, (int)timeout_ms, reason,
                                                      sizeof reason);
    if (kafka_topic_size(admin.rk, wish->name, timeout_ms, &partitions, NULL, &failure) == 0) {
        *ret_created = false;
        result = 0;
    } else if (failure.code != ERROR_NOT_FOUND) {
        if (err != NULL) {
            *err = failure;
        }
        result = -1;
    } else if (need_controller(&admin, timeout_ms, err) < 0) {
        result = -1;
    } else {
        result = create(&admin, wish, timeout_ms, ret_created, err);
        if (result == 0) {
            result = wait_until_known(&admin, wish->name, timeout_ms, err);
        }
    }
    admin_release(&admin);
    return result;
}

static int problem_if(bool wrong, struct buffer *problems, struct error *err, const char *topic,
                      const char *name, const char *value, const char *wanted)
{
    return wrong ? buffer_append_format(problems, err, "%s: %s is %s, should be %s\n", topic, name,
                                        value, wanted)
                 : 0;
}

static int check_setting(const struct kafka_topic_wish *wish, const char *name, const char *value,
                         struct buffer *problems, struct error *err)
{
    const struct span text = span_of(value);
    char wanted[32];
    int64_t number;

    if (strcmp(name, "cleanup.policy") == 0) {
        const char *policy = wish->compacted ? "compact" : "delete";
        return problem_if(strcmp(value, policy) != 0, problems, err, wish->name, name, value,
                          policy);
    }
    if (strcmp(name, "retention.ms") == 0 || strcmp(name, "retention.bytes") == 0) {
        const bool matters = wish->kept_for_ever && !wish->compacted;
        return problem_if(matters && strcmp(value, "-1") != 0, problems, err, wish->name, name,
                          value, "-1 (kept for ever)");
    }
    if (strcmp(name, "message.timestamp.type") == 0) {
        return problem_if(strcmp(value, BROKERS_TIME) != 0, problems, err, wish->name, name, value,
                          BROKERS_TIME);
    }
    if (strcmp(name, "unclean.leader.election.enable") == 0) {
        return problem_if(wish->replication > 1 && strcmp(value, "false") != 0, problems, err,
                          wish->name, name, value, "false");
    }
    if (strcmp(name, "min.insync.replicas") == 0) {
        (void)snprintf(wanted, sizeof wanted, "at least %" PRId32, wish->min_insync_replicas);
        return problem_if(!span_to_int64(text, wish->min_insync_replicas, INT64_MAX, &number),
                          problems, err, wish->name, name, value, wanted);
    }
    if (strcmp(name, "max.message.bytes") == 0) {
        (void)snprintf(wanted, sizeof wanted, "at least %d", LARGEST_RECORD_BYTES);
        return problem_if(!span_to_int64(text, LARGEST_RECORD_BYTES, INT64_MAX, &number), problems,
                          err, wish->name, name, value, wanted);
    }
    return 0;
}

static int check_size(const struct kafka_topic_wish *wish, int32_t partitions, int32_t replicas,
                      struct buffer *problems, struct error *err)
{
    char is[32], wanted[32];

    (void)snprintf(is, sizeof is, "%" PRId32, partitions);
    (void)snprintf(wanted, sizeof wanted, "at least %" PRId32, wish->partitions);
    if (problem_if(partitions < wish->partitions, problems, err, wish->name, "partition count", is,
                   wanted) < 0) {
        return -1;
    }
    (void)snprintf(is, sizeof is, "%" PRId32, replicas);
    (void)snprintf(wanted, sizeof wanted, "at least %" PRId32, wish->replication);
    return problem_if(replicas < wish->replication, problems, err, wish->name, "replication factor",
                      is, wanted);
}

static int check_settings(struct admin *admin, const struct kafka_topic_wish *wish,
                          int64_t timeout_ms, struct buffer *problems, struct error *err)
{
    rd_kafka_ConfigResource_t *question =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, wish->name);
    rd_kafka_event_t *event;
    const rd_kafka_ConfigResource_t **answers;
    const rd_kafka_ConfigEntry_t **entries;
    size_t count = 0, entry_count = 0;
    int result = 0;

    rd_kafka_DescribeConfigs(admin->rk, &question, 1, admin->options, admin->queue);
    rd_kafka_ConfigResource_destroy(question);
    event = admin_answer(admin, timeout_ms, "could not read a topic's settings", err);
    if (event == NULL) {
        return -1;
    }
    answers = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    if (count != 1 || rd_kafka_ConfigResource_error(answers[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        const bool unknown = count == 1 && rd_kafka_ConfigResource_error(answers[0]) ==
                                               RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        result = error_set(err, unknown ? ERROR_NOT_FOUND : ERROR_UNAVAILABLE,
                           "could not read the settings of topic %s: %s", wish->name,
                           count == 1 ? rd_kafka_ConfigResource_error_string(answers[0])
                                      : "no answer for it");
    } else {
        entries = rd_kafka_ConfigResource_configs(answers[0], &entry_count);
        for (size_t i = 0; i < entry_count && result == 0; i++) {
            const char *value = rd_kafka_ConfigEntry_value(entries[i]);

            result = check_setting(wish, rd_kafka_ConfigEntry_name(entries[i]),
                                   value != NULL ? value : "", problems, err);
        }
    }
    rd_kafka_event_destroy(event);
    return result;
}

/* Of several brokers the one that is asked may learn of a new topic after the one that told of it. */
static int check_settings_when_known(struct admin *admin, const struct kafka_topic_wish *wish,
                                     int64_t timeout_ms, struct buffer *problems, struct error *err)
{
    const int64_t until_boot_ms = clock_boot_ms(clock_system()) + timeout_ms;
    struct error failure = {0};
    int result = check_settings(admin, wish, timeout_ms, problems, &failure);

    while (result < 0 && failure.code == ERROR_NOT_FOUND &&
           clock_boot_ms(clock_system()) < until_boot_ms) {
        (void)nanosleep(&PAUSE, NULL);
        failure = (struct error){0};
        result = check_settings(admin, wish, timeout_ms, problems, &failure);
    }
    if (result < 0 && err != NULL) {
        *err = failure;
    }
    return result;
}

int kafka_topic_check(const struct kafka_config *config, const struct kafka_topic_wish *wish,
                      int64_t timeout_ms, int32_t *ret_partitions, struct buffer *ret_problems,
                      struct error *err)
{
    struct admin admin = {0};
    int32_t partitions = 0, replicas = 0;
    int result = -1;

    if (admin_init(&admin, config, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms, err) < 0) {
        return -1;
    }
    if (kafka_topic_size(admin.rk, wish->name, timeout_ms, &partitions, &replicas, err) == 0) {
        *ret_partitions = partitions;
        if (check_size(wish, partitions, replicas, ret_problems, err) == 0 &&
            need_controller(&admin, timeout_ms, err) == 0) {
            result = check_settings_when_known(&admin, wish, timeout_ms, ret_problems, err);
        }
    }
    admin_release(&admin);
    return result;
}
