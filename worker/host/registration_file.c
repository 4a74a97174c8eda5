#include "worker/host/registration_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/fault_point.h"

enum { FILE_MAX_BYTES = 64 * 1024, PATH_BYTES = 4096 };

int registration_file_check(const char *directory, struct error *err)
{
    struct stat status;
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        return error_set_errno(err, errno,
                               "state directory %s cannot be made: give another --state-directory",
                               directory);
    }
    if (stat(directory, &status) == 0 && !S_ISDIR(status.st_mode)) {
        return error_set(err, ERROR_IO,
                         "state directory %s is no directory: give another --state-directory",
                         directory);
    }
    if (access(directory, R_OK | W_OK | X_OK) != 0) {
        return error_set_errno(
            err, errno, "state directory %s cannot be written: give another --state-directory",
            directory);
    }
    return 0;
}

static int path_of(const char *directory, const char *name, char path[PATH_BYTES],
                   struct error *err)
{
    if (snprintf(path, PATH_BYTES, "%s/%s", directory, name) >= PATH_BYTES) {
        return error_set(err, ERROR_IO, "the path of state directory %.100s... is too long",
                         directory);
    }
    return 0;
}

static int read_all(const char *path, struct buffer *bytes, bool *ret_found, struct error *err)
{
    char chunk[4096];
    FILE *file = fopen(path, "re");
    int result = 0;
    *ret_found = file != NULL;
    if (file == NULL) {
        return errno == ENOENT ? 0 : error_set_errno(err, errno, "could not read %s", path);
    }
    for (size_t got; result == 0 && (got = fread(chunk, 1, sizeof chunk, file)) > 0;) {
        result = buffer_append(bytes, chunk, got, err);
    }
    if (result == 0 && ferror(file)) {
        result = error_set_errno(err, errno, "could not read %s", path);
    }
    (void)fclose(file);
    return result;
}

int registration_file_load(const char *directory, struct arena *arena,
                           struct host_record *ret_record, bool *ret_found, struct error *err)
{
    char path[PATH_BYTES];
    struct buffer bytes;
    bool found = false;
    if (path_of(directory, "registration", path, err) != 0) {
        return -1;
    }
    buffer_init(&bytes, FILE_MAX_BYTES);
    int result = read_all(path, &bytes, &found, err);
    if (result == 0 && found) {
        result = record_decode(&HOST_RECORD_SPEC, buffer_span(&bytes), arena, ret_record, err);
        if (result != 0) {
            error_wrap(err, "%s is damaged: remove it, the log has the registration too", path);
        }
    }
    buffer_release(&bytes);
    if (result == 0) {
        *ret_found = found;
    }
    return result;
}

static int write_all(const char *path, struct span bytes, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_set_errno(err, errno, "could not write %s", path);
    }
    ssize_t written = write(fd, bytes.data, bytes.length);
    int failure = written < 0 ? errno : (size_t)written < bytes.length ? ENOSPC : 0;
    if (close(fd) != 0 && failure == 0) {
        failure = errno;
    }
    return failure == 0 ? 0 : error_set_errno(err, failure, "could not write %s", path);
}

int registration_file_save(const char *directory, struct span record, struct error *err)
{
    char path[PATH_BYTES], fresh[PATH_BYTES];
    if (path_of(directory, "registration", path, err) != 0 ||
        path_of(directory, "registration.new", fresh, err) != 0 ||
        write_all(fresh, record, err) != 0) {
        return -1;
    }
    FAULT_POINT(REGISTRATION_WRITTEN);
    if (rename(fresh, path) != 0) {
        return error_set_errno(err, errno, "could not rename %s", fresh);
    }
    FAULT_POINT(REGISTRATION_SAVED);
    return 0;
}
