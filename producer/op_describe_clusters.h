#ifndef PRODUCER_OP_DESCRIBE_CLUSTERS_H
#define PRODUCER_OP_DESCRIBE_CLUSTERS_H

/** DescribeClusters' request. The operation itself is in operation.def. */

#include <jansson.h>

#include "common/domain/ecs_error.h"

enum { DESCRIBE_CLUSTERS_MAX = 100 };

/** As parsed: borrowed from the body, NULL where absent. */
struct describe_clusters_request {
    const json_t *clusters, *include; /**< lists of strings */
};

/** Reads the members by type; what they mean is checked later. @return 0, or -1 with error */
int describe_clusters_parse(const json_t *object, struct describe_clusters_request *ret_request,
                            struct ecs_error *error);

#endif
