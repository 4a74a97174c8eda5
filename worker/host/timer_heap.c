#include "worker/host/timer_heap.h"

#include "common/base/memory.h"

void timer_heap_release(struct timer_heap *heap)
{
    for (size_t i = 0; i < heap->count; i++) {
        heap->entries[i]->place = 0;
    }
    memory_free(heap->entries);
    *heap = (struct timer_heap){0};
}

bool timer_heap_reserve(struct timer_heap *heap, size_t count)
{
    if (count <= heap->capacity) {
        return true;
    }
    size_t capacity = heap->capacity == 0 ? 16 : heap->capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    struct timer_entry **entries =
        memory_realloc(heap->entries, capacity * sizeof(struct timer_entry *));
    if (entries == NULL) {
        return false;
    }
    heap->entries = entries;
    heap->capacity = capacity;
    return true;
}

static void put(struct timer_heap *heap, size_t index, struct timer_entry *entry)
{
    heap->entries[index] = entry;
    entry->place = index + 1;
}

static bool before(const struct timer_heap *heap, size_t a, size_t b)
{
    return heap->entries[a]->at_boot_ms < heap->entries[b]->at_boot_ms;
}

static void swap(struct timer_heap *heap, size_t a, size_t b)
{
    struct timer_entry *first = heap->entries[a];
    put(heap, a, heap->entries[b]);
    put(heap, b, first);
}

static void sift_up(struct timer_heap *heap, size_t index)
{
    while (index > 0 && before(heap, index, (index - 1) / 2)) {
        swap(heap, index, (index - 1) / 2);
        index = (index - 1) / 2;
    }
}

static void sift_down(struct timer_heap *heap, size_t index)
{
    for (;;) {
        size_t least = index;
        for (size_t child = 2 * index + 1; child <= 2 * index + 2 && child < heap->count; child++) {
            least = before(heap, child, least) ? child : least;
        }
        if (least == index) {
            return;
        }
        swap(heap, index, least);
        index = least;
    }
}

void timer_heap_arm(struct timer_heap *heap, struct timer_entry *entry, int64_t at_boot_ms)
{
    entry->at_boot_ms = at_boot_ms;
    if (entry->place == 0) {
        put(heap, heap->count++, entry);
    }
    sift_up(heap, entry->place - 1);
    sift_down(heap, entry->place - 1);
}

void timer_heap_disarm(struct timer_heap *heap, struct timer_entry *entry)
{
    if (entry->place == 0) {
        return;
    }
    size_t index = entry->place - 1;
    struct timer_entry *last = heap->entries[--heap->count];
    entry->place = 0;
    if (last != entry) {
        put(heap, index, last);
        sift_up(heap, last->place - 1);
        sift_down(heap, last->place - 1);
    }
}

struct timer_entry *timer_heap_first(const struct timer_heap *heap)
{
    return heap->count == 0 ? NULL : heap->entries[0];
}
