#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/loop_wait.h"

struct fixture {
    struct loop *loop;
    struct loop_timer *first, *second;
    struct loop_watch *watch;
    int pipe[2];
    int fired;
    int order[4];
    unsigned what;
    int64_t armed_at_ms, fired_at_ms;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    fixture.loop = loop_new(NULL);
    *state = &fixture;
    return fixture.loop == NULL || pipe2(fixture.pipe, O_NONBLOCK | O_CLOEXEC) != 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    loop_timer_free(f->first);
    loop_timer_free(f->second);
    loop_watch_free(f->watch);
    loop_free(f->loop);
    (void)close(f->pipe[0]);
    (void)close(f->pipe[1]);
    return 0;
}

static int64_t now_ms(void)
{
    return clock_boot_ms(clock_system());
}

static void note_first(void *context)
{
    struct fixture *f = context;

    f->order[f->fired++] = 1;
}

static void note_second(void *context)
{
    struct fixture *f = context;

    f->order[f->fired++] = 2;
    f->fired_at_ms = now_ms();
    loop_stop(f->loop, 7);
}

static void test_timers_fire_in_order_of_their_time(void **state)
{
    struct fixture *f = *state;

    f->second = loop_timer_new(f->loop, note_second, f);
    f->first = loop_timer_new(f->loop, note_first, f);
    loop_timer_arm(f->second, 30);
    loop_timer_arm(f->first, 0);
    assert_true(loop_timer_armed(f->first));
    assert_int_equal(loop_run(f->loop), 7);
    assert_int_equal(f->fired, 2);
    assert_int_equal(f->order[0], 1);
    assert_int_equal(f->order[1], 2);
    assert_false(loop_timer_armed(f->first));
}

static void test_arming_again_replaces_and_disarming_ends(void **state)
{
    struct fixture *f = *state;

    f->first = loop_timer_new(f->loop, note_first, f);
    f->second = loop_timer_new(f->loop, note_second, f);
    loop_timer_arm(f->first, 1);
    loop_timer_disarm(f->first);
    loop_timer_arm(f->second, 1000000);
    loop_timer_arm(f->second, 20);
    assert_true(loop_wait(f->loop));
    assert_int_equal(f->fired, 1);
    assert_int_equal(f->order[0], 2);
}

static void work_then_arm(void *context)
{
    struct fixture *f = context;
    const int64_t until_ms = now_ms() + 60;

    while (now_ms() < until_ms) {
    }
    f->armed_at_ms = now_ms();
    loop_timer_arm(f->second, 50);
}

/* libevent counts from the time at which the turn began unless told otherwise. */
static void test_a_timer_armed_late_in_a_turn_is_not_early(void **state)
{
    struct fixture *f = *state;

    f->first = loop_timer_new(f->loop, work_then_arm, f);
    f->second = loop_timer_new(f->loop, note_second, f);
    loop_timer_arm(f->first, 0);
    assert_true(loop_wait(f->loop));
    assert_true(f->fired_at_ms - f->armed_at_ms >= 49);
}

static void free_itself(void *context)
{
    struct fixture *f = context;

    loop_timer_free(f->first);
    f->first = NULL;
    loop_stop(f->loop, 0);
}

static void test_a_timer_may_free_itself(void **state)
{
    struct fixture *f = *state;

    f->first = loop_timer_new(f->loop, free_itself, f);
    loop_timer_arm(f->first, 0);
    assert_true(loop_wait(f->loop));
    assert_null(f->first);
}

static void test_stop_before_run_and_run_again(void **state)
{
    struct fixture *f = *state;

    loop_stop(f->loop, 3);
    assert_int_equal(loop_run(f->loop), 3);
    f->second = loop_timer_new(f->loop, note_second, f);
    loop_timer_arm(f->second, 0);
    assert_int_equal(loop_run(f->loop), 7);
}

static void readable(int fd, unsigned what, void *context)
{
    struct fixture *f = context;
    char byte;

    f->what = what;
    f->fired++;
    assert_int_equal(read(fd, &byte, 1), 1);
    if (f->fired == 2) {
        loop_watch_free(f->watch);
        f->watch = NULL;
        loop_stop(f->loop, 0);
    }
}

static void test_a_watch_tells_as_long_as_there_is_something(void **state)
{
    struct fixture *f = *state;

    f->watch = loop_watch_new(f->loop, f->pipe[0], LOOP_READ, readable, f);
    assert_non_null(f->watch);
    assert_int_equal(write(f->pipe[1], "ab", 2), 2);
    assert_true(loop_wait(f->loop));
    assert_int_equal(f->what, LOOP_READ);
}

static void writable(int fd, unsigned what, void *context)
{
    struct fixture *f = context;

    (void)fd;
    f->what = what;
    loop_stop(f->loop, 0);
}

static void test_a_watch_for_writing(void **state)
{
    struct fixture *f = *state;

    f->watch = loop_watch_new(f->loop, f->pipe[1], LOOP_WRITE, writable, f);
    assert_true(loop_wait(f->loop));
    assert_int_equal(f->what, LOOP_WRITE);
}

static void test_a_regular_file_cannot_be_watched(void **state)
{
    struct fixture *f = *state;
    const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_null(loop_watch_new(f->loop, fd, LOOP_READ, readable, f));
    (void)close(fd);
}

static void terminated(int signal_number, void *context)
{
    struct fixture *f = context;

    f->fired++;
    loop_stop(f->loop, signal_number);
}

static void test_termination(void **state)
{
    struct fixture *f = *state;
    struct error error = {0};

    assert_int_equal(loop_on_termination(f->loop, terminated, f, &error), 0);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(loop_run(f->loop), SIGTERM);
    assert_int_equal(raise(SIGINT), 0);
    assert_int_equal(loop_run(f->loop), SIGINT);
    assert_int_equal(f->fired, 2);
    assert_int_equal(loop_on_termination(f->loop, terminated, f, &error), -1);
    assert_int_equal(error.code, ERROR_CONFLICT);
}

static void test_a_closed_peer_is_an_error_of_the_write(void **state)
{
    struct fixture *f = *state;

    (void)close(f->pipe[0]);
    assert_int_equal(write(f->pipe[1], "a", 1), -1);
    assert_int_equal(errno, EPIPE);
    f->pipe[0] = -1;
}

int main(void)
{
#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LOOP_TEST(test_timers_fire_in_order_of_their_time),
        LOOP_TEST(test_arming_again_replaces_and_disarming_ends),
        LOOP_TEST(test_a_timer_armed_late_in_a_turn_is_not_early),
        LOOP_TEST(test_a_timer_may_free_itself),
        LOOP_TEST(test_stop_before_run_and_run_again),
        LOOP_TEST(test_a_watch_tells_as_long_as_there_is_something),
        LOOP_TEST(test_a_watch_for_writing),
        LOOP_TEST(test_a_regular_file_cannot_be_watched),
        LOOP_TEST(test_termination),
        LOOP_TEST(test_a_closed_peer_is_an_error_of_the_write),
    };

    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
