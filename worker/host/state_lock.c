#include "worker/host/state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"

enum { PATH_MAX_BYTES = 4096, PID_TEXT_BYTES = 32 };

static int holder(int fd, const char *path, struct error *err)
{
    char text[PID_TEXT_BYTES];
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    struct span pid = {text, length > 0 ? (size_t)length : 0};
    while (pid.length > 0 && pid.data[pid.length - 1] == '\n') {
        pid.length--;
    }
    return error_set(err, ERROR_CONFLICT,
                     "state directory in use: process %.*s holds %s; one worker a state directory",
                     (int)pid.length, pid.data, path);
}

static int write_pid(int fd, const char *path, struct error *err)
{
    char text[PID_TEXT_BYTES];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
        /* a full disk does not keep a worker from its work: the lock itself holds */
        return errno == ENOSPC || errno == EDQUOT ? 0
                                                  : error_set_errno(err, errno, "write %s", path);
    }
    return 0;
}

static int open_locked(const char *path, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_set_errno(err, errno, "open %s", path);
    }
    int rc = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK ? holder(fd, path, err)
                                  : error_set_errno(err, errno, "lock %s", path);
    } else {
        rc = write_pid(fd, path, err);
    }
    if (rc != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int state_lock_take(const char *directory, struct error *err)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return error_set_errno(err, errno, "make state directory %s", directory);
    }
    struct buffer path;
    buffer_init(&path, PATH_MAX_BYTES);
    int fd = -1;
    if (buffer_append_format(&path, err, "%s/lock", directory) == 0) {
        fd = open_locked(path.data, err);
    }
    buffer_release(&path);
    return fd;
}
