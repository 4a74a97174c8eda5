#ifndef WORKER_HOST_REGISTRATION_FILE_H
#define WORKER_HOST_REGISTRATION_FILE_H

/** The state directory's copy of the host's registration: with it a worker starts while Kafka is away. */

#include "common/domain/host_record.h"

/** Makes the directory if it is missing, and checks that it can be written. @return 0 or -1 with ERROR_IO (says what to do) */
int registration_file_check(const char *directory, struct error *err);
/** *ret_found tells whether there is one. @return 0, or -1 with ERROR_CORRUPT, ERROR_IO, ERROR_NO_MEMORY */
int registration_file_load(const char *directory, struct arena *arena,
                           struct host_record *ret_record, bool *ret_found, struct error *err);
/** Replaces it in one step. @return 0 or -1 with ERROR_IO, ERROR_FULL, ERROR_NO_MEMORY */
int registration_file_save(const char *directory, struct span record, struct error *err);

#endif
