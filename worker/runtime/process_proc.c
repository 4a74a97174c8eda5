#include "worker/runtime/process_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/clock.h"

enum { STAT_MAX_BYTES = 4096, START_TIME_FIELD = 22, MS_PER_S = 1000 };

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2) /* Linux 6.9 */
#endif

/* ---- /proc/PID/stat ---- */

bool process_stat_parse(struct span text, struct process_stat *ret_stat)
{
    const char *close = text.length == 0 ? NULL : memrchr(text.data, ')', text.length);
    struct process_stat stat = {0};
    if (close == NULL) {
        return false;
    }
    const char *end = text.data + text.length;
    /* The command ends at the last ')': fields from 3 on follow, each after a space. */
    const char *at = close + 1;
    for (int field = 3; at < end && *at == ' '; field++) {
        const char *begin = at + 1;
        for (at = begin; at < end && *at != ' ' && *at != '\n';) {
            at++;
        }
        struct span value = {.data = begin, .length = (size_t)(at - begin)};
        if (field == 3 && value.length == 1) {
            stat.state = value.data[0];
        }
        if (field == START_TIME_FIELD) {
            bool good = stat.state != '\0' && span_to_int64(value, 0, INT64_MAX, &stat.start_time);
            if (good) {
                *ret_stat = stat;
            }
            return good;
        }
    }
    return false;
}

int process_stat_read(int64_t pid, struct process_stat *ret_stat, struct error *err)
{
    char path[64], text[STAT_MAX_BYTES];
    (void)snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return error_set(err, ERROR_NOT_FOUND, "there is no process %lld", (long long)pid);
    }
    if (fd < 0) {
        return error_set_errno(err, errno, "could not open %s", path);
    }
    ssize_t length = read(fd, text, sizeof text);
    int read_errno = errno;
    (void)close(fd);
    if (length < 0 && read_errno == ESRCH) {
        return error_set(err, ERROR_NOT_FOUND, "there is no process %lld", (long long)pid);
    }
    struct span span = {.data = text, .length = length > 0 ? (size_t)length : 0};
    if (length < 0) {
        return error_set_errno(err, read_errno, "could not read %s", path);
    }
    return process_stat_parse(span, ret_stat)
               ? 0
               : error_set(err, ERROR_IO, "could not understand %s", path);
}

/* ---- pidfds ---- */

int process_pidfd_open(int64_t pid)
{
    return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0U);
}

int process_pidfd_signal(int pidfd, int64_t pid, int signal, bool whole_group)
{
    if (!whole_group) {
        return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U);
    }
    if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, PIDFD_SIGNAL_PROCESS_GROUP) == 0) {
        return 0;
    }
    if (errno == EINVAL && syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0U) == 0) {
        /* An older kernel. The leader was there a moment ago, so that the group is its own. */
        return getpgid((pid_t)pid) == (pid_t)pid
                   ? kill(-(pid_t)pid, signal)
                   : (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U);
    }
    /* It leads no group, whatever its file says. */
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U);
}

/* ---- files ---- */

bool process_make_directory(const char *path)
{
    char part[PATH_MAX];
    bool made = false;
    for (size_t i = 1; path[0] != '\0' && i < sizeof part; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            (void)snprintf(part, i + 1, "%s", path);
            made = mkdir(part, 0755) == 0;
        }
        if (path[i] == '\0') {
            return made;
        }
    }
    return false;
}

int process_check_directory(int directory_fd, const char *path, struct error *err)
{
    struct stat status;
    if (fstat(directory_fd, &status) != 0) {
        return error_set_errno(err, errno, "could not read the directory \"%s\"", path);
    }
    if ((status.st_mode & S_IWOTH) == 0) {
        return 0;
    }
    /* A sticky one is everybody's by intent, as /tmp. */
    bool shared = (status.st_mode & S_ISVTX) != 0;
    return error_set(err, ERROR_INVALID,
                     "the directory \"%s\" is writable by everybody, so that anybody could have "
                     "any process stopped: %s%s%s",
                     path,
                     shared ? "give one that only task files are in, such as " : "chmod o-w it",
                     shared ? path : "", shared ? "/stopfleet" : "");
}

int process_write_whole(int directory_fd, const char *name, struct span content, struct error *err)
{
    char temporary[NAME_MAX + 1];
    (void)snprintf(temporary, sizeof temporary, ".%.200s.%d", name, (int)getpid());
    int fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                    0644);
    if (fd < 0) {
        return error_set_errno(err, errno, "could not write \"%s\"", name);
    }
    ssize_t written = write(fd, content.data, content.length);
    int write_errno = written < 0 ? errno : ENOSPC;
    (void)close(fd);
    if (written != (ssize_t)content.length) {
        (void)unlinkat(directory_fd, temporary, 0);
        return error_set_errno(err, write_errno, "could not write \"%s\"", name);
    }
    if (renameat(directory_fd, temporary, directory_fd, name) != 0) {
        int rename_errno = errno;
        (void)unlinkat(directory_fd, temporary, 0);
        return error_set_errno(err, rename_errno, "could not write \"%s\"", name);
    }
    return 0;
}

static int read_all(int fd, struct buffer *content, struct error *err)
{
    char block[16384];
    ssize_t length;
    while ((length = read(fd, block, sizeof block)) > 0) {
        if (buffer_append(content, block, (size_t)length, err) != 0) {
            return err != NULL && err->code == ERROR_FULL
                       ? error_set(err, ERROR_INVALID, "larger than %zu bytes", content->max_bytes)
                       : -1;
        }
    }
    return length == 0 ? 0 : error_set_errno(err, errno, "could not read it");
}

int process_read_whole(int directory_fd, const char *name, struct buffer *content,
                       struct error *err)
{
    struct stat status;
    int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return error_set(err, ERROR_NOT_FOUND, "there is no such file");
    }
    if (fd < 0) {
        return errno == ELOOP ? error_set(err, ERROR_INVALID, "a symbolic link is not followed")
                              : error_set_errno(err, errno, "could not open it");
    }
    int result = -1;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        error_set(err, ERROR_INVALID, "not a regular file");
    } else {
        result = read_all(fd, content, err);
    }
    (void)close(fd);
    return result;
}

/* ---- the boot ---- */

static int read_boot_id(char ret_id[ID_HEX_SIZE], struct error *err)
{
    char dashed[BOOT_ID_SIZE];
    size_t length = 0;
    if (clock_boot_id(dashed, err) != 0) {
        return -1;
    }
    for (const char *c = dashed; *c != '\0' && length < ID_HEX_SIZE - 1; c++) {
        if (*c != '-') {
            ret_id[length++] = *c;
        }
    }
    ret_id[length] = '\0';
    return 0;
}

/* ".boot" holds "ID MILLISECONDS\n". */
static bool read_kept(int directory_fd, const char *id, int64_t *ret_unix_ms)
{
    struct buffer text;
    struct error ignored = {0};
    bool found = false;
    buffer_init(&text, 256);
    if (process_read_whole(directory_fd, ".boot", &text, &ignored) == 0 &&
        text.length > ID_HEX_SIZE && strncmp(text.data, id, ID_HEX_SIZE - 1) == 0) {
        struct span number = {.data = text.data + ID_HEX_SIZE,
                              .length = strcspn(text.data + ID_HEX_SIZE, "\n")};
        found = span_to_int64(number, 0, INT64_MAX / 2, ret_unix_ms);
    }
    buffer_release(&text);
    return found;
}

int process_boot_read(const char *directory, bool keep, struct process_boot *ret_boot,
                      struct error *err)
{
    const struct clock *clock = clock_system();
    struct process_boot boot = {0};
    char line[80];
    int length;
    if (read_boot_id(boot.id, err) != 0) {
        return -1;
    }
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return error_set_errno(err, errno, "could not open the directory \"%s\"", directory);
    }
    /* Two that begin at once would each keep a time of its own: the second reads what the first wrote. */
    (void)flock(fd, LOCK_EX);
    bool known = read_kept(fd, boot.id, &boot.started_unix_ms);
    if (!known) {
        boot.started_unix_ms = clock_wall_ms(clock) - clock_boot_ms(clock);
    }
    if (keep && !known) {
        length = snprintf(line, sizeof line, "%s %lld\n", boot.id, (long long)boot.started_unix_ms);
        /* A directory that cannot be written works too, until the wall clock is set. */
        struct error ignored = {0};
        (void)process_write_whole(fd, ".boot", (struct span){line, (size_t)length}, &ignored);
    }
    (void)close(fd);
    *ret_boot = boot;
    return 0;
}

int64_t process_boot_start_ms(const struct process_boot *boot, int64_t start_time)
{
    long ticks_per_s = sysconf(_SC_CLK_TCK);
    return boot->started_unix_ms + start_time * MS_PER_S / (ticks_per_s > 0 ? ticks_per_s : 100);
}
