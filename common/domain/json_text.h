#ifndef COMMON_DOMAIN_JSON_TEXT_H
#define COMMON_DOMAIN_JSON_TEXT_H

/** Writes JSON as one line of text, byte for byte as json_dumps with TASK_DOCUMENT_DUMP_FLAGS does, in half
 *  the time: jansson formats a key and fills a table for each container, to notice values that contain
 *  themselves. Only for values that were built as trees. */

#include <jansson.h>

#include "common/base/buffer.h"

/** Appends the value's text. @return 0 or -1 with ERROR_FULL, ERROR_NO_MEMORY, ERROR_INVALID (NULL, or nested deeper
 *  than 64) */
int json_text_write(const json_t *value, struct buffer *buf, struct error *err);

#endif
