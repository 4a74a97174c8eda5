#include "producer/task_view.h"

#include <string.h>

#include "common/domain/task_document.h"
#include "common/domain/view.h"

int task_view_decode(const struct redis_task *read, struct task *ret_task, struct error *err)
{
    return task_decode(read->base, ret_task, err);
}

static int fold(const struct redis_task *read, const struct redis_pending *recorded,
                struct arena *arena, struct task *task, struct error *err)
{
    size_t count = read->pending_count + (recorded != NULL ? 1 : 0);
    if (count == 0) {
        return 0;
    }
    struct view_pending *pending = arena_alloc(arena, count * sizeof *pending);
    if (pending == NULL) {
        return error_no_memory(err, "folding a task");
    }
    for (size_t i = 0; i < read->pending_count; i++) {
        pending[i] = (struct view_pending){read->pending[i].offset, read->pending[i].bytes};
    }
    if (recorded != NULL) {
        pending[count - 1] = (struct view_pending){recorded->offset, recorded->bytes};
    }
    return view_fold(task, read->pos, pending, count, err);
}

/** Reads one line of "CONTAINER=STATUS" into health. */
static int read_health(struct span line, struct arena *arena, struct live_health *ret_health,
                       struct error *err)
{
    const char *equals = memchr(line.data, '=', line.length);
    if (equals == NULL) {
        return error_set(err, ERROR_CORRUPT, "a line of the health record has no \"=\"");
    }
    size_t name = (size_t)(equals - line.data);
    ret_health->container_id = arena_strndup(arena, line.data, name);
    ret_health->status = arena_strndup(arena, equals + 1, line.length - name - 1);
    if (ret_health->container_id == NULL || ret_health->status == NULL) {
        return error_no_memory(err, "reading the health record");
    }
    return 0;
}

static int read_healths(struct span text, struct arena *arena, struct task_live *live,
                        struct error *err)
{
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.data);
        if (length > 0) {
            live->health.items = arena_grow(arena, live->health.items, live->health.count,
                                            sizeof *live->health.items);
            if (live->health.items == NULL) {
                return error_no_memory(err, "reading the health record");
            }
            if (read_health((struct span){text.data, length}, arena,
                            &live->health.items[live->health.count], err) != 0) {
                return -1;
            }
            live->health.count++;
        }
        size_t used = end == NULL ? length : length + 1;
        text = (struct span){text.data + used, text.length - used};
    }
    return 0;
}

static int read_live(const struct redis_task *read, struct arena *arena, struct host_record *host,
                     struct task_live *live, struct error *err)
{
    live->connected = read->connected;
    live->host_inactive = read->host_inactive;
    live->connectivity_at = read->connected_at;
    if (read->host_record.length > 0) {
        if (record_decode(&HOST_RECORD_SPEC, read->host_record, arena, host, err) != 0) {
            return error_wrap(err, "registration of the task's host");
        }
        live->host = host;
    }
    return read_healths(read->live, arena, live, err);
}

int task_view_document(const struct redis_task *read, const struct redis_pending *recorded,
                       bool include_tags, json_t **ret_document, struct error *err)
{
    struct arena arena = {0};
    struct task task = {0};
    struct host_record host;
    struct task_live live = {0};
    json_t *document = NULL;
    if (task_view_decode(read, &task, err) == 0 && fold(read, recorded, &arena, &task, err) == 0 &&
        read_live(read, &arena, &host, &live, err) == 0) {
        document = task_document(&task, &live, include_tags, err);
    }
    task_release(&task);
    arena_release(&arena);
    if (document == NULL) {
        return -1;
    }
    *ret_document = document;
    return 0;
}

/** Copies a view; an empty one stays empty. @return false when memory is out */
static bool copy_span(struct span from, struct arena *arena, struct span *to)
{
    *to = (struct span){NULL, 0};
    if (from.length == 0) {
        return true;
    }
    char *bytes = arena_alloc(arena, from.length);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, from.data, from.length);
    *to = (struct span){bytes, from.length};
    return true;
}

static bool copy_pending(const struct redis_task *from, struct arena *arena, struct redis_task *to)
{
    to->pending = NULL;
    if (from->pending_count == 0) {
        return true;
    }
    to->pending = arena_alloc(arena, from->pending_count * sizeof *to->pending);
    for (size_t i = 0; to->pending != NULL && i < from->pending_count; i++) {
        to->pending[i].offset = from->pending[i].offset;
        if (!copy_span(from->pending[i].bytes, arena, &to->pending[i].bytes)) {
            return false;
        }
    }
    return to->pending != NULL;
}

int task_view_copy(const struct redis_task *read, struct arena *arena, struct redis_task *ret_copy,
                   struct error *err)
{
    struct redis_task copy = *read;
    if (!copy_span(read->id, arena, &copy.id) || !copy_span(read->host, arena, &copy.host) ||
        !copy_span(read->base, arena, &copy.base) || !copy_span(read->live, arena, &copy.live) ||
        !copy_span(read->host_record, arena, &copy.host_record) ||
        !copy_pending(read, arena, &copy)) {
        return error_no_memory(err, "keeping a task");
    }
    *ret_copy = copy;
    return 0;
}
