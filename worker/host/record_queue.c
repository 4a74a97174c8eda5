#include "worker/host/record_queue.h"

#include <string.h>

#include "common/base/memory.h"

int record_queue_push(struct record_queue *queue, int64_t offset, struct span value,
                      struct error *err)
{
    struct queued_record *record = memory_alloc(sizeof *record + value.length);
    if (record == NULL) {
        return error_no_memory(err, "reading the log");
    }
    record->next = NULL;
    record->offset = offset;
    record->length = value.length;
    if (value.length > 0) {
        memcpy(record->bytes, value.data, value.length);
    }
    if (queue->last == NULL) {
        queue->first = record;
    } else {
        queue->last->next = record;
    }
    queue->last = record;
    queue->count++;
    return 0;
}

void record_queue_pop(struct record_queue *queue)
{
    struct queued_record *record = queue->first;
    if (record == NULL) {
        return;
    }
    queue->first = record->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    queue->count--;
    memory_free(record);
}

void record_queue_clear(struct record_queue *queue)
{
    while (queue->first != NULL) {
        record_queue_pop(queue);
    }
}
