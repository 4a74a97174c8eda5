/** What Podman is asked for instead of what Docker is, and how its words are read. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/worker/docker_sample.h"
#include "worker/runtime/docker_container.h"
#include "worker/runtime/docker_podman.h"

struct row {
    const char *policy, *own, *signal, *state; /**< state: of inspect */
    enum docker_first first;
    const char *stop;
};

#define WAIT "/stop?t=31536000"
#define NOW  "/stop?t=0"

static void every_state_and_signal(void **state)
{
    static const struct row rows[] = {
        {NULL, "SIGTERM", "SIGTERM", "running", DOCKER_FIRST_NOTHING, NULL},
        {NULL, "SIGTERM", "SIGKILL", "running", DOCKER_FIRST_NOTHING, NULL},
        {NULL, "SIGTERM", "SIGTERM", "paused", DOCKER_FIRST_UNPAUSE, NULL},
        {NULL, "SIGTERM", "SIGKILL", "paused", DOCKER_FIRST_NOTHING, NULL},
        {"always", "SIGTERM", "SIGTERM", "running", DOCKER_FIRST_NOTHING, WAIT},
        {"always", NULL, "SIGTERM", "running", DOCKER_FIRST_NOTHING, WAIT},
        {"always", "SIGTERM", "SIGKILL", "running", DOCKER_FIRST_NOTHING, NOW},
        {"always", "SIGINT", "SIGINT", "running", DOCKER_FIRST_NOTHING, WAIT},
        /* its stop would send another signal than the one that is wanted */
        {"always", "SIGINT", "SIGTERM", "running", DOCKER_FIRST_NOTHING, NULL},
        {"always", "SIGTERM", "SIGKILL", "paused", DOCKER_FIRST_UNPAUSE, NOW},
        /* a stop is under way: it holds for what follows */
        {"always", "SIGTERM", "SIGKILL", "stopping", DOCKER_FIRST_NOTHING, NULL},
        {"on-failure", "SIGTERM", "SIGTERM", "stopping", DOCKER_FIRST_NOTHING, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        bool paused = strcmp(row->state, "paused") == 0;
        struct runtime_container container = {
            .described = {.restart_policy = row->policy},
            .status = paused ? RUNTIME_PAUSED : RUNTIME_RUNNING,
            .configured_stop_signal = row->own,
        };
        json_t *inspect = json_pack("{s:{s:s}}", "State", "Status", row->state);
        const char *stop = docker_podman_stop(&container, inspect, row->signal);
        if (docker_podman_first(&container, row->signal) != row->first) {
            fail_msg("row %zu: another thing first", i);
        }
        if ((stop == NULL) != (row->stop == NULL) ||
            (stop != NULL && strcmp(stop, row->stop) != 0)) {
            fail_msg("row %zu: %s", i, stop == NULL ? "/kill" : stop);
        }
        json_decref(inspect);
    }
}

static const json_t *no_facts(void *context, const char *image_id)
{
    (void)context;
    (void)image_id;
    return NULL;
}

static const char *no_driver(void *context, const char *network_id)
{
    (void)context;
    (void)network_id;
    return NULL;
}

static bool lives(int64_t pid, const char *container_id)
{
    assert_string_not_equal(container_id, "");
    return pid == 4711;
}

/* Podman writes -1 where it does not know: after a kill that had no effect, or once conmon is dead. */
static void an_end_that_nobody_saw_is_none_while_the_process_is_there(void **state)
{
    static const struct docker_facts facts = {.repo_digests = no_facts,
                                              .image_labels = no_facts,
                                              .network_driver = no_driver,
                                              .podman = true,
                                              .process_lives = lives};
    static const struct {
        int pid, code;
        enum runtime_status status;
    } rows[] = {{4711, -1, RUNTIME_RUNNING},
                {4712, -1, RUNTIME_EXITED},
                {4711, 0, RUNTIME_EXITED},
                {4711, 137, RUNTIME_EXITED}};
    struct arena arena = {0};
    struct error err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct runtime_container container = {0};
        json_t *json = docker_sample_json("podman_exited.json");
        json_t *of = json_object_get(json, "State");
        assert_int_equal(json_object_set_new(of, "Status", json_string("stopped")), 0);
        assert_int_equal(json_object_set_new(of, "Pid", json_integer(rows[i].pid)), 0);
        assert_int_equal(json_object_set_new(of, "ExitCode", json_integer(rows[i].code)), 0);
        assert_int_equal(docker_container_read(json, &facts, &arena, &container, &err), 0);
        assert_int_equal(container.status, rows[i].status);
        assert_true(container.exit_code.known == (rows[i].code >= 0));
        json_decref(json);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_and_signal),
        cmocka_unit_test(an_end_that_nobody_saw_is_none_while_the_process_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
