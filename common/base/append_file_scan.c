#include "common/base/append_file_scan.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/crc32c.h"
#include "common/base/memory.h"

enum { WINDOW_BYTES = APPEND_FILE_RECORD_MAX + (int)sizeof(struct append_file_header) };

/* A part of the file in memory, large enough for any record. */
struct window {
    int fd;
    const char *path;
    off_t next_offset; /* where the file goes on behind the window */
    char *data;        /* WINDOW_BYTES */
    size_t begin;      /* what was not taken yet: [begin, end) */
    size_t end;
};

/* Reads on until `length` bytes are there or the file ends. */
static int window_fill(struct window *window, size_t length, struct error *err)
{
    if (window->end - window->begin >= length) {
        return 0;
    }
    window->end -= window->begin;
    memmove(window->data, window->data + window->begin, window->end);
    window->begin = 0;
    while (window->end < length) {
        ssize_t got = pread(window->fd, window->data + window->end, WINDOW_BYTES - window->end,
                            window->next_offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(err, errno, "could not read \"%s\"", window->path);
        }
        if (got == 0) {
            break;
        }
        window->end += (size_t)got;
        window->next_offset += got;
    }
    return 0;
}

/* The next `length` bytes as a view; short where the file ends. */
static int window_peek(struct window *window, size_t length, struct span *ret_view,
                       struct error *err)
{
    if (window_fill(window, length, err) < 0) {
        return -1;
    }
    size_t there = window->end - window->begin;
    *ret_view = (struct span){.data = window->data + window->begin,
                              .length = there < length ? there : length};
    return 0;
}

/* The next record's payload; the empty view if what follows is not a whole record. */
static int peek_record(struct window *window, struct span *ret_payload, struct error *err)
{
    struct append_file_header header;
    struct span view;
    *ret_payload = (struct span){0};
    if (window_peek(window, sizeof header, &view, err) < 0) {
        return -1;
    }
    if (view.length < sizeof header) {
        return 0;
    }
    memcpy(&header, view.data, sizeof header);
    size_t length = le32toh(header.length_le);
    if (length == 0 || length > APPEND_FILE_RECORD_MAX) {
        return 0;
    }
    if (window_peek(window, sizeof header + length, &view, err) < 0) {
        return -1;
    }
    if (view.length == sizeof header + length &&
        crc32c(0, view.data + sizeof header, length) == le32toh(header.crc_le)) {
        *ret_payload = (struct span){.data = view.data + sizeof header, .length = length};
    }
    return 0;
}

static int scan_window(struct window *window, append_file_record_fn *on_record, void *context,
                       uint64_t *ret_records, off_t *ret_whole_bytes, struct error *err)
{
    struct span magic;
    if (window_peek(window, APPEND_FILE_MAGIC_BYTES, &magic, err) < 0) {
        return -1;
    }
    if (magic.length > 0 && memcmp(magic.data, APPEND_FILE_MAGIC, magic.length) != 0) {
        return error_set(err, ERROR_CORRUPT, "\"%s\" does not begin with " APPEND_FILE_MAGIC,
                         window->path);
    }
    *ret_records = 0;
    *ret_whole_bytes = 0;
    if (magic.length < APPEND_FILE_MAGIC_BYTES) {
        return 0;
    }
    *ret_whole_bytes = APPEND_FILE_MAGIC_BYTES;
    window->begin += APPEND_FILE_MAGIC_BYTES;
    for (;;) {
        struct span payload;
        if (peek_record(window, &payload, err) < 0) {
            return -1;
        }
        if (payload.length == 0) {
            return 0;
        }
        if (on_record != NULL && on_record(payload, context, err) < 0) {
            return -1;
        }
        size_t record_bytes = sizeof(struct append_file_header) + payload.length;
        window->begin += record_bytes;
        *ret_whole_bytes += (off_t)record_bytes;
        (*ret_records)++;
    }
}

int append_file_scan_records(int fd, const char *path, append_file_record_fn *on_record,
                             void *context, uint64_t *ret_records, off_t *ret_whole_bytes,
                             struct error *err)
{
    struct window window = {.fd = fd, .path = path, .data = memory_alloc(WINDOW_BYTES)};
    if (window.data == NULL) {
        return error_no_memory(err, "reading an append-only file");
    }
    int result = scan_window(&window, on_record, context, ret_records, ret_whole_bytes, err);
    memory_free(window.data);
    return result;
}
