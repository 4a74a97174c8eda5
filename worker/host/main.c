/** stopfleet-worker: stops the tasks of its host. */

#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "worker/host/worker.h"

static enum worker_exit run(const struct worker_options *options, struct error *err)
{
    struct arena arena = {0};
    struct host_record record = {0};
    enum worker_exit status = WORKER_EXIT_REFUSED;
    log_init("stopfleet-worker", (enum log_format)options->log_format,
             (enum log_level)options->log_level);
    if (worker_options_finish(options, &arena, &record, err) == 0) {
        status = worker_run(options, &record, err);
    }
    arena_release(&arena);
    return status;
}

int main(int argc, char **argv)
{
    struct worker_options options = {0};
    enum option_outcome outcome = OPTION_RUN;
    struct error err = {0};
    enum worker_exit status = WORKER_EXIT_OK;
    if (option_parse(&WORKER_OPTIONS_PROGRAM, &options, argc, argv, environ, NULL, stdout, &outcome,
                     &err) != 0) {
        status = WORKER_EXIT_REFUSED;
    } else if (outcome == OPTION_RUN) {
        status = run(&options, &err);
    }
    if (err.code != ERROR_NONE) {
        fprintf(stderr, "stopfleet-worker: %s\n", err.message);
    }
    option_release(&WORKER_OPTIONS_PROGRAM, &options);
    return (int)status;
}
