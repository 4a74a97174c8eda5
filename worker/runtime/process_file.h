#ifndef WORKER_RUNTIME_PROCESS_FILE_H
#define WORKER_RUNTIME_PROCESS_FILE_H

/** Task files: which processes are a task (docs/process-tasks.md). Pure: bytes in, records out, and
 *  back. */

#include <stdio.h>

#include <jansson.h>

#include "common/domain/record.h"

enum {
    PROCESS_FILE_MAX_BYTES = 1 << 20,
    PROCESS_FILE_PROCESSES_MAX = 256,
    PROCESS_FILE_TEXT_MAX_BYTES = 255 /**< of a name and of every other text */
};

/** A process of a task file. */
struct process_entry {
    const char *name;
    int64_t pid, start_time;
    const char *stop_signal; /**< normalized by process_file_read; NULL = not said */
    struct optional_integer stop_timeout_s;
    bool essential; /**< true when the file does not say */
    bool sidecar;
    struct text_list depends_on;
    const char *status_file;
    bool process_group;
    const char *cgroup; /**< directory of the control group that is the process' own; NULL = none */
};

/** A task file. */
struct process_file {
    const char *task, *cluster, *group, *family, *started_by;
    const char *boot_id; /**< 32 hex; NULL = this boot */
    bool remove_ended;
    RECORD_LIST_OF(struct process_entry) processes;
};

/** What stopfleet-run writes when the command has ended. */
struct process_status {
    int64_t pid, start_time; /**< of which process */
    int64_t exit_code;
    int64_t finished_at;
};

extern const struct record_spec PROCESS_FILE_SPEC;
extern const struct record_spec PROCESS_STATUS_SPEC;

/** Reads a task file; texts in the arena. @return 0, or -1: ERROR_INVALID (naming the JSON path and
 *  what is wanted), ERROR_NO_MEMORY */
int process_file_read(struct span text, struct arena *arena, struct process_file *ret_file,
                      struct error *err);
/** The file as JSON text with a line end. @return 0, or -1: ERROR_FULL, ERROR_NO_MEMORY */
int process_file_write(const struct process_file *file, struct buffer *text, struct error *err);
/** As process_file_read and _write for a status file. */
int process_status_read(struct span text, struct process_status *ret_status, struct error *err);
int process_status_write(const struct process_status *status, struct buffer *text,
                         struct error *err);

/** True for what can be a file name of the directory: 1 to 200 bytes, no '/', no control characters,
 *  not beginning with '.'. */
bool process_file_name_is_valid(const char *name);
/** True for a text that a task file can hold: UTF-8 of up to PROCESS_FILE_TEXT_MAX_BYTES. */
bool process_file_text_fits(const char *text);
/** True for such a text that can be the name of a process: not empty, no commas. */
bool process_file_process_fits(const char *text);
/** The tables of docs/process-tasks.md. */
void process_file_write_markdown(FILE *out);

#endif
