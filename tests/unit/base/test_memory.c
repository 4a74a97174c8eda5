#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/memory.h"

static int turn_failures_off(void **state)
{
    (void)state;
    memory_fail_nth(0, false);
    return 0;
}

static void size_zero_gives_unique_pointers(void **state)
{
    (void)state;
    void *a = memory_alloc(0);
    void *b = memory_calloc(0, 8);
    void *c = memory_calloc(8, 0);
    void *d = memory_realloc(NULL, 0);
    assert_true(a != NULL && b != NULL && c != NULL && d != NULL);
    assert_true(a != b && b != c && c != d);
    d = memory_realloc(d, 0);
    assert_non_null(d);
    memory_free(a);
    memory_free(b);
    memory_free(c);
    memory_free(d);
    memory_free(NULL);
}

static void calloc_zeroes_and_refuses_overflow(void **state)
{
    (void)state;
    char *block = memory_calloc(10, 10);
    static const char zeroes[100];
    assert_memory_equal(block, zeroes, sizeof zeroes);
    memory_free(block);
    size_t huge = SIZE_MAX / 2;
    assert_null(memory_calloc(huge, 4));
}

static void strings_are_copied(void **state)
{
    (void)state;
    char *whole = memory_strdup("abc");
    char *part = memory_strndup("abc", 2);
    char *shorter = memory_strndup("abc", 9);
    char *empty = memory_strndup("abc", 0);
    assert_string_equal(whole, "abc");
    assert_string_equal(part, "ab");
    assert_string_equal(shorter, "abc");
    assert_string_equal(empty, "");
    memory_free(whole);
    memory_free(part);
    memory_free(shorter);
    memory_free(empty);
}

static void *allocate_in_turn(int which, void *old)
{
    switch (which) {
    case 0:
        return memory_alloc(1);
    case 1:
        return memory_calloc(1, 1);
    case 2:
        return memory_strdup("x");
    case 3:
        return memory_strndup("x", 1);
    default:
        return memory_realloc(old, 2);
    }
}

static void exactly_the_nth_fails(void **state)
{
    (void)state;
    for (int n = 1; n <= 5; n++) {
        void *blocks[5];
        void *old = memory_alloc(1);
        memory_fail_nth((uint64_t)n, false);
        for (int i = 0; i < 5; i++) {
            blocks[i] = allocate_in_turn(i, old);
            if (i + 1 == n) {
                assert_null(blocks[i]);
            } else {
                assert_non_null(blocks[i]);
            }
        }
        memory_fail_nth(0, false);
        for (int i = 0; i < 5; i++) {
            memory_free(blocks[i]);
        }
        if (n == 5) {
            memory_free(old); /* the realloc that failed left it alone */
        }
    }
}

static void all_after_the_nth_fail(void **state)
{
    (void)state;
    memory_fail_nth(2, true);
    void *first = memory_alloc(1);
    assert_non_null(first);
    assert_null(memory_alloc(1));
    assert_null(memory_alloc(1));
    memory_fail_nth(0, false);
    void *last = memory_alloc(1);
    assert_non_null(last);
    memory_free(first);
    memory_free(last);
}

static void allocations_are_counted(void **state)
{
    (void)state;
    uint64_t before = memory_count();
    memory_free(memory_alloc(1));
    memory_free(memory_strdup("x"));
    memory_fail_nth(1, false);
    assert_null(memory_alloc(1));
    assert_int_equal(memory_count() - before, 3);
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    unsigned char *blocks[500];
    for (size_t i = 0; i < 500; i++) {
        blocks[i] = arena_alloc(&arena, i);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_equal(blocks[i][j], 0);
        }
        memset(blocks[i], (int)(i % 255) + 1, i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_equal(blocks[i][j], i % 255 + 1);
        }
    }
    assert_true(arena.used_bytes >= 500 * 499 / 2);
    arena_release(&arena);
    assert_int_equal(arena.used_bytes, 0);
    arena_release(&arena);
}

static void an_arena_is_usable_after_release(void **state)
{
    (void)state;
    struct arena arena = {.max_bytes = 1000};
    assert_non_null(arena_alloc(&arena, 900));
    arena_release(&arena);
    assert_int_equal(arena.max_bytes, 1000);
    assert_non_null(arena_alloc(&arena, 900));
    arena_release(&arena);
}

static void an_arena_keeps_to_its_maximum(void **state)
{
    (void)state;
    struct arena arena = {.max_bytes = 64};
    assert_null(arena_alloc(&arena, 65));
    assert_non_null(arena_alloc(&arena, 48));
    assert_null(arena_alloc(&arena, 17));
    assert_non_null(arena_alloc(&arena, 16));
    assert_null(arena_alloc(&arena, 1));
    assert_int_equal(arena.used_bytes, 64);
    arena_release(&arena);
}

static void an_arena_refuses_sizes_that_overflow(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - alignof(max_align_t)));
    assert_null(arena_grow(&arena, NULL, 0, SIZE_MAX));
    assert_null(arena_grow(&arena, NULL, (SIZE_MAX >> 1) + 1, 1));
    int some[1] = {0};
    assert_null(arena_grow(&arena, some, SIZE_MAX / 4 + 1, sizeof some[0]));
    arena_release(&arena);
}

static void one_large_object_has_room(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *large = arena_alloc(&arena, 1 << 20);
    assert_non_null(large);
    memset(large, 1, 1 << 20);
    char *next = arena_alloc(&arena, 8);
    assert_non_null(next);
    assert_int_equal(*next, 0);
    arena_release(&arena);
}

static void arena_strings(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_null(arena_strdup(&arena, NULL));
    assert_null(arena_strndup(&arena, NULL, 0));
    assert_string_equal(arena_strdup(&arena, "abc"), "abc");
    assert_string_equal(arena_strdup(&arena, ""), "");
    assert_string_equal(arena_strndup(&arena, "abc", 2), "ab");
    assert_string_equal(arena_strndup(&arena, "abc", 9), "abc");
    arena_release(&arena);
}

static void arrays_grow_and_keep_their_elements(void **state)
{
    (void)state;
    struct arena arena = {0};
    int *array = NULL;
    size_t moves = 0;
    for (int i = 0; i < 1000; i++) {
        int *grown = arena_grow(&arena, array, (size_t)i, sizeof *array);
        if (grown == NULL) {
            fail_msg("no room for element %d", i);
            return;
        }
        moves += grown != array;
        array = grown;
        array[i] = i;
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(array[i], i);
    }
    assert_int_equal(moves, 11); /* room for 1, 2, 4, ... 1024 */
    arena_release(&arena);
}

static void an_arena_survives_lack_of_memory(void **state)
{
    (void)state;
    struct arena arena = {0};
    memory_fail_nth(1, false);
    assert_null(arena_strdup(&arena, "abc"));
    assert_string_equal(arena_strdup(&arena, "abc"), "abc");
    memory_fail_nth(1, false);
    assert_null(arena_alloc(&arena, 100000));
    assert_non_null(arena_alloc(&arena, 8));
    size_t used = arena.used_bytes;
    int *array = arena_grow(&arena, NULL, 0, 4096);
    assert_non_null(array);
    memory_fail_nth(1, true);
    assert_null(arena_grow(&arena, array, 1, 4096));
    assert_int_equal(arena.used_bytes, used + 4096);
    memory_fail_nth(0, false);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_zero_gives_unique_pointers),
        cmocka_unit_test(calloc_zeroes_and_refuses_overflow),
        cmocka_unit_test(strings_are_copied),
        cmocka_unit_test_teardown(exactly_the_nth_fails, turn_failures_off),
        cmocka_unit_test_teardown(all_after_the_nth_fail, turn_failures_off),
        cmocka_unit_test_teardown(allocations_are_counted, turn_failures_off),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(an_arena_is_usable_after_release),
        cmocka_unit_test(an_arena_keeps_to_its_maximum),
        cmocka_unit_test(an_arena_refuses_sizes_that_overflow),
        cmocka_unit_test(one_large_object_has_room),
        cmocka_unit_test(arena_strings),
        cmocka_unit_test(arrays_grow_and_keep_their_elements),
        cmocka_unit_test_teardown(an_arena_survives_lack_of_memory, turn_failures_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
