#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/host_fact.h"

/** One fact in the log. */
struct fact {
    enum event_type type;
    const char *status;
};

static struct event event_of(const struct fact *fact)
{
    return (struct event){.type = fact->type,
                          .host = "h1",
                          .ts = 1700000000000,
                          .host_state_changed = {.status = fact->status}};
}

/* Folds the facts in the order of `order`, offsets as they stand in the log, each twice. */
static const char *status_of(const struct fact *facts, const size_t *order, size_t count)
{
    static struct host_state state;
    state = (struct host_state)HOST_STATE_INITIAL;
    for (size_t i = 0; i < 2 * count; i++) {
        size_t at = order[i % count];
        struct event event = event_of(&facts[at]);
        host_state_fold(&state, &event, (int64_t)at);
    }
    return host_state_status(&state);
}

/* Every order of the facts gives what the log's order gives. */
static void assert_status(const struct fact *facts, size_t count, const char *wanted)
{
    size_t order[4] = {0, 1, 2, 3};
    size_t counters[4] = {0};
    assert_string_equal(status_of(facts, order, count), wanted);
    for (size_t i = 1; i < count;) { /* Heap's algorithm */
        if (counters[i] < i) {
            size_t other = i % 2 == 0 ? 0 : counters[i];
            size_t kept = order[other];
            order[other] = order[i];
            order[i] = kept;
            assert_string_equal(status_of(facts, order, count), wanted);
            counters[i]++;
            i = 1;
        } else {
            counters[i++] = 0;
        }
    }
}

static const struct fact STARTED = {EVENT_WORKER_STARTED, NULL};
static const struct fact GIVEN_UP = {EVENT_HOST_DEREGISTERED, NULL};
static const struct fact DRAINING = {EVENT_HOST_STATE_CHANGED, "DRAINING"};
static const struct fact ACTIVE = {EVENT_HOST_STATE_CHANGED, "ACTIVE"};

static void test_statuses(void **state)
{
    (void)state;
    assert_status((struct fact[]){STARTED}, 1, "ACTIVE");
    assert_status((struct fact[]){STARTED, DRAINING}, 2, "DRAINING");
    assert_status((struct fact[]){STARTED, DRAINING, STARTED}, 3, "DRAINING");
    assert_status((struct fact[]){STARTED, DRAINING, ACTIVE}, 3, "ACTIVE");
    assert_status((struct fact[]){STARTED, ACTIVE, DRAINING}, 3, "DRAINING");
    assert_status((struct fact[]){STARTED, GIVEN_UP}, 2, "INACTIVE");
    assert_status((struct fact[]){STARTED, DRAINING, GIVEN_UP}, 3, "INACTIVE");
    assert_status((struct fact[]){STARTED, GIVEN_UP, STARTED}, 3, "ACTIVE");
    assert_status((struct fact[]){STARTED, DRAINING, GIVEN_UP, STARTED}, 4, "ACTIVE");
    assert_status((struct fact[]){STARTED, GIVEN_UP, STARTED, DRAINING}, 4, "DRAINING");
}

static void test_values(void **state)
{
    (void)state;
    char text[24];
    struct event event = event_of(&DRAINING);
    assert_string_equal(host_fact_name(host_fact_kind(&event)), "status");
    assert_string_equal(host_fact_value(&event, text), "DRAINING");
    event.host_state_changed.status = "NOVELTY";
    assert_string_equal(host_fact_value(&event, text), "ACTIVE");
    event.host_state_changed.status = NULL;
    assert_string_equal(host_fact_value(&event, text), "ACTIVE");
    event = event_of(&GIVEN_UP);
    assert_string_equal(host_fact_name(host_fact_kind(&event)), "deregistered");
    assert_string_equal(host_fact_value(&event, text), "1700000000000");
    event = event_of(&STARTED);
    assert_string_equal(host_fact_name(host_fact_kind(&event)), "started");
    assert_string_equal(host_fact_value(&event, text), "");
    event.host = NULL;
    assert_int_equal(host_fact_kind(&event), HOST_FACT_NONE);
    event = event_of(&(struct fact){EVENT_TASK_OBSERVED, NULL});
    assert_int_equal(host_fact_kind(&event), HOST_FACT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_statuses),
                                       cmocka_unit_test(test_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
