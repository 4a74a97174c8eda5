#include "producer/topics_marker.h"

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/io/kafka.h"
#include "common/io/loop.h"
#include "common/io/redis_view.h"

enum { TIMEOUT_MS = 10000, LOOK_AGAIN_MS = 20 };

/** The marking under way: connect, leave a token, set the marker. */
struct marking {
    struct loop *loop;
    struct redis_view *view;
    struct loop_timer *look; /**< for the connection to be there */
    int64_t until_boot_ms;
    char token[ID_HEX_SIZE];
    char away[300];     /**< what the connection said, ": …" */
    struct error error; /**< why it failed; code 0 = it did not */
};

static void end(struct marking *marking, const struct error *error)
{
    if (error != NULL) {
        marking->error = *error;
    }
    loop_stop(marking->loop, 0);
}

static void on_complete(void *context, const struct error *error)
{
    end(context, error);
}

static void on_begun(void *context, const struct error *error, const char *run_id)
{
    struct marking *marking = context;
    if (error != NULL) {
        end(marking, error);
        return;
    }
    redis_view_rebuild_complete(marking->view, marking->token, run_id, on_complete, marking);
}

static void on_redis(void *context, enum redis_state state, const char *detail)
{
    struct marking *marking = context;
    if (state == REDIS_AWAY) {
        (void)snprintf(marking->away, sizeof marking->away, ": %s", detail);
    }
}

static void on_look(void *context)
{
    struct marking *marking = context;
    if (redis_view_connected(marking->view)) {
        redis_view_rebuild_begin(marking->view, marking->token, on_begun, marking);
    } else if (clock_boot_ms(clock_system()) >= marking->until_boot_ms) {
        (void)error_set(&marking->error, ERROR_UNAVAILABLE, "Redis did not answer within %d ms%s",
                        TIMEOUT_MS, marking->away);
        loop_stop(marking->loop, 0);
    } else {
        loop_timer_arm(marking->look, LOOK_AGAIN_MS);
    }
}

static int run(struct marking *marking, const struct api_options *options, struct error *err)
{
    struct redis_config redis = api_options_redis(options);
    if (id_random_hex(marking->token, err) != 0) {
        return -1;
    }
    marking->look = loop_timer_new(marking->loop, on_look, marking);
    if (marking->look == NULL) {
        return error_no_memory(err, "marking the view");
    }
    marking->view = redis_view_new(marking->loop, &redis, on_redis, marking, err);
    if (marking->view == NULL) {
        return -1;
    }
    marking->until_boot_ms = clock_boot_ms(clock_system()) + TIMEOUT_MS;
    loop_timer_arm(marking->look, 0);
    (void)loop_run(marking->loop);
    if (marking->error.code != ERROR_NONE) {
        *err = marking->error;
        return error_wrap(err, "could not mark the view as complete");
    }
    return 0;
}

/** True if no partition has held a record, ever. */
static int is_log_empty(struct loop *loop, const struct api_options *options, bool *ret_empty,
                        struct error *err)
{
    static const struct kafka_reader_callbacks none = {0};
    struct kafka_config kafka = api_options_kafka(options);
    const struct kafka_topic_wish any = {.name = KAFKA_EVENTS_TOPIC, .partitions = 1};
    struct buffer problems;
    struct error failure = {0};
    int32_t partitions = 0;
    int64_t first = 0;
    int64_t next = 0;
    buffer_init(&problems, 64 * 1024);
    int result = kafka_topic_check(&kafka, &any, TIMEOUT_MS, &partitions, &problems, &failure);
    buffer_release(&problems);
    if (result != 0 && failure.code != ERROR_UNSUPPORTED) {
        *err = failure;
        return -1;
    }
    struct kafka_reader *reader =
        kafka_reader_new(loop, &kafka, KAFKA_EVENTS_TOPIC, NULL, &none, NULL, err);
    if (reader == NULL) {
        return -1;
    }
    result = 0;
    for (int32_t i = 0; i < partitions && result == 0 && next == 0; i++) {
        result = kafka_reader_bounds(reader, i, TIMEOUT_MS, &first, &next, err);
    }
    kafka_reader_free(reader);
    *ret_empty = next == 0;
    return result;
}

int topics_mark_view(const struct api_options *options, FILE *out, struct error *err)
{
    struct marking marking = {.loop = loop_new(err)};
    bool empty = false;
    if (marking.loop == NULL) {
        return -1;
    }
    int result = is_log_empty(marking.loop, options, &empty, err);
    if (result == 0 && !empty) {
        (void)fprintf(out,
                      "%s holds records: the view is as complete as it was "
                      "(stopfleet-audit rebuild makes it complete)\n",
                      KAFKA_EVENTS_TOPIC);
    } else if (result == 0) {
        result = run(&marking, options, err);
        if (result == 0) {
            (void)fprintf(out, "the log is empty: the view in Redis is marked as complete\n");
        }
    }
    redis_view_free(marking.view);
    loop_timer_free(marking.look);
    loop_free(marking.loop);
    return result;
}
