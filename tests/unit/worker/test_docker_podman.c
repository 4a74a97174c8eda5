/** What Podman is asked for instead of what Docker is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_state_and_signal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
