#include "producer/topic_gate.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "producer/topic_wishes.h"

enum { AGAIN_MS = 2000, AGAIN_TIMEOUT_MS = 1000, PROBLEMS_MAX_BYTES = 16 * 1024 };

struct topic_gate {
    struct service *service;
    const struct api_options *options;
    struct loop_timer *timer;
};

static void open_gate(struct topic_gate *gate)
{
    gate->service->topics_problem[0] = '\0';
    log_info("topics.checked", "the topics are checked; StopTask is served",
             LOG_STR("topic", KAFKA_EVENTS_TOPIC));
}

/** Says a problem once, not at each try. */
static void keep_shut(struct topic_gate *gate, const char *problem)
{
    char *kept = gate->service->topics_problem;
    char before[SERVICE_PROBLEM_SIZE];
    memcpy(before, kept, sizeof before);
    (void)snprintf(kept, SERVICE_PROBLEM_SIZE, "%s", problem);
    kept[span_cut_utf8(span_of(kept), SERVICE_PROBLEM_SIZE - 1).length] = '\0';
    if (strcmp(before, kept) != 0) {
        log_warn("topics.unchecked", "StopTask is refused until the topics are known to be safe",
                 LOG_STR("problem", kept));
    }
    loop_timer_arm(gate->timer, AGAIN_MS);
}

/** Takes what a check found, one problem a line. @return 0, or -1 with ERROR_INVALID if it is not accepted */
static int take_problems(struct topic_gate *gate, char *problems, struct error *err)
{
    size_t length = strlen(problems);
    for (size_t i = 0; i < length; i++) {
        if (problems[i] == '\n') {
            problems[i] = i + 1 == length ? '\0' : ';';
        }
    }
    if (!gate->options->unsafe_topics) {
        return error_set(err, ERROR_INVALID,
                         "records could be lost: %s; correct the topics' settings, or accept it "
                         "with --unsafe-topics",
                         problems);
    }
    log_warn("topics.unsafe", "records could be lost, accepted because of --unsafe-topics",
             LOG_STR("problems", problems));
    open_gate(gate);
    return 0;
}

/** @return 0, or -1 if the topics are unsafe */
static int check(struct topic_gate *gate, int64_t timeout_ms, struct error *err)
{
    struct buffer problems;
    struct error failure = {0};
    int result = 0;
    buffer_init(&problems, PROBLEMS_MAX_BYTES);
    int checked = topic_wishes_check_events(gate->options, timeout_ms, &problems, &failure);
    if (checked != 0 && failure.code == ERROR_UNSUPPORTED) {
        result = take_problems(gate, failure.message, err);
    } else if (checked != 0) {
        keep_shut(gate, failure.message);
    } else if (problems.length > 0) {
        result = take_problems(gate, problems.data, err);
    } else {
        open_gate(gate);
    }
    buffer_release(&problems);
    return result;
}

static void on_timer(void *context)
{
    struct topic_gate *gate = context;
    struct error err = {0};
    /* The check blocks the loop, so it is not made while there is nobody to answer it. */
    if (gate->service->kafka_away) {
        loop_timer_arm(gate->timer, AGAIN_MS);
    } else if (check(gate, AGAIN_TIMEOUT_MS, &err) != 0) {
        keep_shut(gate, err.message);
    }
}

struct topic_gate *topic_gate_new(struct service *service, const struct api_options *options,
                                  struct error *err)
{
    struct topic_gate *gate = memory_calloc(1, sizeof *gate);
    if (gate == NULL) {
        (void)error_no_memory(err, "checking the topics");
        return NULL;
    }
    gate->service = service;
    gate->options = options;
    gate->timer = loop_timer_new(service->loop, on_timer, gate);
    if (gate->timer == NULL) {
        (void)error_no_memory(err, "checking the topics");
        topic_gate_free(gate);
        return NULL;
    }
    if (check(gate, options->request_timeout_ms, err) != 0) {
        topic_gate_free(gate);
        return NULL;
    }
    return gate;
}

void topic_gate_free(struct topic_gate *gate)
{
    if (gate != NULL) {
        loop_timer_free(gate->timer);
        memory_free(gate);
    }
}
