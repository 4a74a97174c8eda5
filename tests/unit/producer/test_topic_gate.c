#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "producer/topic_gate.h"
#include "tests/unit/producer/harness.h"

/** What kafka_topic_check finds: the fake of common/io/kafka.h for this test. */
static struct {
    struct error error;   /**< code 0 = it answers */
    const char *problems; /**< "" = fine */
    int asked;
    struct kafka_topic_wish wish;
} topic;

int kafka_topic_check(const struct kafka_config *config, const struct kafka_topic_wish *wish,
                      int64_t timeout_ms, int32_t *ret_partitions, struct buffer *ret_problems,
                      struct error *err)
{
    (void)config;
    (void)timeout_ms;
    topic.asked++;
    topic.wish = *wish;
    if (topic.error.code != ERROR_NONE) {
        *err = topic.error;
        return -1;
    }
    *ret_partitions = 4;
    return buffer_append_text(ret_problems, topic.problems, err);
}

static struct topic_gate *begin(struct harness *harness, enum error_code code, const char *problems,
                                struct error *err)
{
    memset(&topic, 0, sizeof topic);
    topic.problems = problems;
    if (code != ERROR_NONE) {
        (void)error_set(&topic.error, code, "the answer of the test");
    }
    harness->options.replication = 3;
    harness->options.min_insync_replicas = 2;
    harness->options.partitions = 12;
    (void)strcpy(harness->service.topics_problem, "not checked");
    return topic_gate_new(&harness->service, &harness->options, err);
}

static void safe_topic_opens_the_service(void **state)
{
    struct harness *harness = *state;
    struct error err = {0};
    struct topic_gate *gate = begin(harness, ERROR_NONE, "", &err);
    assert_non_null(gate);
    assert_string_equal(harness->service.topics_problem, "");
    assert_string_equal(topic.wish.name, KAFKA_EVENTS_TOPIC);
    assert_int_equal(topic.wish.replication, 3);
    assert_int_equal(topic.wish.min_insync_replicas, 2);
    assert_true(topic.wish.kept_for_ever);
    assert_false(topic.wish.compacted);
    topic_gate_free(gate);
}

static void unsafe_topic_refuses_the_start_unless_accepted(void **state)
{
    struct harness *harness = *state;
    struct error err = {0};
    assert_null(begin(harness, ERROR_NONE, "a: b\nc: d\n", &err));
    assert_int_equal(err.code, ERROR_INVALID);
    assert_non_null(strstr(err.message, "records could be lost: a: b;c: d; correct"));
    assert_non_null(strstr(err.message, "--unsafe-topics"));
    assert_null(begin(harness, ERROR_UNSUPPORTED, "", &err));
    assert_non_null(strstr(err.message, "the answer of the test"));
    harness->options.unsafe_topics = true;
    struct topic_gate *gate = begin(harness, ERROR_NONE, "a: b\n", &err);
    assert_non_null(gate);
    assert_string_equal(harness->service.topics_problem, "");
    topic_gate_free(gate);
    gate = begin(harness, ERROR_UNSUPPORTED, "", &err);
    assert_non_null(gate);
    assert_string_equal(harness->service.topics_problem, "");
    topic_gate_free(gate);
}

struct waiting {
    struct service *service;
    struct loop_timer *timer;
};

static void look(void *context)
{
    struct waiting *waiting = context;
    if (waiting->service->topics_problem[0] == '\0') {
        loop_stop(waiting->service->loop, 0);
    } else {
        loop_timer_arm(waiting->timer, 10);
    }
}

static void missing_topic_is_waited_for(void **state)
{
    struct harness *harness = *state;
    struct error err = {0};
    struct waiting waiting = {.service = &harness->service};
    struct topic_gate *gate = begin(harness, ERROR_NOT_FOUND, "", &err);
    assert_non_null(gate);
    assert_string_equal(harness->service.topics_problem, "the answer of the test");
    topic.error = (struct error){0};
    waiting.timer = loop_timer_new(harness->service.loop, look, &waiting);
    loop_timer_arm(waiting.timer, 0);
    (void)loop_run(harness->service.loop);
    assert_int_equal(topic.asked, 2);
    loop_timer_free(waiting.timer);
    topic_gate_free(gate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(safe_topic_opens_the_service),
        TEST(unsafe_topic_refuses_the_start_unless_accepted),
        TEST(missing_topic_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
