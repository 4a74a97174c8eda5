#ifndef TESTS_UNIT_PRODUCER_HARNESS_H
#define TESTS_UNIT_PRODUCER_HARNESS_H

/** A service on the fakes of fake_io.h, and calls whose answers are kept. Include after cmocka.h. */

#include "producer/operation.h"
#include "producer/service.h"
#include "tests/unit/producer/fake_io.h"

#define HARNESS_ACCOUNT "123456789012"
#define HARNESS_ARN     "arn:aws:ecs:us-east-1:" HARNESS_ACCOUNT ":"
#define HARNESS_TASK    "0123456789abcdef0123456789abcdef"
/** The body of a StopTask of that task. */
#define HARNESS_STOP                                                                               \
    "{\"cluster\":\"prod\",\"task\":\"" HARNESS_TASK "\",\"reason\":\"rolling node 7\"}"

/** One call and what it was answered with. */
struct harness_call {
    struct call call;
    int status; /**< 0 = not answered yet */
    json_t *body;
};

struct harness {
    struct api_options options;
    char *clusters[1];  /**< "configured" */
    struct clock clock; /**< stands still at harness.now_ms */
    int64_t now_ms;
    struct service service;
};

/** cmocka's setup and teardown: *state is a struct harness. Any call must be answered or released, and no
 *  question may wait, at the end. */
int harness_setup(void **state);
int harness_teardown(void **state);

/** Begins a call; NULL members of `like` are absent. Release with harness_end. */
void harness_begin(struct harness *harness, struct harness_call *call, const char *operation,
                   const char *body);
/** As harness_begin with what the HTTP server would have filled in. */
void harness_begin_like(struct harness *harness, struct harness_call *call, const char *operation,
                        const char *body, const struct call *like);
/** Frees what the call holds. */
void harness_end(struct harness_call *call);
/** Lets the loop run until the call is answered. */
void harness_wait(struct harness *harness, struct harness_call *call);

/** The answer so far is this error; message NULL = none is sent. */
void harness_assert_error(const struct harness_call *call, int status, const char *exception,
                          const char *message);
/** The answer's body as compact JSON is this. */
void harness_assert_body(const struct harness_call *call, const char *wanted);

/** A running task as Redis gives it: base at pos 10, host "node-7" registered in partition 3. Lives until
 *  the next harness_teardown. */
struct redis_task harness_task(struct harness *harness, const char *id);
/** The registration of a host in partition 3 (region NULL = the API's own). Lives as long. */
struct span harness_host_record(struct harness *harness, const char *host, const char *account,
                                const char *region);

#endif
