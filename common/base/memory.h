#ifndef COMMON_BASE_MEMORY_H
#define COMMON_BASE_MEMORY_H

/** All allocation goes through here, so that tests can make the n-th one fail; and arenas, for
 *  values that live and die together (an event, a folded task). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Plain allocation; NULL when memory is out (or a test says so). Size 0 gives a unique pointer. */
void *memory_alloc(size_t size);
void *memory_calloc(size_t count, size_t size);
void *memory_realloc(void *old, size_t size);
char *memory_strdup(const char *text);
char *memory_strndup(const char *text, size_t length);
void memory_free(void *block);

/** One heap for all threads, to be said before the first thread: where the other threads are libraries' they use little,
 *  and a heap for each keeps what it once took. */
void memory_share_heap(void);

/** Tests: the n-th allocation from now fails (1 = the next); 0 turns it off. With `all_after` every
 *  later one fails too. */
void memory_fail_nth(uint64_t n, bool all_after);
/** Allocations made since the process started (for tests that walk n). */
uint64_t memory_count(void);

/** Bump allocator: everything is freed at once. {0} is a valid empty arena without a maximum. */
struct arena {
    struct arena_block *head; /**< newest block; private */
    size_t used_bytes;        /**< handed out so far */
    size_t max_bytes;         /**< arena_alloc gives NULL beyond this; 0 = no limit */
};

/** Zeroed memory aligned for any object, valid until arena_release; NULL when memory or the
 *  maximum is out. */
void *arena_alloc(struct arena *arena, size_t size);
/** Copies of text in the arena; arena_strdup(arena, NULL) is NULL without being a failure. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
/** Grows an array of `count` elements by one, doubling its room at powers of two: call with the
 *  current array and count, gets back the (maybe moved) array with room for count + 1, or NULL. */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_size);
/** Frees all blocks; the arena is empty and usable again, its maximum kept. */
void arena_release(struct arena *arena);

#endif
