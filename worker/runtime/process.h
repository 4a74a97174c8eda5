#ifndef WORKER_RUNTIME_PROCESS_H
#define WORKER_RUNTIME_PROCESS_H

/** Private to the process runtime: its state and what its files do for each other.
 *  process.c           the table of functions
 *  process_answer.c    what list, inspect and the others answer, in the loop's next turn
 *  process_table.c     the processes: found, followed by pidfd
 *  process_end.c       their ends: how, and what is left behind
 *  process_task.c      the task files: read, changed, gone
 *  process_bad_file.c  the task files that are of no use
 *  process_cgroup.c    the control groups of processes
 *  process_directory.c their directory: inotify, away and back */

#include "common/base/clock.h"
#include "common/base/id_table.h"
#include "common/base/log.h"
#include "worker/runtime/process_cgroup.h"
#include "worker/runtime/process_file.h"
#include "worker/runtime/process_proc.h"
#include "worker/runtime/runtime.h"

enum process_state {
    PROCESS_ALIVE = 1,
    PROCESS_ENDING, /**< ended; its parent is about to write how, or it left something behind */
    PROCESS_ENDED
};

/** A process of a task file that another one has, or none may have. */
struct process_left_out {
    const struct process_entry *entry;
    const char *why; /**< names the other file, or what the process is */
    bool nobodys;    /**< no file can have it */
};

/** A task file that was read. Lives until its last process is let go. */
struct process_task {
    char *file_name;
    struct arena arena;       /**< of file */
    struct process_file file; /**< entries are what processes point to */
    RECORD_LIST_OF(struct process_left_out) left_out;
    size_t users; /**< processes */
    bool listed;  /**< in the table of files; else its file is gone */
};

/** A process of a task file. */
struct process {
    struct process_runtime *runtime;
    struct process_task *task;
    const struct process_entry *entry; /**< of task */
    char *id;                          /**< BOOT-PID-STARTTIME */
    enum process_state state;
    int64_t started_at;
    int64_t finished_at;   /**< 0 = not known, or not ended */
    int64_t ended_boot_ms; /**< ENDED: when that was noticed */
    struct optional_integer exit_code;
    int pidfd; /**< -1: not alive, or no descriptor was free */
    struct loop_watch *watch;
    char *missing;             /**< why it was not there at first sight; NULL = it was */
    bool stopped;              /**< it was asked to end: what it leaves behind is ended too */
    bool lingers;              /**< ENDING: what it left behind does not die */
    struct loop_timer *ending; /**< looks for the status file, and for what is left */
    int64_t ending_until_boot_ms;
    struct id_entry awaited;        /**< ENDING: in the runtime's table of that name */
    struct process_answer *waiting; /**< inspects that want to know how it ended */
};

/** An answer that is told in the loop's next turn. */
struct process_answer {
    struct process_answer *next;
    enum {
        PROCESS_ANSWER_INSPECT = 1,
        PROCESS_ANSWER_LIST,
        PROCESS_ANSWER_SIGNAL,
        PROCESS_ANSWER_HISTORY
    } kind;
    char *id;
    enum runtime_answer answer;
    char detail[200];
    union {
        runtime_inspect_fn *inspect;
        runtime_list_fn *list;
        runtime_signal_fn *signal;
        runtime_history_fn *history;
    } fn;
    void *context;
};

struct process_runtime {
    struct runtime base;
    struct loop *loop;
    char *directory;
    bool read_only;   /**< makes and removes nothing there */
    int directory_fd; /**< -1 = away */
    int inotify_fd;
    int parent_watch; /**< of the directory above: tells that ours was removed */
    struct loop_watch *inotify;
    struct loop_timer *retry, *sweep;
    int64_t back_off_ms;
    bool away_said;
    struct process_boot boot;
    struct process **processes; /**< sorted by id */
    size_t process_count;
    struct id_table awaited;     /**< processes that are ENDING, by the name of their status file */
    struct process_task **tasks; /**< sorted by file name */
    size_t task_count;
    struct runtime_bad_file *bad_files; /**< sorted by name */
    size_t bad_file_count;
    struct process_answer *answers, **answers_end;
    struct loop_timer *answer_timer;
    struct log_limit descriptors_out;
    struct runtime_info info;
    char architecture[66];
};

/* ---- process_table.c ---- */

struct process *process_table_find(const struct process_runtime *runtime, const char *id);
/** Begins to follow a process; tells STARTED or EXITED if tell. @return 0, or -1: ERROR_CONFLICT
 *  (another file has it), ERROR_INVALID (init, or this program itself), ERROR_NO_MEMORY */
int process_table_add(struct process_runtime *runtime, struct process_task *task,
                      const struct process_entry *entry, bool tell, struct error *err);
/** Lets a process go, and with its last one the task; tells REMOVED if tell. */
void process_table_remove(struct process *process, bool tell);
/** Looks anew at a process that could not be followed for lack of descriptors. */
void process_table_refresh(struct process *process);
/** The id of an entry; memory_free it. NULL when memory is out. */
char *process_table_id(const struct process_runtime *runtime, const struct process_file *file,
                       const struct process_entry *entry);
/** Another task file names the process now: entry is of it. */
void process_table_move(struct process *process, struct process_task *task,
                        const struct process_entry *entry);
void process_table_tell(struct process *process, enum runtime_event_kind kind);
/** Ends the watch for its end. */
void process_table_let_pidfd_go(struct process *process);

/* ---- process_end.c ---- */

/** It is about to be signalled: from now on what it leaves behind is ended with it. */
void process_end_stop(struct process *process);
/** It has ended for certain; how may not be known yet, and something may be left. seen: it ended just now. */
void process_end_begin(struct process *process, bool seen);
/** ENDING: its status file is awaited by name, or no more. */
void process_end_await(struct process *process);
void process_end_await_no_more(struct process *process);
/** Looks at once whether a status file has come. name NULL = all. */
void process_end_status_written(struct process_runtime *runtime, const char *name);

/* ---- process_task.c ---- */

/** Reads a task file anew: its processes are followed, those that it does not name any more are let
 *  go; one that cannot be understood is named in the log and changes nothing. tell: as events. */
void process_task_load(struct process_runtime *runtime, const char *name, bool tell);
/** The file has vanished. */
void process_task_unload(struct process_runtime *runtime, const char *name, bool tell);
void process_task_free(struct process_task *task);

/* ---- process_bad_file.c ---- */

/** Remembers a file that is of no use; without memory the log alone has it. */
void process_bad_file_note(struct process_runtime *runtime, const char *name, const char *why);
/** The file is read anew or has vanished. */
void process_bad_file_forget(struct process_runtime *runtime, const char *name);
void process_bad_file_forget_all(struct process_runtime *runtime);

/* ---- process_directory.c ---- */

/** Makes the timers. @return 0 or -1 with ERROR_NO_MEMORY */
int process_directory_init(struct process_runtime *runtime, struct error *err);
/** Begins to follow the directory, and goes on trying. */
void process_directory_start(struct process_runtime *runtime);
/** Lets directory, tasks and processes go. */
void process_directory_release(struct process_runtime *runtime);

/* ---- process_answer.c ---- */

/** An answer to be filled in and appended; NULL when memory is out. */
struct process_answer *process_answer_new(const char *id, void *context);
/** It is told in the loop's next turn. */
void process_answer_append(struct process_runtime *runtime, struct process_answer *answer);
/** What was waiting for the process' end is told. */
void process_answer_waiting(struct process *process);
/** Tells all that was appended before; the context is the runtime. */
void process_answer_all(void *context);
void process_answer_drop(struct process_runtime *runtime);

#endif
