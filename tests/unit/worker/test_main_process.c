#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/runtime/main_process.h"

/* What /proc says of a container's main process, and what is said of it. */

#define ID "4f2c7c7b1f0d4f2c7c7b1f0d4f2c7c7b1f0d4f2c7c7b1f0d4f2c7c7b1f0d0123"

static const char STATUS[] =
    "Name:\tprobe\nState:\tS (sleeping)\nTgid:\t4242\nNSpid:\t4242\t1\n"
    "SigQ:\t0/95841\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n"
    "SigBlk:\t0000000000000200\nSigIgn:\t0000000000001000\n"
    "SigCgt:\t0000000000000002\nCapInh:\t0000000000000000\n";

static struct main_process parse(const char *text)
{
    struct main_process process = {0};
    assert_true(main_process_parse(span_of(text), &process));
    return process;
}

static const char *signal_note(const struct main_process *process, const char *signal)
{
    static char note[MAIN_PROCESS_NOTE_SIZE];
    main_process_signal_note(process, signal, note);
    return note;
}

static void a_signal_is_lost_at_pid_1_without_handler(void **state)
{
    struct main_process process = parse(STATUS);
    (void)state;
    assert_int_equal(process.state, 'S');
    assert_string_equal(signal_note(&process, "SIGTERM"), "PID 1 has no handler for SIGTERM");
    assert_string_equal(signal_note(&process, "SIGINT"), "");  /* caught */
    assert_string_equal(signal_note(&process, "SIGUSR1"), ""); /* blocked */
    assert_string_equal(signal_note(&process, "SIGPIPE"), "the process ignores SIGPIPE");
    assert_string_equal(signal_note(NULL, "SIGTERM"),
                        "whether it handles SIGTERM is unknown: its process is not to be seen from "
                        "here");
}

static void elsewhere_the_kernel_ends_what_has_no_handler(void **state)
{
    static const char *const pids[] = {"4242", "4242\t17", "4242\t11", "1"};
    char text[sizeof STATUS + 32];
    (void)state;
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        const char *at = strstr(STATUS, "4242\t1\n");
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - STATUS), STATUS, pids[i],
                       at + strlen("4242\t1"));
        struct main_process process = parse(text);
        assert_false(process.first);
        assert_string_equal(signal_note(&process, "SIGTERM"), "");
        assert_string_equal(signal_note(&process, "SIGPIPE"), "the process ignores SIGPIPE");
    }
}

/* Its mask shows nothing of the signals that it waits for. */
static void one_that_waits_for_signals_is_not_judged(void **state)
{
    struct main_process process = parse(STATUS);
    (void)state;
    assert_true(main_process_may_wait(span_of("do_sigtimedwait.isra.0"), 'S'));
    assert_true(main_process_may_wait(span_of("0"), 'S'));
    assert_true(main_process_may_wait(span_of(""), 'S'));
    assert_false(main_process_may_wait(span_of("0"), 'R'));
    assert_false(main_process_may_wait(span_of("hrtimer_nanosleep"), 'S'));
    process.may_wait = true;
    assert_string_equal(signal_note(&process, "SIGTERM"), "");
    assert_string_equal(signal_note(&process, "SIGPIPE"), "");
}

/* Its main thread has ended, others run on: runc takes it for stopped, and signals it no more. */
static void a_zombie_gets_no_signal(void **state)
{
    struct main_process process = {
        .state = 'Z', .first = true, .may_wait = true, .caught = UINT64_MAX};
    (void)state;
    assert_string_equal(signal_note(&process, "SIGTERM"),
                        "the main process is a zombie and gets no SIGTERM");
    assert_int_equal(main_process_find_note(signal_note(&process, "SIGTERM")).length,
                     strlen(signal_note(&process, "SIGTERM")));
}

static void what_is_no_status_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "\n",
                                      "State:\tS\n",
                                      "State:\tS\nSigBlk:\t0\nSigIgn:\t0\nSigCgt:\t0\n",
                                      "State:\tS\nSigBlk:\t000000000000020g\nSigIgn:"
                                      "\t0000000000000000\nSigCgt:\t0000000000000000\n",
                                      "State:\t\nSigBlk:\t0000000000000200\nSigIgn:"
                                      "\t0000000000000000\nSigCgt:\t0000000000000000\n"};
    struct main_process process;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(main_process_parse(span_of(bad[i]), &process));
    }
    for (size_t length = 0; length < sizeof STATUS; length++) {
        char cut[sizeof STATUS];
        memcpy(cut, STATUS, length);
        (void)main_process_parse((struct span){.data = cut, .length = length}, &process);
    }
}

static void another_containers_process_is_not_looked_at(void **state)
{
    struct main_process process;
    (void)state;
    assert_true(main_process_is_of(span_of("4:memory:/docker/" ID "\n0::/\n"), ID));
    assert_true(main_process_is_of(span_of("0::/system.slice/docker-" ID ".scope\n"), ID));
    assert_false(main_process_is_of(span_of("0::/docker/0f\n"), ID));
    assert_false(main_process_is_of(span_of(""), ID));
    assert_true(main_process_read(getpid(), NULL, &process));
    assert_int_equal(process.state, 'R');
    assert_false(main_process_read(getpid(), ID, &process));
    assert_false(main_process_read(0, NULL, &process));
    assert_false(main_process_read(INT64_MAX, NULL, &process));
}

static void states_that_survive_sigkill_are_named(void **state)
{
    char note[MAIN_PROCESS_NOTE_SIZE];
    (void)state;
    main_process_state_note(&(struct main_process){.state = 'D'}, note);
    assert_string_equal(note, "its process is in state D (uninterruptible sleep)");
    main_process_state_note(&(struct main_process){.state = 'S'}, note);
    assert_string_equal(note, "");
}

static void a_note_is_found_in_an_answer(void **state)
{
    (void)state;
    assert_true(span_equal_text(
        main_process_find_note("204; PID 1 has no handler for SIGTERM; its process is in state D"),
        "PID 1 has no handler for SIGTERM"));
    assert_true(span_equal_text(main_process_find_note("204; the process ignores SIGINT"),
                                "the process ignores SIGINT"));
    assert_int_equal(main_process_find_note("204").length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_is_lost_at_pid_1_without_handler),
        cmocka_unit_test(elsewhere_the_kernel_ends_what_has_no_handler),
        cmocka_unit_test(one_that_waits_for_signals_is_not_judged),
        cmocka_unit_test(a_zombie_gets_no_signal),
        cmocka_unit_test(what_is_no_status_is_refused),
        cmocka_unit_test(another_containers_process_is_not_looked_at),
        cmocka_unit_test(states_that_survive_sigkill_are_named),
        cmocka_unit_test(a_note_is_found_in_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
