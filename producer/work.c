#include "producer/work.h"

#include <stddef.h>

#include "producer/service.h"

void work_ring_init(struct work *ring)
{
    *ring = (struct work){.previous = ring, .next = ring};
}

void work_ring_release(struct work *ring)
{
    while (ring->next != NULL && ring->next != ring) {
        work_end(ring->next);
    }
}

void work_begin(struct work *work, struct call *call, work_free_fn *free)
{
    struct work *ring = &call->service->works;
    work->free = free;
    work->next = ring;
    work->previous = ring->previous;
    work->previous->next = work;
    ring->previous = work;
    call_hold(call, &work->call);
}

void work_end(struct work *work)
{
    if (work->call != NULL) {
        work->call->holder = NULL;
    }
    work->previous->next = work->next;
    work->next->previous = work->previous;
    work->free(work);
}
