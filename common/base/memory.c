#include "common/base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint64_t made;       /* allocations so far */
static _Atomic uint64_t fail_at;    /* the value of `made` that fails; 0 = none */
static _Atomic bool fail_all_after; /* every later one too */

static bool must_fail(void)
{
    uint64_t number = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;
    uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    if (at == 0 || number < at) {
        return false;
    }
    return number == at || atomic_load_explicit(&fail_all_after, memory_order_relaxed);
}

void memory_fail_nth(uint64_t n, bool all_after)
{
    atomic_store(&fail_all_after, all_after);
    atomic_store(&fail_at, n == 0 ? 0 : memory_count() + n);
}

uint64_t memory_count(void)
{
    return atomic_load(&made);
}

void *memory_alloc(size_t size)
{
    return must_fail() ? NULL : malloc(size == 0 ? 1 : size);
}

void *memory_calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        total = SIZE_MAX;
    }
    if (must_fail() || total > PTRDIFF_MAX) {
        return NULL;
    }
    return calloc(1, total == 0 ? 1 : total);
}

void *memory_realloc(void *old, size_t size)
{
    return must_fail() ? NULL : realloc(old, size == 0 ? 1 : size);
}

char *memory_strdup(const char *text)
{
    return memory_strndup(text, strlen(text));
}

char *memory_strndup(const char *text, size_t length)
{
    size_t whole = strnlen(text, length);
    char *copy = memory_alloc(whole + 1);
    if (copy != NULL) {
        memcpy(copy, text, whole);
        copy[whole] = '\0';
    }
    return copy;
}

void memory_free(void *block)
{
    free(block);
}

void memory_share_heap(void)
{
#ifdef M_ARENA_MAX
    (void)mallopt(M_ARENA_MAX, 1);
#endif
}
