#ifndef PRODUCER_WORK_H
#define PRODUCER_WORK_H

/** Work on a call that may outlive it: when the call's time is up while Redis or Kafka still owe an answer,
 *  the work stays until that comes. The service keeps all of it, so that its end can free what is left.
 *  Embedded as the first member. */

#include "producer/call.h"

struct work;

/** Frees the work; nothing calls back any more. */
typedef void work_free_fn(struct work *work);

struct work {
    struct call *call; /**< NULL once it is answered */
    struct work *previous, *next;
    work_free_fn *free;
};

/** The head of a ring of works. */
void work_ring_init(struct work *ring);
/** Frees all works of the ring; their calls are left alone. */
void work_ring_release(struct work *ring);

/** Begins work on the call. */
void work_begin(struct work *work, struct call *call, work_free_fn *free);
/** Ends it: nothing is owed any more. Frees the work; the call, if it is not answered, is left alone. */
void work_end(struct work *work);

#endif
