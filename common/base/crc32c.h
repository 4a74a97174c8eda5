#ifndef COMMON_BASE_CRC32C_H
#define COMMON_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/** CRC-32C (Castagnoli, RFC 3720 B.4): continues from `crc` (0 to begin). crc32c(0, "123456789", 9)
 *  is 0xE3069283. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t length);

#endif
