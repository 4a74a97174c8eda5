#ifndef TESTS_SUPPORT_TIDY_MODEL_H
#define TESTS_SUPPORT_TIDY_MODEL_H

/** What the static analyzer cannot see from one file: these always return -1. tidy.sh puts this header
 *  before every source but error.c, so that a path behind an error is not taken for a success. */

#include "common/base/error.h"

#define error_set(...)       (error_set(__VA_ARGS__), -1)
#define error_set_errno(...) (error_set_errno(__VA_ARGS__), -1)
#define error_wrap(...)      (error_wrap(__VA_ARGS__), -1)
#define error_no_memory(...) (error_no_memory(__VA_ARGS__), -1)

#endif
