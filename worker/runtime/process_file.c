#include "worker/runtime/process_file.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/id.h"
#include "worker/runtime/process_cgroup.h"
#include "worker/runtime/signal_name.h"

enum {
    NAME_MAX_BYTES = 200,
    STOP_TIMEOUT_MAX_S = 86400 * 7,
    PID_MAX = 1 << 22 /* the kernel's own limit, proc(5) */
};

static const struct record_field ENTRY_FIELDS[] = {
    RECORD_FIELD_TEXT(struct process_entry, name, "name", RECORD_REQUIRED,
                      PROCESS_FILE_TEXT_MAX_BYTES, "Name of the process, once in a task."),
    RECORD_FIELD_INTEGER(struct process_entry, pid, "pid", RECORD_REQUIRED,
                         "Process id, as the worker's own pid namespace has it."),
    RECORD_FIELD_INTEGER(struct process_entry, start_time, "start_time", RECORD_REQUIRED,
                         "Field 22 of /proc/PID/stat: clock ticks from boot to the start. With it "
                         "the pid is never taken for another process'."),
    RECORD_FIELD_TEXT(struct process_entry, stop_signal, "stop_signal", 0,
                      PROCESS_FILE_TEXT_MAX_BYTES,
                      "First signal of a stop, such as SIGINT or SIGRTMIN+3. Default: SIGTERM."),
    RECORD_FIELD_OPTIONAL(
        struct process_entry, stop_timeout_s, "stop_timeout", 0,
        "Seconds between the stop signal and SIGKILL, up to 604800; 0 counts as 1. "
        "Default: the worker's."),
    RECORD_FIELD_BOOLEAN(struct process_entry, essential, "essential", 0,
                         "Whether the process decides the task's start and end. Default: true."),
    RECORD_FIELD_BOOLEAN(struct process_entry, sidecar, "sidecar", 0,
                         "Stopped after all others of its task. Default: false."),
    RECORD_FIELD_TEXT_LIST(struct process_entry, depends_on, "depends_on", 0, 0,
                           "Names of processes of the task that this one needs: it is stopped "
                           "before them."),
    RECORD_FIELD_TEXT(struct process_entry, status_file, "status_file", 0,
                      PROCESS_FILE_TEXT_MAX_BYTES,
                      "Name of a file in the same directory that its parent writes when the "
                      "process has ended. Without it the exit code is not known."),
    RECORD_FIELD_BOOLEAN(struct process_entry, process_group, "process_group", 0,
                         "The process leads a group of its own: SIGKILL goes to the whole group. "
                         "Default: false."),
    RECORD_FIELD_TEXT(struct process_entry, cgroup, "cgroup", 0, PROCESS_CGROUP_PATH_MAX,
                      "Directory of the process' own control group, below /sys/fs/cgroup: what a "
                      "stopped process leaves in it is killed. Default: none."),
};

static const struct record_spec ENTRY_SPEC =
    RECORD_SPEC(struct process_entry, ENTRY_FIELDS, "Process", "A process of a task.");

static const struct record_field FILE_FIELDS[] = {
    RECORD_FIELD_TEXT(struct process_file, task, "task", RECORD_REQUIRED,
                      PROCESS_FILE_TEXT_MAX_BYTES,
                      "Name of the task. Files with the same name are one task."),
    RECORD_FIELD_TEXT(struct process_file, cluster, "cluster", 0, PROCESS_FILE_TEXT_MAX_BYTES,
                      "Cluster that it belongs to; a worker of another one leaves it alone. "
                      "Default: the worker's."),
    RECORD_FIELD_TEXT(struct process_file, group, "group", 0, PROCESS_FILE_TEXT_MAX_BYTES,
                      "The task's group. Default: family:FAMILY."),
    RECORD_FIELD_TEXT(struct process_file, family, "family", 0, PROCESS_FILE_TEXT_MAX_BYTES,
                      "Family of the task definition. Default: the task's name."),
    RECORD_FIELD_TEXT(struct process_file, started_by, "started_by", 0, PROCESS_FILE_TEXT_MAX_BYTES,
                      "The task's startedBy. Default: absent."),
    RECORD_FIELD_TEXT(struct process_file, boot_id, "boot_id", 0, PROCESS_FILE_TEXT_MAX_BYTES,
                      "/proc/sys/kernel/random/boot_id without its dashes when the processes were "
                      "started. After a reboot they count as ended. Default: this boot."),
    RECORD_FIELD_BOOLEAN(struct process_file, remove_ended, "remove_ended", 0,
                         "The worker removes the file and the status files when all processes have "
                         "been ended for an hour. Default: false."),
    RECORD_FIELD_LIST(struct process_file, processes, "processes", &ENTRY_SPEC, RECORD_REQUIRED,
                      PROCESS_FILE_PROCESSES_MAX, "The processes, at least one."),
};

const struct record_spec PROCESS_FILE_SPEC =
    RECORD_SPEC(struct process_file, FILE_FIELDS, "Task file", "A file NAME.json.");

static const struct record_field STATUS_FIELDS[] = {
    RECORD_FIELD_INTEGER(struct process_status, pid, "pid", RECORD_REQUIRED,
                         "Which process it was: as in the task file."),
    RECORD_FIELD_INTEGER(struct process_status, start_time, "start_time", RECORD_REQUIRED,
                         "As in the task file; a file about another process does not count."),
    RECORD_FIELD_INTEGER(struct process_status, exit_code, "exit_code", RECORD_REQUIRED,
                         "Exit code, or 128 and the number of the signal that ended the process."),
    RECORD_FIELD_INTEGER(struct process_status, finished_at, "finished_at", RECORD_REQUIRED,
                         "When it ended, in milliseconds since 1970 (UTC)."),
};

const struct record_spec PROCESS_STATUS_SPEC = RECORD_SPEC(
    struct process_status, STATUS_FIELDS, "Status file", "What became of an ended process.");

bool process_file_name_is_valid(const char *name)
{
    size_t length = 0;
    for (; name[length] != '\0'; length++) {
        if (name[length] == '/' || (unsigned char)name[length] < ' ' || name[length] == 0x7f) {
            return false;
        }
    }
    return length > 0 && length <= NAME_MAX_BYTES && name[0] != '.';
}

bool process_file_text_fits(const char *text)
{
    struct span s = span_of(text);
    return s.length <= PROCESS_FILE_TEXT_MAX_BYTES && span_is_utf8(s);
}

bool process_file_process_fits(const char *text)
{
    return text[0] != '\0' && strchr(text, ',') == NULL && process_file_text_fits(text);
}

static int invalid(struct error *err, size_t i, const char *member, const char *wanted)
{
    return error_set(err, ERROR_INVALID, "processes[%zu].%s: must be %s", i, member, wanted);
}

static int check_entry(struct process_entry *entry, size_t i, struct error *err)
{
    if (!process_file_process_fits(entry->name)) {
        return invalid(err, i, "name", "a name without commas");
    }
    if (entry->pid < 1 || entry->pid > PID_MAX) {
        return invalid(err, i, "pid", "a process id");
    }
    if (entry->start_time < 1 || entry->start_time > INT64_MAX / 1000) {
        return invalid(err, i, "start_time", "field 22 of /proc/PID/stat");
    }
    if (entry->stop_timeout_s.known &&
        (entry->stop_timeout_s.value < 0 || entry->stop_timeout_s.value > STOP_TIMEOUT_MAX_S)) {
        return invalid(err, i, "stop_timeout", "0 to 604800 seconds");
    }
    if (entry->status_file != NULL && !process_file_name_is_valid(entry->status_file)) {
        return invalid(err, i, "status_file", "the name of a file in the same directory");
    }
    if (entry->cgroup != NULL && !process_cgroup_path_is_valid(entry->cgroup)) {
        return invalid(err, i, "cgroup", "the directory of a control group below /sys/fs/cgroup");
    }
    if (entry->stop_signal != NULL) {
        entry->stop_signal = signal_name_normalize(span_of(entry->stop_signal));
        if (entry->stop_signal == NULL) {
            return invalid(err, i, "stop_signal", "a signal such as SIGTERM or SIGRTMIN+3");
        }
    }
    return 0;
}

static int check_names(const struct process_file *file, struct error *err)
{
    for (size_t i = 0; i < file->processes.count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct process_entry *a = &file->processes.items[i];
            const struct process_entry *b = &file->processes.items[j];
            if (strcmp(a->name, b->name) == 0) {
                return invalid(err, i, "name", "another name: this one is given twice");
            }
            if (a->pid == b->pid && a->start_time == b->start_time) {
                return invalid(err, i, "pid", "another process: this one is given twice");
            }
        }
    }
    return 0;
}

static int check_file(struct process_file *file, struct error *err)
{
    if (file->task[0] == '\0') {
        return error_set(err, ERROR_INVALID, "task: must be a name");
    }
    if (file->processes.count == 0) {
        return error_set(err, ERROR_INVALID, "processes: must hold at least one process");
    }
    if (file->boot_id != NULL && !id_is_hex32(file->boot_id)) {
        return error_set(err, ERROR_INVALID, "boot_id: must be 32 hexadecimal digits");
    }
    for (size_t i = 0; i < file->processes.count; i++) {
        if (check_entry(&file->processes.items[i], i, err) != 0) {
            return -1;
        }
    }
    return check_names(file, err);
}

static json_t *parse(struct span text, struct error *err)
{
    json_error_t at;
    json_t *json =
        json_loadb(text.data == NULL ? "" : text.data, text.length, JSON_REJECT_DUPLICATES, &at);
    if (json == NULL) {
        error_set(err, ERROR_INVALID, "no JSON: %s (line %d, column %d)", at.text, at.line,
                  at.column);
    }
    return json;
}

/* A record's booleans are false when absent. */
static void default_essential(const json_t *json, struct process_file *file)
{
    size_t i;
    json_t *process;
    json_array_foreach(json_object_get(json, "processes"), i, process)
    {
        if (i < file->processes.count && !json_is_boolean(json_object_get(process, "essential"))) {
            file->processes.items[i].essential = true;
        }
    }
}

int process_file_read(struct span text, struct arena *arena, struct process_file *ret_file,
                      struct error *err)
{
    struct process_file file = {0};
    json_t *json = parse(text, err);
    int result = -1;
    if (json == NULL) {
        return -1;
    }
    if (record_from_json(&PROCESS_FILE_SPEC, json, arena, &file, err) == 0) {
        default_essential(json, &file);
        result = check_file(&file, err);
    }
    json_decref(json);
    if (result == 0) {
        *ret_file = file;
    }
    return result;
}

static int dump(json_t *json, struct buffer *text, struct error *err)
{
    char *dumped = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    if (dumped == NULL) {
        return error_no_memory(err, "writing JSON");
    }
    int result = buffer_append_text(text, dumped, err);
    free(dumped);
    return result == 0 ? buffer_append(text, "\n", 1, err) : result;
}

int process_file_write(const struct process_file *file, struct buffer *text, struct error *err)
{
    json_t *json = record_to_json(&PROCESS_FILE_SPEC, file, err);
    size_t i;
    json_t *process;
    json_array_foreach(json_object_get(json, "processes"), i, process)
    {
        if (!file->processes.items[i].essential) {
            (void)json_object_set_new(process, "essential", json_false());
        }
    }
    return dump(json, text, err);
}

int process_status_read(struct span text, struct process_status *ret_status, struct error *err)
{
    struct process_status status = {0};
    struct arena arena = {0};
    json_t *json = parse(text, err);
    int result =
        json == NULL ? -1 : record_from_json(&PROCESS_STATUS_SPEC, json, &arena, &status, err);
    json_decref(json);
    arena_release(&arena);
    if (result == 0 && (status.exit_code < 0 || status.exit_code > 255)) {
        return error_set(err, ERROR_INVALID, "exit_code: must be 0 to 255");
    }
    if (result == 0) {
        *ret_status = status;
    }
    return result;
}

int process_status_write(const struct process_status *status, struct buffer *text,
                         struct error *err)
{
    return dump(record_to_json(&PROCESS_STATUS_SPEC, status, err), text, err);
}

void process_file_write_markdown(FILE *out)
{
    struct record_document document = {0};
    (void)fprintf(out, "### Task file\n\n");
    record_write_markdown(&PROCESS_FILE_SPEC, 0, &document, out);
    record_write_markdown_rest(&document, out);
    (void)fprintf(out, "\n### Status file\n\n");
    record_write_markdown(&PROCESS_STATUS_SPEC, 0, &document, out);
}
