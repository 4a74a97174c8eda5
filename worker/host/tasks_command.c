#include "worker/host/tasks_command.h"

#include <errno.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/standard_output.h"
#include "worker/host/host_id.h"
#include "worker/host/tasks_report.h"

struct command {
    const struct worker_options *options;
    char host[HOST_ID_SIZE];
    struct loop *loop;
    FILE *out;
    struct error *err;
    struct runtime *runtime;
    bool asked;
};

static void on_event(void *context, const struct runtime_event *event)
{
    (void)context;
    (void)event;
}

static int report(struct command *command, const struct runtime_container *containers, size_t count)
{
    struct arena arena = {0};
    struct grouping grouping;
    struct grouping_options options = worker_options_grouping(command->options);
    options.now_unix_ms = clock_wall_ms(clock_system());
    options.created_settle_ms = 0; /* here nothing is written: what was just created is shown */
    struct tasks_report what = {.grouping = &grouping,
                                .host = command->host,
                                .default_grace_ms = command->options->stop_timeout_ms};
    int result = grouping_make(containers, count, &options, &arena, &grouping, command->err);
    if (command->runtime->ops->bad_files != NULL) {
        what.has_files = true;
        what.bad_file_count = command->runtime->ops->bad_files(command->runtime, &what.bad_files);
    }
    if (result == 0) {
        result = (command->options->json ? tasks_report_json : tasks_report_text)(
            &what, &arena, command->out, command->err);
    }
    arena_release(&arena);
    return result;
}

static void on_list(void *context, const struct error *error,
                    const struct runtime_container *containers, size_t count)
{
    struct command *command = context;
    bool failed = error != NULL;
    if (failed) {
        error_set(command->err, error->code, "what runs here could not be listed: %s",
                  error->message);
    } else {
        failed = report(command, containers, count) != 0;
    }
    loop_stop(command->loop, failed ? WORKER_EXIT_FAILURE : WORKER_EXIT_OK);
}

/* The worker makes a directory that is not there; here nothing is made, and an empty list would be no answer. */
static int check_directory(const struct worker_options *options, struct error *err)
{
    struct stat status;
    const char *directory = options->process_directory;
    if (options->runtime != WORKER_RUNTIME_PROCESS) {
        return 0;
    }
    if (stat(directory, &status) != 0) {
        return error_set_errno(err, errno,
                               "--process-directory: could not look at \"%s\" (the worker and "
                               "stopfleet-run make it when they start)",
                               directory);
    }
    return S_ISDIR(status.st_mode)
               ? 0
               : error_set(err, ERROR_INVALID, "--process-directory: \"%s\" is no directory",
                           directory);
}

/* Listed once the engine has said what it is; one that is away is not waited for. */
static void on_state(void *context, enum runtime_state state, const char *detail)
{
    struct command *command = context;
    if (command->asked) {
        return;
    }
    command->asked = true;
    if (state == RUNTIME_BACK) {
        command->runtime->ops->list(command->runtime, on_list, command);
    } else {
        bool docker = command->options->runtime != WORKER_RUNTIME_PROCESS;
        error_set(command->err, ERROR_UNAVAILABLE, "what runs here could not be listed: %s%s%s",
                  docker ? command->options->docker_endpoint : "", docker ? ": " : "", detail);
        loop_stop(command->loop, WORKER_EXIT_FAILURE);
    }
}

enum worker_exit tasks_command_run(const struct worker_options *options, FILE *out,
                                   struct error *err)
{
    static const struct runtime_callbacks callbacks = {.on_event = on_event, .on_state = on_state};
    struct command command = {.options = options, .out = out, .err = err};
    int status = WORKER_EXIT_REFUSED;
    if (check_directory(options, err) == 0 &&
        host_id_find(options->host_id, HOST_ID_MACHINE_PATH, command.host, err) == 0 &&
        (command.loop = loop_new(err)) != NULL) {
        command.runtime =
            worker_options_runtime(options, command.loop, true, &callbacks, &command, err);
    }
    if (command.runtime != NULL) {
        command.runtime->ops->start(command.runtime);
        status = loop_run(command.loop);
        command.runtime->ops->free(command.runtime);
    }
    loop_free(command.loop);
    if (fflush(out) != 0 && status == WORKER_EXIT_OK) {
        (void)standard_output_failed(err);
        status = WORKER_EXIT_FAILURE;
    }
    return status < 0 ? WORKER_EXIT_FAILURE : (enum worker_exit)status;
}
