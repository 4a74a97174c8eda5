/** stopfleet-devbroker as a process: its topics, its address file, its end; and what a broker that hangs
 *  looks like. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/integration/kafka_fixture.h"
#include "tests/integration/loop_wait.h"

struct devbroker {
    pid_t pid;
    char directory[64], file[96], address[64];
};

static struct devbroker broker;
static struct kafka_fixture fixture;

static void run_devbroker(void)
{
    char program[1024];
    const char *bin = getenv("STOPFLEET_BIN");

    assert_non_null(bin);
    (void)snprintf(program, sizeof program, "%s/stopfleet-devbroker", bin);
    broker.pid = fork();
    assert_true(broker.pid >= 0);
    if (broker.pid == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL) {
            _exit(126);
        }
        (void)execl(program, program, "--topics-partitions", "6", "--address-file", broker.file,
                    (char *)NULL);
        _exit(127);
    }
}

/* The file is there whole or not at all. */
static void read_address(void)
{
    FILE *file = NULL;

    for (int i = 0; i < 2000 && file == NULL; i++) {
        file = fopen(broker.file, "re");
        if (file == NULL) {
            assert_int_equal(waitpid(broker.pid, NULL, WNOHANG), 0);
            (void)usleep(10000);
        }
    }
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%63s", broker.address), 1);
    (void)fclose(file);
}

static int set_up(void **state)
{
    broker = (struct devbroker){0};
    (void)snprintf(broker.directory, sizeof broker.directory, "/tmp/stopfleet-devbroker-XXXXXX");
    assert_non_null(mkdtemp(broker.directory));
    (void)snprintf(broker.file, sizeof broker.file, "%s/address", broker.directory);
    run_devbroker();
    read_address();
    fixture = (struct kafka_fixture){0};
    kafka_fixture_begin(&fixture, broker.address);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    kafka_fixture_end(*state);
    if (broker.pid > 0) {
        (void)kill(broker.pid, SIGKILL);
        (void)waitpid(broker.pid, NULL, 0);
    }
    (void)unlink(broker.file);
    (void)rmdir(broker.directory);
    return 0;
}

static void test_its_topics(void **state)
{
    static const struct kafka_topic_wish WISHES[] = {
        {.name = KAFKA_EVENTS_TOPIC, .partitions = 6, .replication = 1, .min_insync_replicas = 1},
        {.name = KAFKA_HOSTS_TOPIC, .partitions = 1, .replication = 1, .min_insync_replicas = 1},
        {.name = KAFKA_REFUSED_TOPIC, .partitions = 1, .replication = 1, .min_insync_replicas = 1},
    };
    struct kafka_fixture *f = *state;
    struct buffer problems;

    buffer_init(&problems, 4096);
    for (size_t i = 0; i < sizeof WISHES / sizeof WISHES[0]; i++) {
        struct error error = {0};
        int32_t partitions = 0;
        bool created = true;

        assert_int_equal(kafka_topic_create(&f->config, &WISHES[i], 5000, &created, &error), 0);
        assert_false(created);
        assert_int_equal(
            kafka_topic_check(&f->config, &WISHES[i], 5000, &partitions, &problems, &error), -1);
        assert_int_equal(error.code, ERROR_UNSUPPORTED);
        assert_int_equal(partitions, WISHES[i].partitions);
        assert_int_equal(problems.length, 0);
    }
    buffer_release(&problems);
}

static void test_it_ends_by_sigterm_and_takes_its_file_along(void **state)
{
    int status = -1;

    (void)state;
    assert_int_equal(kill(broker.pid, SIGTERM), 0);
    assert_int_equal(waitpid(broker.pid, &status, 0), broker.pid);
    broker.pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_not_equal(access(broker.file, F_OK), 0);
}

/* Connections to a frozen process are accepted and data is taken: only time tells. */
static void test_a_frozen_broker_is_a_timeout_and_heals(void **state)
{
    struct kafka_fixture *f = *state;
    int64_t began_ms;

    kafka_fixture_writer(f, KAFKA_WRITER_API, 1000);
    kafka_fixture_send(f, KAFKA_EVENTS_TOPIC, 5, "a");
    kafka_fixture_wait_reports(f, 1);
    assert_int_equal(f->delivered, 1);
    assert_int_equal(kill(broker.pid, SIGSTOP), 0);
    began_ms = clock_boot_ms(clock_system());
    kafka_fixture_send(f, KAFKA_EVENTS_TOPIC, 5, "b");
    kafka_fixture_wait_reports(f, 2);
    assert_int_equal(f->failed, 1);
    assert_int_equal(f->last_error.code, ERROR_TIMEOUT);
    assert_true(clock_boot_ms(clock_system()) - began_ms < 4000);
    kafka_fixture_wait_away(f, 1);
    assert_int_equal(kill(broker.pid, SIGCONT), 0);
    kafka_fixture_wait_back(f, 1);
    kafka_fixture_send(f, KAFKA_EVENTS_TOPIC, 5, "c");
    kafka_fixture_wait_reports(f, 3);
    assert_int_equal(f->delivered, 2);
    assert_int_equal(f->away, 1);
}

static void test_freeing_while_the_broker_hangs(void **state)
{
    struct kafka_fixture *f = *state;
    struct error error = {0};
    int64_t began_ms;

    kafka_fixture_writer(f, KAFKA_WRITER_WORKER, 0);
    kafka_fixture_reader(f, KAFKA_EVENTS_TOPIC, "g");
    assert_int_equal(kafka_reader_assign(f->reader, 0, 0, 1000, &error), 0);
    kafka_fixture_wait_ends(f, 1);
    assert_int_equal(kill(broker.pid, SIGSTOP), 0);
    kafka_fixture_send(f, KAFKA_EVENTS_TOPIC, 0, "a");
    began_ms = clock_boot_ms(clock_system());
    kafka_writer_free(f->writer, 100);
    kafka_reader_free(f->reader);
    f->writer = NULL;
    f->reader = NULL;
    assert_true(clock_boot_ms(clock_system()) - began_ms < 5000);
}

int main(void)
{
#define BROKER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        BROKER_TEST(test_its_topics),
        BROKER_TEST(test_it_ends_by_sigterm_and_takes_its_file_along),
        BROKER_TEST(test_a_frozen_broker_is_a_timeout_and_heals),
        BROKER_TEST(test_freeing_while_the_broker_hangs),
    };

    return cmocka_run_group_tests_name("devbroker", tests, NULL, NULL);
}
