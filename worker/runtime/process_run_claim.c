#include "worker/runtime/process_run_claim.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/crc32c.h"

enum {
    PART_MAX_BYTES = 84, /* of a file name: task and process */
    PART_KEPT_BYTES = 72 /* of a part that is too long */
};

/* ---- names ---- */

static bool is_plain(unsigned char c, bool first, bool dots)
{
    return c > ' ' && c != 0x7f && c != '/' && c != '%' && (c != '.' || (dots && !first));
}

static void encode(const char *text, bool dots, char ret_part[PART_MAX_BYTES + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    size_t length = 0;
    bool whole = true;
    for (size_t i = 0; text[i] != '\0' && whole; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = is_plain(c, i == 0, dots);
        whole = length + (plain ? 1 : 3) <= PART_MAX_BYTES;
        if (whole && plain) {
            ret_part[length++] = (char)c;
        } else if (whole) {
            ret_part[length++] = '%';
            ret_part[length++] = digits[c >> 4];
            ret_part[length++] = digits[c & 0xf];
        }
    }
    ret_part[length] = '\0';
    if (!whole) {
        (void)snprintf(ret_part + PART_KEPT_BYTES, PART_MAX_BYTES + 1 - PART_KEPT_BYTES, "%%~%08X",
                       crc32c(0, text, strlen(text)));
    }
}

void process_run_names_make(const char *task, const char *name, struct process_run_names *ret)
{
    char task_part[PART_MAX_BYTES + 1], name_part[PART_MAX_BYTES + 1];
    encode(task, false, task_part);
    encode(name, true, name_part);
    (void)snprintf(ret->stem, sizeof ret->stem, "%s.%s", task_part, name_part);
    (void)snprintf(ret->task_file, sizeof ret->task_file, "%s.%s.json", task_part, name_part);
    (void)snprintf(ret->status_file, sizeof ret->status_file, "%s.%s.status", task_part, name_part);
}

/* ---- who has it ---- */

static const struct process_entry *running(const struct process_file *file,
                                           const struct process_boot *boot)
{
    struct process_stat stat;
    if (file->boot_id != NULL && strcmp(file->boot_id, boot->id) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < file->processes.count; i++) {
        const struct process_entry *entry = &file->processes.items[i];
        struct error ignored = {0};
        if (process_stat_read(entry->pid, &stat, &ignored) == 0 &&
            stat.start_time == entry->start_time && stat.state != 'Z' && stat.state != 'X') {
            return entry;
        }
    }
    return NULL;
}

/* @return 0, or -1 with ERROR_NOT_FOUND and those of process_read_whole, process_file_read */
static int read_file(int directory_fd, const char *name, struct arena *arena,
                     struct process_file *ret_file, struct error *err)
{
    struct buffer text;
    buffer_init(&text, PROCESS_FILE_MAX_BYTES);
    int result = process_read_whole(directory_fd, name, &text, err);
    if (result == 0) {
        result = process_file_read(buffer_span(&text), arena, ret_file, err);
    }
    buffer_release(&text);
    return result;
}

static int check_free(int directory_fd, const char *name, const struct process_boot *boot,
                      struct error *err)
{
    struct process_file file;
    struct arena arena = {0};
    struct error why = {0};
    int result = 0;
    if (read_file(directory_fd, name, &arena, &file, &why) == 0) {
        const struct process_entry *entry = running(&file, boot);
        if (entry != NULL) {
            result = error_set(err, ERROR_CONFLICT,
                               "process %lld (\"%.80s\" of the task \"%.80s\") runs and has the "
                               "task file \"%s\": give another --name or --task",
                               (long long)entry->pid, entry->name, file.task, name);
        }
    } else if (why.code != ERROR_NOT_FOUND) {
        result = error_set(err, why.code,
                           "the file \"%s\" is there and is no task file (%s): remove it, or give "
                           "another --name or --task",
                           name, why.message);
    }
    arena_release(&arena);
    return result;
}

static int write_file(int directory_fd, const char *name, const struct process_file *file,
                      struct error *err)
{
    struct process_file checked;
    struct arena arena = {0};
    struct buffer text;
    buffer_init(&text, PROCESS_FILE_MAX_BYTES);
    int result = process_file_write(file, &text, err);
    /* What the worker would refuse is refused here, where somebody reads it. */
    if (result == 0) {
        result = process_file_read(buffer_span(&text), &arena, &checked, err);
    }
    if (result == 0) {
        result = process_write_whole(directory_fd, name, buffer_span(&text), err);
    }
    buffer_release(&text);
    arena_release(&arena);
    return result;
}

int process_run_claim(int directory_fd, const struct process_run_names *names,
                      const struct process_boot *boot, const struct process_file *file,
                      struct error *err)
{
    /* Looking and writing are one step for all that start commands here. */
    if (flock(directory_fd, LOCK_EX) != 0) {
        return error_set_errno(err, errno, "could not lock the directory of task files");
    }
    int result = check_free(directory_fd, names->task_file, boot, err);
    if (result == 0) {
        (void)unlinkat(directory_fd, names->status_file, 0);
        result = write_file(directory_fd, names->task_file, file, err);
    }
    (void)flock(directory_fd, LOCK_UN);
    return result;
}

void process_run_disclaim(int directory_fd, const struct process_run_names *names, int64_t pid,
                          int64_t start_time)
{
    struct process_file file;
    struct arena arena = {0};
    struct error ignored = {0};
    (void)flock(directory_fd, LOCK_EX);
    if (read_file(directory_fd, names->task_file, &arena, &file, &ignored) == 0 &&
        file.processes.items[0].pid == pid && file.processes.items[0].start_time == start_time) {
        (void)unlinkat(directory_fd, names->task_file, 0);
    }
    (void)flock(directory_fd, LOCK_UN);
    arena_release(&arena);
}
