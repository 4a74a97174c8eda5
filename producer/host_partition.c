#include "producer/host_partition.h"

#include "common/domain/record.h"

int host_partition(struct span host, struct span record, int32_t *ret_partition, struct error *err)
{
    int64_t partition = -1;
    if (record.length == 0) {
        return error_set(err, ERROR_NOT_FOUND, "the registration of host %.*s is not in the view",
                         (int)host.length, host.data);
    }
    if (!record_peek_integer(record, "partition", &partition) || partition < 0 ||
        partition > INT32_MAX) {
        return error_set(err, ERROR_CORRUPT, "the registration of host %.*s has no partition",
                         (int)host.length, host.data);
    }
    *ret_partition = (int32_t)partition;
    return 0;
}
