#ifndef WORKER_RUNTIME_PROCESS_PROC_H
#define WORKER_RUNTIME_PROCESS_PROC_H

/** What the kernel says of a process: /proc/PID/stat, pidfds, the boot. */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/id.h"

struct process_stat {
    char state;         /**< 'R', 'S', 'Z' (zombie), 'X' (dead), … */
    int64_t start_time; /**< clock ticks from boot */
};

/** Reads the text of a /proc/PID/stat (its second field may hold anything). Pure. */
bool process_stat_parse(struct span text, struct process_stat *ret_stat);
/** @return 0, or -1: ERROR_NOT_FOUND (no such process), ERROR_IO */
int process_stat_read(int64_t pid, struct process_stat *ret_stat, struct error *err);

/** This boot, and when it was. */
struct process_boot {
    char id[ID_HEX_SIZE];    /**< the kernel's boot id without dashes */
    int64_t started_unix_ms; /**< wall clock at the boot, as it was when first asked in this boot */
};

/** Reads the boot, and (keep) keeps the time in DIRECTORY/.boot: a process' start is a part of its identity
 *  and must not move when the wall clock is set. @return 0 or -1 with ERROR_IO */
int process_boot_read(const char *directory, bool keep, struct process_boot *ret_boot,
                      struct error *err);
/** The start of a process of that boot in unix milliseconds. */
int64_t process_boot_start_ms(const struct process_boot *boot, int64_t start_time);

/** pidfd_open(2), close-on-exec. @return the descriptor, or -1 with errno */
int process_pidfd_open(int64_t pid);
/** pidfd_send_signal(2); whole_group: to the group that the process leads. @return 0, or -1 with errno */
int process_pidfd_signal(int pidfd, int64_t pid, int signal, bool whole_group);

/** Makes a directory and what leads to it, mode 0755; failures show when it is opened.
 *  @return true if it was not there and was made */
bool process_make_directory(const char *path);
/** Refuses a directory of task files that everybody can write: who can may have any process stopped.
 *  path is for messages. @return 0, or -1 with ERROR_INVALID (says what to do), ERROR_IO */
int process_check_directory(int directory_fd, const char *path, struct error *err);
/** Writes a whole file of the directory by renaming. @return 0, or -1 with ERROR_IO, ERROR_FULL */
int process_write_whole(int directory_fd, const char *name, struct span content, struct error *err);
/** Reads a whole regular file (no symbolic link) of the directory.
 *  @return 0, or -1: ERROR_NOT_FOUND, ERROR_INVALID (no regular file, too large), ERROR_IO,
 *  ERROR_NO_MEMORY */
int process_read_whole(int directory_fd, const char *name, struct buffer *content,
                       struct error *err);

#endif
