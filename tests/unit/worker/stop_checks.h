#ifndef TESTS_UNIT_WORKER_STOP_CHECKS_H
#define TESTS_UNIT_WORKER_STOP_CHECKS_H

/** What the stopper's tests make and check again and again. */

#include "tests/unit/worker/stop_world.h"

/** A world with one task "t" of these containers, running since 5000 unless they say otherwise. Ended by end_world. */
struct world *make_world(const struct world_container *containers, size_t count);
void end_world(struct world *world);

#define make(...)                                                                                  \
    make_world((struct world_container[]){__VA_ARGS__},                                            \
               sizeof((struct world_container[]){__VA_ARGS__}) / sizeof(struct world_container))

/** The log says TaskStopped, once, and nothing is left to do. */
void assert_stopped(struct world *world);
/** The same, with what the log brings first. */
void assert_stopped_once_kafka_is_back(struct world *world);
/** The recorded exit code, which must be known. */
int64_t exit_code_of(struct world *world, const char *container_id);
/** Whether the first SignalSent of the log says maybeRepeated. */
bool said_repeated(struct world *world);
/** Runs until the call of a signal is out. */
void run_to_signal_call(struct world *world);

#endif
