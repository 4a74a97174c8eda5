#ifndef COMMON_BASE_ID_H
#define COMMON_BASE_ID_H

/** Random identifiers from getrandom(2). */

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum {
    ID_UUID_SIZE = 37, /**< 36 characters and NUL */
    ID_HEX_SIZE = 33   /**< 32 characters and NUL */
};

/** RFC 9562 version 4, lower case. @return 0 or -1 with ERROR_IO */
int id_uuid_v4(char ret_text[ID_UUID_SIZE], struct error *err);
/** RFC 9562 version 7: sorts by unix_ms, then random. @return 0 or -1 with ERROR_IO */
int id_uuid_v7(int64_t unix_ms, char ret_text[ID_UUID_SIZE], struct error *err);
/** RFC 9562 version 8 from the first 16 bytes of a hash, lower case: equal bytes give equal ids. */
void id_uuid_v8(const unsigned char *hash, char ret_text[ID_UUID_SIZE]);
/** 128 random bits as 32 lower-case hex digits. @return 0 or -1 with ERROR_IO */
int id_random_hex(char ret_text[ID_HEX_SIZE], struct error *err);
/** Lower-case hex of bytes; ret_text holds 2 * length + 1. */
void id_hex(const unsigned char *bytes, unsigned long length, char *ret_text);
/** True for exactly 32 characters of 0-9a-f. */
bool id_is_hex32(const char *text);
/** Where what tells a container's id apart begins: of a process' BOOT-PID-STARTTIME what follows the boot. */
const char *id_distinct(const char *container_id);

#endif
