#ifndef WORKER_HOST_TEXT_SET_H
#define WORKER_HOST_TEXT_SET_H

/** Texts that were said once and need not be said again while they still hold. */

#include <stdbool.h>
#include <stddef.h>

struct text_set {
    char **items; /**< sorted */
    size_t count;
    struct text_set_next {
        char **items;
        size_t count;
    } next; /**< what was met in this round */
};

/** {0} is a valid empty set. */
void text_set_release(struct text_set *set);
/** True if the text was not in the set before this round; it is remembered for the round. Without memory: false. */
bool text_set_meet(struct text_set *set, const char *text);
/** The round is over: what was not met in it is forgotten. */
void text_set_turn(struct text_set *set);

#endif
