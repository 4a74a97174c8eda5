#ifndef WORKER_HOST_TIMER_HEAP_H
#define WORKER_HOST_TIMER_HEAP_H

/** Deadlines on the boot-time clock, ordered: thousands of them cost one loop timer. Entries are embedded in what they belong to. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void timer_heap_fn(void *context);

/** One deadline. {.fn, .context} and zeroes else = not armed. */
struct timer_entry {
    int64_t at_boot_ms;
    size_t place; /**< in the heap + 1; 0 = not armed. Private */
    timer_heap_fn *fn;
    void *context;
};

struct timer_heap {
    struct timer_entry **entries;
    size_t count, capacity;
};

static inline bool timer_armed(const struct timer_entry *entry)
{
    return entry->place != 0;
}

/** Frees the heap, not the entries. {0} is a valid empty heap. */
void timer_heap_release(struct timer_heap *heap);
/** Arms or moves an entry. Room for armed entries is made by timer_heap_reserve, so this cannot fail. */
void timer_heap_arm(struct timer_heap *heap, struct timer_entry *entry, int64_t at_boot_ms);
void timer_heap_disarm(struct timer_heap *heap, struct timer_entry *entry);
/** Makes room for `count` entries in all. @return false when memory is out */
bool timer_heap_reserve(struct timer_heap *heap, size_t count);
/** The earliest, NULL = none. */
struct timer_entry *timer_heap_first(const struct timer_heap *heap);

#endif
