#ifndef COMMON_BASE_APPEND_FILE_H
#define COMMON_BASE_APPEND_FILE_H

/** A checksummed append-only file of records. Layout: 8 bytes magic "SFAPPND1", then records of
 *  {length u32 LE, CRC-32C of the payload u32 LE, payload}. No fsync: the file outlives the
 *  process, not the machine. A tail that was torn by a crash is cut when the file is opened. */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/buffer.h"
#include "common/base/error.h"

enum { APPEND_FILE_RECORD_MAX = 1 << 20 /**< bytes of one payload at most */ };

struct append_file {
    int fd;           /**< -1 when not open */
    char *path;       /**< owned */
    off_t size_bytes; /**< where the next record goes */
    off_t max_bytes;  /**< appends beyond this fail with ERROR_FULL; 0 = no limit, as after open */
};

/** What a scan found. */
struct append_file_scan {
    uint64_t records;       /**< whole records */
    uint64_t dropped_bytes; /**< bytes behind the last whole record (torn or damaged) */
};

typedef int append_file_record_fn(struct span payload, void *context, struct error *err);

/** Opens for appending, O_CLOEXEC, mode 0600, creating it if `create`; calls on_record for each
 *  whole record in order; then cuts what lies behind the last whole one. on_record returning -1
 *  stops the scan with its error, and then nothing is cut. on_record and ret_scan may be NULL.
 *  The payload's bytes are valid during the call only.
 *  @return 0, or -1: ERROR_NOT_FOUND (no file and not create), ERROR_CORRUPT (not such a file:
 *  wrong magic), ERROR_IO, ERROR_FULL, ERROR_NO_MEMORY, or on_record's. */
int append_file_open(struct append_file *file, const char *path, int create,
                     append_file_record_fn *on_record, void *context,
                     struct append_file_scan *ret_scan, struct error *err);
/** Appends one record with one write; a failed or short write is undone (truncated back).
 *  @return 0, or -1: ERROR_FULL (disk or max_bytes), ERROR_IO, ERROR_INVALID (payload empty or too
 *  large) */
int append_file_append(struct append_file *file, struct span payload, struct error *err);
/** Closes; {.fd = -1} after. Safe on a zeroed (fd 0 is never owned) or released one. */
void append_file_close(struct append_file *file);

#endif
