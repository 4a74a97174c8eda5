#ifndef COMMON_BASE_STANDARD_OUTPUT_H
#define COMMON_BASE_STANDARD_OUTPUT_H

/** What becomes of a program whose standard output cannot be written. */

#include "common/base/error.h"

/** To be called right after the write that failed, with its errno. Of a reader that has gone (EPIPE, as in
 *  `... | head -1`) the program ends as SIGPIPE ends others, without a word, also where it ignores SIGPIPE for its
 *  sockets. @return -1 with what error_set_errno makes of another errno */
int standard_output_failed(struct error *err);

#endif
