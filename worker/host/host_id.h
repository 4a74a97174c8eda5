#ifndef WORKER_HOST_HOST_ID_H
#define WORKER_HOST_HOST_ID_H

/** The identity of a host: its key in the log, for ever. */

#include <stdbool.h>

#include "common/base/error.h"

#define HOST_ID_MACHINE_PATH "/etc/machine-id"
enum { HOST_ID_MAX_BYTES = 255, HOST_ID_SIZE = HOST_ID_MAX_BYTES + 1 };

/** The configured id if there is one (letters, digits, '-', '_', '.'), else one that is made from the machine id (machine-id(5): the file's
 *  content must not leave the machine, so it is hashed). Nothing is ever stored: what is generated into a file can be lost.
 *  @return 0, or -1 with ERROR_INVALID (configured), ERROR_IO (no machine id: says what to do) */
int host_id_find(const char *configured, const char *machine_id_path, char ret_id[HOST_ID_SIZE],
                 struct error *err);

/** True for up to HOST_ID_MAX_BYTES letters, digits, '-', '_' and '.'. */
bool host_id_is_fit(const char *text);

#endif
