#ifndef TESTS_SUPPORT_FAIL_ALLOCATIONS_H
#define TESTS_SUPPORT_FAIL_ALLOCATIONS_H

/** Makes each allocation of an operation fail in turn: for cmocka tests. */

#include "common/base/memory.h"

/** Runs `statement` once to count its allocations, then once for each of them with that one
 *  failing; `before` and `after` are run around each. `statement` must be repeatable. */
#define FAIL_EACH_ALLOCATION(before, statement, after)                                             \
    do {                                                                                           \
        before;                                                                                    \
        uint64_t counted_from = memory_count();                                                    \
        statement;                                                                                 \
        uint64_t allocations = memory_count() - counted_from;                                      \
        after;                                                                                     \
        assert_true(allocations > 0);                                                              \
        for (uint64_t failing = 1; failing <= allocations; failing++) {                            \
            before;                                                                                \
            memory_fail_nth(failing, false);                                                       \
            statement;                                                                             \
            memory_fail_nth(0, false);                                                             \
            after;                                                                                 \
        }                                                                                          \
    } while (0)

#endif
