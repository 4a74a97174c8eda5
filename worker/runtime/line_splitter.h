#ifndef WORKER_RUNTIME_LINE_SPLITTER_H
#define WORKER_RUNTIME_LINE_SPLITTER_H

/** Cuts a stream of bytes into lines of bounded length. Pure. */

#include "common/base/buffer.h"

struct line_splitter {
    struct buffer pending; /**< bytes not handed out yet */
    size_t consumed;       /**< of pending: lines handed out already */
    size_t line_max_bytes;
    bool skipping;    /**< inside a line that is too long */
    uint64_t dropped; /**< lines that were too long */
};

/** Lines of at most line_max_bytes without their end; longer ones are dropped and counted. */
void line_splitter_init(struct line_splitter *splitter, size_t line_max_bytes);
void line_splitter_release(struct line_splitter *splitter);
/** Adds bytes as they came. @return 0 or -1 with ERROR_NO_MEMORY, ERROR_FULL (lines are fed faster
 *  than they are taken: more than twice line_max_bytes wait) */
int line_splitter_feed(struct line_splitter *splitter, struct span bytes, struct error *err);
/** The next whole line, "\n" or "\r\n" cut off, empty lines left out; valid until the next feed or
 *  next. @return false if there is none yet */
bool line_splitter_next(struct line_splitter *splitter, struct span *ret_line);

#endif
