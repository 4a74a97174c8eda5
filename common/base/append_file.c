#include "common/base/append_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/append_file_scan.h"
#include "common/base/crc32c.h"
#include "common/base/memory.h"

/* Opens anywhere but at 0, which a zeroed struct holds. */
static int open_above_zero(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    if (fd != 0) {
        return fd;
    }
    fd = fcntl(0, F_DUPFD_CLOEXEC, 3);
    int dup_errno = errno;
    (void)close(0);
    errno = dup_errno;
    return fd;
}

static int open_file(struct append_file *file, bool create, struct error *err)
{
    file->fd = open_above_zero(file->path, O_RDWR | O_CLOEXEC | O_NOCTTY | (create ? O_CREAT : 0));
    if (file->fd < 0 && errno == ENOENT && !create) {
        return error_set(err, ERROR_NOT_FOUND, "no file \"%s\"", file->path);
    }
    if (file->fd < 0) {
        return error_set_errno(err, errno, "could not open \"%s\"", file->path);
    }
    struct stat status;
    if (fstat(file->fd, &status) < 0) {
        return error_set_errno(err, errno, "could not look at \"%s\"", file->path);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(err, ERROR_CORRUPT, "\"%s\" is not a regular file", file->path);
    }
    file->size_bytes = status.st_size;
    return 0;
}

static int truncate_to(const struct append_file *file, off_t size_bytes, struct error *err)
{
    if (ftruncate(file->fd, size_bytes) < 0) {
        return error_set_errno(err, errno, "could not cut \"%s\" to %lld bytes", file->path,
                               (long long)size_bytes);
    }
    return 0;
}

/* Writes all parts at the end, or leaves the file as it was. */
static int write_at_end(struct append_file *file, const struct iovec *parts, int part_count,
                        size_t total_bytes, struct error *err)
{
    ssize_t written;
    do {
        written = pwritev(file->fd, parts, part_count, file->size_bytes);
    } while (written < 0 && errno == EINTR);
    if (written == (ssize_t)total_bytes) {
        file->size_bytes += written;
        return 0;
    }
    if (written < 0) {
        error_set_errno(err, errno, "could not write to \"%s\"", file->path);
    } else {
        error_set(err, ERROR_FULL, "no room in \"%s\": %zd of %zu bytes were written", file->path,
                  written, total_bytes);
    }
    /* Should this fail too, the next append overwrites the rest, and the next open cuts it. */
    (void)truncate_to(file, file->size_bytes, NULL);
    return -1;
}

/* Makes a file that holds no record; one that died while being made becomes one. */
static int write_magic(struct append_file *file, struct error *err)
{
    static char magic[] = APPEND_FILE_MAGIC;
    struct iovec part = {.iov_base = magic, .iov_len = APPEND_FILE_MAGIC_BYTES};
    file->size_bytes = 0;
    return write_at_end(file, &part, 1, APPEND_FILE_MAGIC_BYTES, err);
}

static int read_and_cut(struct append_file *file, append_file_record_fn *on_record, void *context,
                        struct append_file_scan *ret_scan, struct error *err)
{
    off_t found_bytes = file->size_bytes;
    off_t whole_bytes = 0;
    if (append_file_scan_records(file->fd, file->path, on_record, context, &ret_scan->records,
                                 &whole_bytes, err) < 0) {
        return -1;
    }
    ret_scan->dropped_bytes = (uint64_t)(found_bytes - whole_bytes);
    if (found_bytes > whole_bytes && truncate_to(file, whole_bytes, err) < 0) {
        return -1;
    }
    file->size_bytes = whole_bytes;
    return whole_bytes == 0 ? write_magic(file, err) : 0;
}

int append_file_open(struct append_file *file, const char *path, int create,
                     append_file_record_fn *on_record, void *context,
                     struct append_file_scan *ret_scan, struct error *err)
{
    struct append_file_scan scan = {0};
    *file = (struct append_file){.fd = -1, .path = memory_strdup(path)};
    if (file->path == NULL) {
        return error_no_memory(err, "opening an append-only file");
    }
    if (open_file(file, create != 0, err) < 0 ||
        read_and_cut(file, on_record, context, &scan, err) < 0) {
        append_file_close(file);
        return -1;
    }
    if (ret_scan != NULL) {
        *ret_scan = scan;
    }
    return 0;
}

int append_file_append(struct append_file *file, struct span payload, struct error *err)
{
    if (payload.length == 0 || payload.length > APPEND_FILE_RECORD_MAX) {
        return error_set(err, ERROR_INVALID, "a record of %zu bytes is not within 1 to %d",
                         payload.length, APPEND_FILE_RECORD_MAX);
    }
    struct append_file_header header = {
        .length_le = htole32((uint32_t)payload.length),
        .crc_le = htole32(crc32c(0, payload.data, payload.length)),
    };
    size_t total_bytes = sizeof header + payload.length;
    if (file->max_bytes > 0 && file->size_bytes + (off_t)total_bytes > file->max_bytes) {
        return error_set(err, ERROR_FULL,
                         "\"%s\" has %lld bytes: %zu more are over its limit of %lld", file->path,
                         (long long)file->size_bytes, total_bytes, (long long)file->max_bytes);
    }
    /* iovec is for reading too, and so not const. */
    union {
        const char *from;
        void *to;
    } data = {.from = payload.data};
    struct iovec parts[] = {
        {.iov_base = &header, .iov_len = sizeof header},
        {.iov_base = data.to, .iov_len = payload.length},
    };
    return write_at_end(file, parts, 2, total_bytes, err);
}

void append_file_close(struct append_file *file)
{
    if (file->fd > 0) {
        (void)close(file->fd);
    }
    memory_free(file->path);
    *file = (struct append_file){.fd = -1};
}
