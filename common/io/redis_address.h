#ifndef COMMON_IO_REDIS_ADDRESS_H
#define COMMON_IO_REDIS_ADDRESS_H

/** "HOST:PORT", "[IPV6]:PORT" or "unix:/path". */

#include "common/base/error.h"

struct redis_address {
    char *host; /**< host name or address, or path; owned */
    int port;   /**< 0 = a unix socket */
};

/** @return 0, or -1 with ERROR_INVALID, ERROR_UNSUPPORTED (TLS), ERROR_NO_MEMORY */
int redis_address_parse(const char *text, struct redis_address *ret_address, struct error *err);
void redis_address_release(struct redis_address *address);

#endif
