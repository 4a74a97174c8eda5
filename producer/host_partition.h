#ifndef PRODUCER_HOST_PARTITION_H
#define PRODUCER_HOST_PARTITION_H

/** Where the log keeps what concerns a host: the partition of its registration, for ever (design section 3). Pure. */

#include "common/base/buffer.h"
#include "common/base/error.h"

/** record: the encoded host_record, empty = unknown. @return 0 or -1 with ERROR_NOT_FOUND, ERROR_CORRUPT */
int host_partition(struct span host, struct span record, int32_t *ret_partition, struct error *err);

#endif
