#ifndef WORKER_HOST_RECORD_QUEUE_H
#define WORKER_HOST_RECORD_QUEUE_H

/** Records of the log that wait to be folded, in order. */

#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"

struct queued_record {
    struct queued_record *next;
    int64_t offset;
    size_t length;
    char bytes[];
};

/** {0} is a valid empty queue. */
struct record_queue {
    struct queued_record *first, *last;
    size_t count;
};

/** Appends a copy. @return 0 or -1 with ERROR_NO_MEMORY */
int record_queue_push(struct record_queue *queue, int64_t offset, struct span value,
                      struct error *err);
/** Drops the first, if there is one. */
void record_queue_pop(struct record_queue *queue);
void record_queue_clear(struct record_queue *queue);

#endif
