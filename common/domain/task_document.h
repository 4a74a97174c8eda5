#ifndef COMMON_DOMAIN_TASK_DOCUMENT_H
#define COMMON_DOMAIN_TASK_DOCUMENT_H

/** The ECS Task document as JSON (ECS API, type Task). Pure: the same fold and the same live facts give
 *  the same bytes. */

#include <jansson.h>

#include "common/domain/host_record.h"
#include "common/domain/task.h"

/** How documents are written as text: one line, times with exactly the milliseconds they have. */
#define TASK_DOCUMENT_DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(13))

/** A container's health as the worker last saw it. */
struct live_health {
    const char *container_id;
    const char *status; /**< "HEALTHY", "UNHEALTHY", "UNKNOWN" */
};

/** What is known beside the log: never part of the base, its version or its comparison. */
struct task_live {
    bool connected;
    bool host_inactive;             /**< deregistered, and not back: shown, never proof of an end */
    int64_t connectivity_at;        /**< unix ms of the last change to CONNECTED; 0 = unknown */
    const struct host_record *host; /**< NULL = unknown */
    RECORD_LIST_OF(struct live_health) health;
};

/** Builds the document: absent members are absent, lists that ECS always sends are sent empty, times
 *  are epoch seconds with at most three decimals. Without include_tags, tags is the empty list, as
 *  DescribeTasks sends it without include TAGS. live NULL leaves out connectivity, availability zone
 *  and host attributes (a document from the log alone).
 *  @return a new reference, or NULL with ERROR_NO_MEMORY */
json_t *task_document(const struct task *task, const struct task_live *live, bool include_tags,
                      struct error *err);

#endif
