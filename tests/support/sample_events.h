#ifndef TESTS_SUPPORT_SAMPLE_EVENTS_H
#define TESTS_SUPPORT_SAMPLE_EVENTS_H

/** Events for tests: the same for the same arguments, on every machine. Their texts are in their
 *  arenas: event_release. A lack of memory aborts. */

#include "common/domain/event.h"

#define SAMPLE_TASK "0123456789abcdef0123456789abcdef"

/** Common fields alone; `number` makes id and ts. */
void sample_event(struct event *event, enum event_type type, unsigned number);
/** A request id: that of sample_event with this number. */
const char *sample_id(struct event *event, unsigned number);
/** Every field of the type set, with values that differ from field to field. */
void sample_full_event(struct event *event, enum event_type type, unsigned number);

/** Run `which` of the tests' small world, started at `start` (0 = created only). */
struct run sample_run(struct event *event, unsigned which, unsigned start);

/** The stop of a task of two containers, in order, as numbered events: begins with WorkerStarted
 *  and TaskObserved, ends with TaskStopped and HostDeregistered. */
enum { SAMPLE_STOP_EVENTS = 13 };
void sample_stop_event(struct event *event, unsigned index);

/** A pseudo-random sequence (xorshift64*): equal seeds, equal sequences. */
struct sample_random {
    uint64_t state;
};
struct sample_random sample_random_of(uint64_t seed);
/** A number below `below` (> 0). */
unsigned sample_random_below(struct sample_random *random, unsigned below);
/** Any event about SAMPLE_TASK in a world of few runs, requests and tags, so that events meet. */
void sample_random_event(struct event *event, struct sample_random *random, unsigned number);

#endif
