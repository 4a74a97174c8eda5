#ifndef PRODUCER_CLUSTER_QUERY_H
#define PRODUCER_CLUSTER_QUERY_H

/** ECS's cluster query language: the filter of ListContainerInstances (ECS Developer Guide, "Create expressions to define
 *  container instances"). Pure. Regular expressions are POSIX extended ones (ECS: Java's) and must match the whole value. */

#include <jansson.h>

#include "common/base/memory.h"

enum { CLUSTER_QUERY_MAX_BYTES = 2000, CLUSTER_QUERY_DETAIL_SIZE = 200 };

/** A parsed expression; its memory is the arena's. */
/** Member of the instance in which the groups of its open tasks are, for filters alone: a list of texts. */
#define QUERY_TASK_GROUPS "task:group"

struct cluster_query;

/** Parses. @return NULL with ret_detail: what is wrong and at which character (from 1) */
struct cluster_query *cluster_query_parse(const char *text, struct arena *arena,
                                          char ret_detail[CLUSTER_QUERY_DETAIL_SIZE]);
/** Whether a ContainerInstance document passes. */
bool cluster_query_passes(const struct cluster_query *query, const json_t *instance);

#endif
