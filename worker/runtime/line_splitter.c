#include "worker/runtime/line_splitter.h"

#include <string.h>

void line_splitter_init(struct line_splitter *splitter, size_t line_max_bytes)
{
    *splitter = (struct line_splitter){.line_max_bytes = line_max_bytes};
    buffer_init(&splitter->pending, 2 * line_max_bytes);
}

void line_splitter_release(struct line_splitter *splitter)
{
    buffer_release(&splitter->pending);
    splitter->consumed = 0;
    splitter->skipping = false;
}

static void drop_consumed(struct line_splitter *splitter)
{
    buffer_consume(&splitter->pending, splitter->consumed);
    splitter->consumed = 0;
}

int line_splitter_feed(struct line_splitter *splitter, struct span bytes, struct error *err)
{
    drop_consumed(splitter);
    if (splitter->skipping) {
        const char *end = bytes.length == 0 ? NULL : memchr(bytes.data, '\n', bytes.length);
        if (end == NULL) {
            return 0;
        }
        size_t skipped = (size_t)(end - bytes.data) + 1;
        bytes = (struct span){.data = bytes.data + skipped, .length = bytes.length - skipped};
        splitter->skipping = false;
    }
    return buffer_append(&splitter->pending, bytes.data, bytes.length, err);
}

/* What waits has no line end: once it is too long, it is dropped up to the end that will come. */
static void begin_skip(struct line_splitter *splitter)
{
    if (splitter->pending.length - splitter->consumed > splitter->line_max_bytes) {
        buffer_clear(&splitter->pending);
        splitter->consumed = 0;
        splitter->skipping = true;
        splitter->dropped++;
    }
}

bool line_splitter_next(struct line_splitter *splitter, struct span *ret_line)
{
    while (splitter->pending.length > splitter->consumed) {
        const char *begin = splitter->pending.data + splitter->consumed;
        const char *end = memchr(begin, '\n', splitter->pending.length - splitter->consumed);
        if (end == NULL) {
            begin_skip(splitter);
            return false;
        }
        size_t length = (size_t)(end - begin);
        splitter->consumed += length + 1;
        if (length > splitter->line_max_bytes) {
            splitter->dropped++;
            continue;
        }
        if (length > 0 && begin[length - 1] == '\r') {
            length--;
        }
        if (length > 0) {
            *ret_line = (struct span){.data = begin, .length = length};
            return true;
        }
    }
    return false;
}
