/** The facts of a host in the view (redis_prelude.lua, host_fact.lua) and in common/domain/host_fact.h are one fold: random
 *  histories, told by several writers in any order and more than once, are the same in both after every step. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/domain/host_fact.h"
#include "tests/integration/redis_fixture.h"
#include "tests/support/sample_events.h"

enum { HISTORIES = 60, FACTS = 8, WRITERS = 3 };

static char in_view[64];

static void on_hosts(void *context, const struct error *error, const struct redis_hosts *hosts)
{
    assert_null(error);
    const struct redis_host *host = &hosts->hosts[0];
    (void)snprintf(in_view, sizeof in_view, "%.*s, version %lld", (int)host->status.length,
                   host->status.data, (long long)host->version);
    redis_fixture_on_done(context, NULL);
}

static struct event random_fact(struct sample_random *random)
{
    static const enum event_type types[] = {EVENT_WORKER_STARTED, EVENT_HOST_DEREGISTERED,
                                            EVENT_HOST_STATE_CHANGED, EVENT_HOST_STATE_CHANGED};
    struct event event = {.type = types[sample_random_below(random, 4)], .host = "h1", .ts = 1};
    if (event.type == EVENT_HOST_STATE_CHANGED) {
        event.host_state_changed.status =
            sample_random_below(random, 2) == 0 ? "DRAINING" : "ACTIVE";
    }
    return event;
}

/* One writer tells one fact to the view; the fold has it from there on too. */
static void tell(struct redis_fixture *f, struct host_state *state, const struct event *event,
                 int64_t offset)
{
    char text[24];
    redis_view_host_fact(f->view, "h1", host_fact_name(host_fact_kind(event)), offset,
                         host_fact_value(event, text), redis_fixture_on_done, f);
    redis_fixture_wait(f, 1);
    host_state_fold(state, event, offset);
}

static void assert_same(struct redis_fixture *f, const struct host_state *state, int history,
                        int step)
{
    const char *id = "h1";
    char folded[64];
    redis_view_read_hosts(f->view, "c", &id, 1, on_hosts, f);
    redis_fixture_wait(f, 1);
    (void)snprintf(folded, sizeof folded, "%s, version %lld", host_state_status(state),
                   (long long)host_state_version(state));
    if (strcmp(in_view, folded) != 0) {
        fail_msg("history %d, step %d: the view says %s, the fold %s", history, step, in_view,
                 folded);
    }
}

/* Each writer has a place of its own in the log and goes on from it, or falls back; in the end all have told all. */
static void tell_in_any_order(struct redis_fixture *f, struct sample_random *random, int history)
{
    struct event facts[FACTS];
    int places[WRITERS] = {0};
    struct host_state told = HOST_STATE_INITIAL;
    struct host_state in_order = HOST_STATE_INITIAL;
    for (int i = 0; i < FACTS; i++) {
        facts[i] = random_fact(random);
        host_state_fold(&in_order, &facts[i], 10 * (int64_t)i);
    }
    for (int step = 0; places[0] < FACTS || places[1] < FACTS || places[2] < FACTS; step++) {
        int *place = &places[sample_random_below(random, WRITERS)];
        if (*place == FACTS) {
            continue;
        }
        /* An API tells just the fact that it wrote: somewhere ahead. */
        int which = sample_random_below(random, 4) == 0 ? (int)sample_random_below(random, FACTS)
                                                        : (*place)++;
        tell(f, &told, &facts[which], 10 * (int64_t)which);
        assert_same(f, &told, history, step);
    }
    assert_string_equal(host_state_status(&told), host_state_status(&in_order));
    assert_same(f, &in_order, history, -1);
}

static void test_the_view_folds_as_the_reducer_does(void **state)
{
    struct redis_fixture *f = *state;
    struct sample_random random = sample_random_of(7);
    for (int history = 0; history < HISTORIES; history++) {
        (void)redis_fixture_raw("DEL test:h:h1");
        redis_view_put_host(f->view, "h1", "c", span_of("R"), redis_fixture_on_done, f);
        redis_fixture_wait(f, 1);
        tell_in_any_order(f, &random, history);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_view_folds_as_the_reducer_does,
                                        redis_fixture_set_up, redis_fixture_tear_down),
    };
    return cmocka_run_group_tests_name("redis_host_facts", tests, NULL, NULL);
}
