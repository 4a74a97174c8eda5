#ifndef TESTS_UNIT_WORKER_ONE_PROCESS_H
#define TESTS_UNIT_WORKER_ONE_PROCESS_H

/** A process runtime, and one process that is a child of the test. */

#include "tests/unit/worker/process_fixture.h"

static struct process_fixture fixture;
static struct child child;

static inline int set_up(void **state)
{
    (void)state;
    process_fixture_init(&fixture);
    child = process_fixture_child(&fixture, false);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    process_fixture_reap(&child);
    process_fixture_release(&fixture);
    return 0;
}

/* The usual file: one process, which writes no status. */
static inline void write_file(const char *more)
{
    process_fixture_write(&fixture, "web.json", "{\"task\":\"web\",\"processes\":[%s]}",
                          process_fixture_entry(&child, "app", more));
}

static inline int64_t start_of(const struct child *of)
{
    return process_boot_start_ms(&fixture.boot, of->start_time);
}

#endif
