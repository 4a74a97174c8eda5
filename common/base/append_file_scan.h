#ifndef COMMON_BASE_APPEND_FILE_SCAN_H
#define COMMON_BASE_APPEND_FILE_SCAN_H

/** Private to append_file: its format and the reading of it. */

#include <stdint.h>
#include <sys/types.h>

#include "common/base/append_file.h"

#define APPEND_FILE_MAGIC "SFAPPND1"

enum { APPEND_FILE_MAGIC_BYTES = 8 };

/** What stands before each payload. A length of 0 is never written: a tail of zeroes, as a file
 *  system may leave it, holds no records. */
struct append_file_header {
    uint32_t length_le;
    uint32_t crc_le;
};

/** Reads from offset 0 and hands each whole record to on_record (may be NULL). path is for
 *  messages. *ret_whole_bytes is where the last whole record ends; 0 for a file that is empty or
 *  holds the beginning of the magic only.
 *  @return 0, or -1: ERROR_CORRUPT (wrong magic), ERROR_IO, ERROR_NO_MEMORY, or on_record's */
int append_file_scan_records(int fd, const char *path, append_file_record_fn *on_record,
                             void *context, uint64_t *ret_records, off_t *ret_whole_bytes,
                             struct error *err);

#endif
