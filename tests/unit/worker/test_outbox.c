#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "worker/host/outbox.h"

enum { MOST = 1024 };

/** Kafka as the test wants it. */
struct broker {
    struct clock clock;
    int64_t now;
    struct timers timers;
    struct outbox outbox;
    struct {
        char text[16];
        kafka_delivered_fn *delivered;
        void *context;
    } sent[MOST];
    size_t sent_count, answered;
    bool full;
    char log[4096]; /**< acknowledged, in order, with spaces */
    int64_t delivered;
    int told_ok, told_failed;
};

static int64_t now_ms(void *context)
{
    return ((struct broker *)context)->now;
}

static int take(void *context, struct span key, struct span value, kafka_delivered_fn *delivered,
                void *delivered_context, struct error *err)
{
    struct broker *broker = context;
    assert_true(span_equal_text(key, "host"));
    if (broker->full) {
        return error_set(err, ERROR_FULL, "queue full");
    }
    snprintf(broker->sent[broker->sent_count].text, 16, "%.*s", (int)value.length, value.data);
    broker->sent[broker->sent_count].delivered = delivered;
    broker->sent[broker->sent_count++].context = delivered_context;
    return 0;
}

static void count_delivered(void *context, int64_t count)
{
    ((struct broker *)context)->delivered += count;
}

static void told(void *context, const struct error *error, int64_t offset)
{
    struct broker *broker = context;
    assert_true((error == NULL) == (offset >= 0));
    broker->told_ok += error == NULL;
    broker->told_failed += error != NULL;
}

static void begin(struct broker *broker)
{
    *broker = (struct broker){.now = 1000};
    broker->clock = (struct clock){.wall_ms = now_ms, .boot_ms = now_ms, .context = broker};
    assert_int_equal(timers_init(&broker->timers, NULL, &broker->clock, NULL), 0);
    assert_int_equal(timers_reserve(&broker->timers, 1, NULL), 0);
    struct outbox_config config = {.key = "host",
                                   .timers = &broker->timers,
                                   .send = take,
                                   .send_context = broker,
                                   .on_delivered = count_delivered,
                                   .context = broker};
    outbox_init(&broker->outbox, &config);
}

static void end(struct broker *broker)
{
    outbox_release(&broker->outbox);
    timers_release(&broker->timers);
}

static void push(struct broker *broker, const char *text)
{
    assert_int_equal(outbox_push(&broker->outbox, span_of(text), true, NULL, NULL, NULL), 0);
}

/** The oldest unanswered record is acknowledged, or fails. */
static void answer(struct broker *broker, bool ok)
{
    size_t at = broker->answered++;
    struct error error = {.code = ERROR_TIMEOUT, .message = "timed out"};
    assert_true(at < broker->sent_count);
    if (ok) {
        size_t length = strlen(broker->log);
        assert_true(length < sizeof broker->log);
        (void)snprintf(broker->log + length, sizeof broker->log - length, "%s ",
                       broker->sent[at].text);
    }
    broker->sent[at].delivered(broker->sent[at].context, ok ? NULL : &error, ok ? (int64_t)at : -1);
}

static void answer_all(struct broker *broker)
{
    while (broker->answered < broker->sent_count) {
        answer(broker, true);
    }
}

static void outbox_sends_in_order_and_counts(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    push(&b, "a");
    push(&b, "b");
    push(&b, "c");
    assert_int_equal(b.sent_count, 3);
    assert_int_equal(b.delivered, 0);
    answer_all(&b);
    assert_string_equal(b.log, "a b c ");
    assert_int_equal(b.delivered, 3);
    assert_int_equal(b.outbox.count, 0);
    end(&b);
}

/** That one is acknowledged at this offset. */
static void deliver(struct broker *broker, size_t at, int64_t offset)
{
    broker->sent[at].delivered(broker->sent[at].context, NULL, offset);
    broker->answered++;
}

static void outbox_writes_again_what_lies_before_an_older_one(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    push(&b, "a");
    push(&b, "b");
    push(&b, "c");
    deliver(&b, 1, 5);
    deliver(&b, 2, 6);
    assert_int_equal(b.delivered, 0);
    deliver(&b, 0, 7);
    assert_int_equal(b.delivered, 1);
    b.now += 10000;
    timers_tick(&b.timers);
    assert_int_equal(b.sent_count, 5);
    assert_string_equal(b.sent[3].text, "b");
    assert_string_equal(b.sent[4].text, "c");
    deliver(&b, 3, 8);
    deliver(&b, 4, 9);
    assert_int_equal(b.delivered, 3);
    assert_int_equal(b.outbox.count, 0);
    end(&b);
}

/** A log that was begun anew counts from 0 again. */
static void outbox_takes_lower_offsets_for_an_order_once(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    push(&b, "a");
    deliver(&b, 0, 1000);
    push(&b, "b");
    deliver(&b, 1, 0);
    assert_int_equal(b.delivered, 1);
    b.now += 10000;
    timers_tick(&b.timers);
    deliver(&b, 2, 1);
    assert_int_equal(b.delivered, 2);
    end(&b);
}

static void outbox_sends_again_from_the_first_undelivered(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    push(&b, "a");
    push(&b, "b");
    push(&b, "c");
    answer(&b, true);
    answer(&b, false);
    push(&b, "d");
    assert_int_equal(b.sent_count, 3);
    answer(&b, true);
    assert_int_equal(b.delivered, 1);
    assert_int_equal(b.sent_count, 3);
    b.now += 10000;
    timers_tick(&b.timers);
    answer_all(&b);
    assert_string_equal(b.log, "a c b c d ");
    assert_int_equal(b.delivered, 4);
    end(&b);
}

static void outbox_waits_while_the_writer_is_full(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    b.full = true;
    push(&b, "a");
    push(&b, "b");
    assert_int_equal(b.sent_count, 0);
    b.full = false;
    b.now += 10000;
    timers_tick(&b.timers);
    answer_all(&b);
    assert_string_equal(b.log, "a b ");
    end(&b);
}

static void outbox_bounds_what_is_under_way(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    for (int i = 0; i < 600; i++) {
        push(&b, "x");
    }
    assert_int_equal(b.sent_count, 512);
    answer_all(&b);
    assert_int_equal(b.sent_count, 600);
    assert_int_equal(b.delivered, 600);
    end(&b);
}

static void outbox_tells_of_a_volatile_event_once(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    push(&b, "a");
    assert_int_equal(outbox_push(&b.outbox, span_of("v"), false, told, &b, NULL), 0);
    assert_int_equal(outbox_push(&b.outbox, span_of("w"), false, told, &b, NULL), 0);
    push(&b, "c");
    answer(&b, false);
    answer(&b, true);
    answer(&b, false);
    assert_int_equal(b.told_ok, 1);
    assert_int_equal(b.told_failed, 0);
    answer(&b, true);
    assert_int_equal(b.told_failed, 1);
    b.now += 10000;
    timers_tick(&b.timers);
    answer_all(&b);
    assert_string_equal(b.log, "v c a c ");
    assert_int_equal(b.told_ok, 1);
    assert_int_equal(b.delivered, 2);
    assert_int_equal(b.outbox.count, 0);
    end(&b);
}

static void outbox_tells_of_the_newest_and_sends_it_again(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    push(&b, "a");
    push(&b, "b");
    outbox_tell_of_newest(&b.outbox, told, &b);
    push(&b, "c");
    answer(&b, false);
    answer(&b, true);
    answer(&b, false);
    assert_int_equal(b.told_ok, 1);
    b.now += 10000;
    timers_tick(&b.timers);
    answer_all(&b);
    assert_string_equal(b.log, "b a b c ");
    assert_int_equal(b.told_ok, 2);
    assert_int_equal(b.told_failed, 0);
    end(&b);
}

static void outbox_unjournalled_event_is_not_counted(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    assert_int_equal(outbox_push(&b.outbox, span_of("m"), false, NULL, NULL, NULL), 0);
    push(&b, "a");
    answer(&b, false);
    answer(&b, true);
    b.now += 10000;
    timers_tick(&b.timers);
    answer_all(&b);
    assert_string_equal(b.log, "a m a ");
    assert_int_equal(b.delivered, 1);
    end(&b);
}

/* ---- the timers below it ---- */

static struct timer_entry *fired[64];
static size_t fired_count;

static void fire(void *context)
{
    fired[fired_count++] = context;
}

static void timers_fire_in_order_and_once(void **state)
{
    (void)state;
    struct broker b;
    begin(&b);
    struct timer_entry entries[50];
    assert_int_equal(timers_reserve(&b.timers, 51, NULL), 0);
    for (size_t i = 0; i < 50; i++) {
        entries[i] = (struct timer_entry){.fn = fire, .context = &entries[i]};
        timers_arm(&b.timers, &entries[i], 2000 + (int64_t)(i * 37 % 50));
    }
    timers_disarm(&b.timers, &entries[10]);
    timers_disarm(&b.timers, &entries[10]);
    timers_arm(&b.timers, &entries[11], 1500);
    fired_count = 0;
    b.now = 1499;
    timers_tick(&b.timers);
    assert_int_equal(fired_count, 0);
    b.now = 5000;
    timers_tick(&b.timers);
    timers_tick(&b.timers);
    assert_int_equal(fired_count, 49);
    assert_ptr_equal(fired[0], &entries[11]);
    for (size_t i = 1; i < fired_count; i++) {
        assert_true(fired[i - 1]->at_boot_ms <= fired[i]->at_boot_ms);
    }
    end(&b);
}

/** Ends the loop that it runs on. */
struct ring {
    struct loop *loop;
    int64_t at_boot_ms;
};

static void ring(void *context)
{
    struct ring *bell = context;
    bell->at_boot_ms = clock_boot_ms(clock_system());
    loop_stop(bell->loop, 7);
}

static void timers_on_a_loop_are_never_early(void **state)
{
    (void)state;
    struct ring bell = {.loop = loop_new(NULL)};
    assert_non_null(bell.loop);
    struct timers timers;
    assert_int_equal(timers_init(&timers, bell.loop, clock_system(), NULL), 0);
    assert_int_equal(timers_reserve(&timers, 2, NULL), 0);
    struct timer_entry entry = {.fn = ring, .context = &bell};
    struct timer_entry later = {.fn = ring, .context = &bell};
    for (int64_t delay = 0; delay <= 30; delay += 3) {
        int64_t at = clock_boot_ms(clock_system()) + delay;
        timers_arm(&timers, &later, at + 60000);
        timers_arm(&timers, &entry, at);
        assert_int_equal(loop_run(bell.loop), 7);
        assert_true(bell.at_boot_ms >= at);
        assert_false(timer_armed(&entry));
        assert_true(timer_armed(&later));
    }
    timers_release(&timers);
    loop_free(bell.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outbox_sends_in_order_and_counts),
        cmocka_unit_test(outbox_writes_again_what_lies_before_an_older_one),
        cmocka_unit_test(outbox_takes_lower_offsets_for_an_order_once),
        cmocka_unit_test(outbox_sends_again_from_the_first_undelivered),
        cmocka_unit_test(outbox_waits_while_the_writer_is_full),
        cmocka_unit_test(outbox_bounds_what_is_under_way),
        cmocka_unit_test(outbox_tells_of_a_volatile_event_once),
        cmocka_unit_test(outbox_tells_of_the_newest_and_sends_it_again),
        cmocka_unit_test(outbox_unjournalled_event_is_not_counted),
        cmocka_unit_test(timers_fire_in_order_and_once),
        cmocka_unit_test(timers_on_a_loop_are_never_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
