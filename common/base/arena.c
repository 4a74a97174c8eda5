#include <stdalign.h>
#include <string.h>

#include "common/base/memory.h"

enum {
    FIRST_BLOCK_BYTES = 1024,
    LAST_BLOCK_BYTES = 64 * 1024, /* blocks double up to here */
    ALIGNMENT = alignof(max_align_t)
};

struct arena_block {
    struct arena_block *next; /* older */
    size_t size_bytes;
    size_t used_bytes;
    alignas(max_align_t) char data[];
};

static struct arena_block *add_block(struct arena *arena, size_t at_least)
{
    size_t size = FIRST_BLOCK_BYTES;
    if (arena->head != NULL) {
        size = arena->head->size_bytes * 2;
        size = size > LAST_BLOCK_BYTES ? LAST_BLOCK_BYTES : size;
    }
    size = size < at_least ? at_least : size;
    struct arena_block *block = memory_calloc(1, sizeof *block + size);
    if (block != NULL) {
        block->next = arena->head;
        block->size_bytes = size;
        arena->head = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > PTRDIFF_MAX) {
        return NULL;
    }
    size_t rounded = ((size == 0 ? 1 : size) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t max_bytes = arena->max_bytes == 0 ? SIZE_MAX : arena->max_bytes;
    if (arena->used_bytes > max_bytes || rounded > max_bytes - arena->used_bytes) {
        return NULL;
    }
    struct arena_block *block = arena->head;
    if (block == NULL || rounded > block->size_bytes - block->used_bytes) {
        block = add_block(arena, rounded);
        if (block == NULL) {
            return NULL;
        }
    }
    void *memory = block->data + block->used_bytes;
    block->used_bytes += rounded;
    arena->used_bytes += rounded;
    return memory;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    if (text == NULL) {
        return NULL;
    }
    size_t whole = strnlen(text, length);
    char *copy = arena_alloc(arena, whole + 1);
    if (copy != NULL) {
        memcpy(copy, text, whole);
    }
    return copy;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_size)
{
    bool has_room = count != 0 && (count & (count - 1)) != 0;
    if (has_room) {
        return array;
    }
    size_t room = count == 0 ? 1 : count * 2;
    if (room < count || (element_size != 0 && room > SIZE_MAX / element_size)) {
        return NULL;
    }
    char *grown = arena_alloc(arena, room * element_size);
    if (grown != NULL && count != 0) {
        memcpy(grown, array, count * element_size);
    }
    return grown;
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->head;
    while (block != NULL) {
        struct arena_block *next = block->next;
        memory_free(block);
        block = next;
    }
    arena->head = NULL;
    arena->used_bytes = 0;
}
