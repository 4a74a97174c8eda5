#ifndef COMMON_BASE_ERROR_H
#define COMMON_BASE_ERROR_H

/** Errors as values that the caller owns. Library code fills one and returns -1; it never logs. */

#include <stddef.h>

/** What kind of failure it was: decides whether to try again and which ECS error it becomes. */
enum error_code {
    ERROR_NONE = 0,
    ERROR_INVALID,     /**< the input is wrong: trying again with the same input is of no use */
    ERROR_NOT_FOUND,   /**< what was asked for is proven not to exist */
    ERROR_CONFLICT,    /**< it exists already, or somebody else holds it */
    ERROR_UNAVAILABLE, /**< a peer is away or refuses for now: may work later */
    ERROR_TIMEOUT,     /**< no answer in time: it may or may not have happened */
    ERROR_CORRUPT,     /**< foreign bytes that break their format */
    ERROR_FULL,        /**< a bound was reached (buffer maximum, disk, queue) */
    ERROR_NO_MEMORY,   /**< an allocation failed */
    ERROR_IO,          /**< the operating system refused; see sys_errno */
    ERROR_UNSUPPORTED, /**< known, but not possible with this version or build */
    ERROR_BUG,         /**< a state that the program holds to be impossible */
    ERROR_CODE_COUNT
};

/** A failure. Plain data without pointers, so that it can live on any stack and survive lack of
 *  memory. Initialize with {0}; untouched on success. */
struct error {
    enum error_code code;
    int sys_errno;     /**< errno at the time, or 0 */
    char message[400]; /**< lower case, no final period, says what, where and what to do; UTF-8 */
};

/** Fills err (may be NULL) with a code and a printf message, cut at a character boundary.
 *  @return always -1, so that `return error_set(…)` reads well. */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As error_set with ERROR_IO (ENOMEM gives ERROR_NO_MEMORY; ENOSPC, EDQUOT and EFBIG give
 *  ERROR_FULL), and appends ": " and the text of sys_errno, which is never what is cut.
 *  @return always -1 */
int error_set_errno(struct error *err, int sys_errno, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Puts "CONTEXT: " before the message that err already holds. @return always -1 */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Shorthand for ERROR_NO_MEMORY: "out of memory while WHAT". @return always -1 */
int error_no_memory(struct error *err, const char *what);

#endif
