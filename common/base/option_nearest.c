#include <string.h>

#include "common/base/option_state.h"

enum { NAME_MAX_BYTES = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance needs the two rows before the current one. */
size_t option_distance(struct span a, struct span b)
{
    if (a.length >= NAME_MAX_BYTES || b.length >= NAME_MAX_BYTES) {
        return SIZE_MAX;
    }
    size_t rows[3][NAME_MAX_BYTES] = {0};
    for (size_t j = 0; j <= b.length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t replaced = above[j - 1] + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                a.data[i - 2] == b.data[j - 1]) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a.length % 3][b.length];
}

/* Keeps the name if it is nearer than what was found before. */
static void consider(struct span name, const char *candidate, const char **best,
                     size_t *best_distance)
{
    size_t distance = option_distance(name, span_of(candidate));
    if (distance < *best_distance) {
        *best = candidate;
        *best_distance = distance;
    }
}

const char *option_nearest_word(struct span word, const char *const *words)
{
    const char *best = NULL;
    size_t best_distance = word.length / 3 + 2;
    for (; *words != NULL; words++) {
        consider(word, *words, &best, &best_distance);
    }
    return best;
}

const char *option_nearest(const struct option_program *program, struct span name,
                           bool with_builtins)
{
    const char *best = NULL;
    /* Of a short name little may be wrong, or everything resembles everything. */
    size_t best_distance = name.length / 3 + 2;
    for (size_t i = 0; i < program->spec_count; i++) {
        consider(name, program->specs[i].name, &best, &best_distance);
    }
    for (int builtin = 1; with_builtins && builtin < OPTION_BUILTIN_COUNT; builtin++) {
        consider(name, option_builtin_name((enum option_builtin)builtin), &best, &best_distance);
    }
    return best;
}
