#ifndef DEPLOY_QUICKSTART_DEVBROKER_ADDRESS_FILE_H
#define DEPLOY_QUICKSTART_DEVBROKER_ADDRESS_FILE_H

#include "common/base/error.h"

/** Writes "ADDRESS\n" to a file that readers see whole or not at all (a temporary file beside it,
 *  renamed). @return 0, or -1 with ERROR_IO, ERROR_FULL, ERROR_NO_MEMORY */
int devbroker_address_file_write(const char *path, const char *address, struct error *err);

#endif
