#include "worker/runtime/process_run_options.h"

#include <stddef.h>

#include "common/domain/scope_options.h"
#include "worker/runtime/process_file.h"

#define AT(member) offsetof(struct process_run_options, member)

static const struct option_text_rule DIRECTORY = {.wanted = "the path of a directory"};

/* What the worker would refuse in a task file, or a name would lose of itself. */
static const struct option_text_rule TEXT = {process_file_text_fits, "up to 255 bytes of UTF-8"};
static const struct option_text_rule PROCESS = {process_file_process_fits,
                                                "up to 255 bytes of UTF-8 without commas"};

static const struct option_spec OPTIONS[] = {
    {.name = "directory",
     .type = OPTION_TEXT,
     .offset = AT(directory),
     .default_text = "/run/stopfleet/tasks",
     .text_rule = &DIRECTORY,
     .env_alias = "STOPFLEET_PROCESS_DIRECTORY",
     .group = "Task",
     .help = "Directory of task files that the worker follows; made if it is not there."},
    {.name = "task",
     .type = OPTION_TEXT,
     .offset = AT(task),
     .text_rule = &TEXT,
     .group = "Task",
     .help = "Name of the task. Commands with the same name are one task. Default: the command's "
             "name and its process id."},
    {.name = "family",
     .type = OPTION_TEXT,
     .offset = AT(family),
     .text_rule = &TEXT,
     .group = "Task",
     .help = "Family of the task definition. Default: the task's name."},
    {.name = "group",
     .type = OPTION_TEXT,
     .offset = AT(group),
     .text_rule = &TEXT,
     .group = "Task",
     .help = "The task's group. Default: family:FAMILY."},
    {.name = "cluster",
     .type = OPTION_TEXT,
     .offset = AT(cluster),
     .text_rule = &SCOPE_CLUSTER,
     .group = "Task",
     .help = "Cluster that the task belongs to. Default: the worker's."},
    {.name = "started-by",
     .type = OPTION_TEXT,
     .offset = AT(started_by),
     .text_rule = &TEXT,
     .group = "Task",
     .help = "The task's startedBy."},
    {.name = "name",
     .type = OPTION_TEXT,
     .offset = AT(name),
     .text_rule = &PROCESS,
     .group = "Process",
     .help = "Name of the process in its task. Default: the command's name."},
    {.name = "depends-on",
     .type = OPTION_TEXT_LIST,
     .offset = AT(depends_on),
     .text_rule = &PROCESS,
     .group = "Process",
     .help = "Names of processes of the task that this one needs: it is stopped before them."},
    {.name = "essential",
     .type = OPTION_BOOLEAN,
     .offset = AT(essential),
     .default_text = "true",
     .group = "Process",
     .help = "Whether the process decides the task's start and end."},
    {.name = "sidecar",
     .type = OPTION_BOOLEAN,
     .offset = AT(sidecar),
     .group = "Process",
     .help = "Stopped after all others of its task."},
    {.name = "stop-signal",
     .type = OPTION_TEXT,
     .offset = AT(stop_signal),
     .group = "Process",
     .help = "First signal of a stop, such as INT or SIGRTMIN+3. Default: SIGTERM."},
    {.name = "stop-timeout",
     .type = OPTION_DURATION_MS,
     .offset = AT(stop_timeout_ms),
     .min = 1000,
     .max = 604800000,
     .group = "Process",
     .help = "Time between the stop signal and SIGKILL, in whole seconds. Default: the worker's."},
    {.name = "process-group",
     .type = OPTION_BOOLEAN,
     .offset = AT(process_group),
     .group = "Process",
     .help = "Runs the command in a process group of its own, so that SIGKILL takes its children "
             "with it; it can then not read from the terminal."},
    {.name = "cgroup",
     .type = OPTION_BOOLEAN,
     .offset = AT(cgroup),
     .default_text = "true",
     .group = "Process",
     .help = "Runs the command in a control group of its own, where that can be made (as root, or "
             "below a "
             "delegated one), so that a stop also ends what the command leaves behind."},
};

const struct option_program PROCESS_RUN_PROGRAM = {
    .name = "stopfleet-run",
    .version = STOPFLEET_VERSION,
    .synopsis = "[OPTION]... -- COMMAND [ARGUMENT]...",
    .summary = "Runs a command as a process of a Stopfleet task: writes its task file,\n"
               "passes SIGTERM, SIGINT, SIGHUP and SIGQUIT on to it, writes how it ended,\n"
               "and ends as it did.",
    .specs = OPTIONS,
    .spec_count = sizeof OPTIONS / sizeof OPTIONS[0],
};
