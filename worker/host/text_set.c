#include "worker/host/text_set.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"

static int compare(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

static void free_all(char **items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        memory_free(items[i]);
    }
    memory_free(items);
}

void text_set_release(struct text_set *set)
{
    free_all(set->items, set->count);
    free_all(set->next.items, set->next.count);
    *set = (struct text_set){0};
}

bool text_set_meet(struct text_set *set, const char *text)
{
    bool known = set->count > 0 &&
                 bsearch(&text, set->items, set->count, sizeof *set->items, compare) != NULL;
    char *copy = memory_strdup(text);
    char **items = copy == NULL
                       ? NULL
                       : memory_realloc(set->next.items, (set->next.count + 1) * sizeof *items);
    if (items == NULL) {
        memory_free(copy);
        return false;
    }
    set->next.items = items;
    items[set->next.count++] = copy;
    return !known;
}

void text_set_turn(struct text_set *set)
{
    free_all(set->items, set->count);
    set->items = set->next.items;
    set->count = set->next.count;
    set->next = (struct text_set_next){0};
    if (set->count > 1) {
        qsort(set->items, set->count, sizeof *set->items, compare);
    }
}
