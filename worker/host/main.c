/** stopfleet-worker: stops the tasks of its host. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/memory.h"
#include "worker/host/tasks_command.h"

/* Why a worker ends stands among its other lines, in their format. */
static enum worker_exit work(struct worker_options *options)
{
    struct arena arena = {0};
    struct host_record record = {0};
    struct error err = {0};
    enum worker_exit status = WORKER_EXIT_REFUSED;
    if (worker_options_check(options, &err) == 0 &&
        worker_options_finish(options, &arena, &record, &err) == 0) {
        status = worker_run(options, &record, &err);
    }
    arena_release(&arena);
    if (err.code != ERROR_NONE) {
        log_error(status == WORKER_EXIT_REFUSED ? "worker.refused" : "worker.failed", err.message);
    }
    return status;
}

static enum worker_exit run(struct worker_options *options, const struct option_list *words,
                            struct error *err)
{
    log_init("stopfleet-worker", (enum log_format)options->log_format,
             (enum log_level)options->log_level);
    if (words->count == 0) {
        return work(options);
    }
    if (words->count == 1 && strcmp(words->items[0], "tasks") == 0) {
        return worker_options_check(options, err) != 0 ? WORKER_EXIT_REFUSED
                                                       : tasks_command_run(options, stdout, err);
    }
    (void)error_set(err, ERROR_INVALID,
                    "\"%s\" is no command: the only one is `tasks`; without one, the worker works",
                    words->items[words->count - 1]);
    return WORKER_EXIT_REFUSED;
}

int main(int argc, char **argv)
{
    struct worker_options options = {0};
    struct option_list words = {0};
    enum option_outcome outcome = OPTION_RUN;
    struct error err = {0};
    enum worker_exit status = WORKER_EXIT_OK;
    memory_share_heap();
    if (option_parse(&WORKER_OPTIONS_PROGRAM, &options, argc, argv, environ, &words, stdout,
                     &outcome, &err) != 0) {
        status = WORKER_EXIT_REFUSED;
    } else if (outcome == OPTION_RUN) {
        status = run(&options, &words, &err);
    }
    if (err.code != ERROR_NONE) {
        fprintf(stderr, "stopfleet-worker: %s\n", err.message);
    }
    option_positional_release(&words);
    option_release(&WORKER_OPTIONS_PROGRAM, &options);
    return (int)status;
}
