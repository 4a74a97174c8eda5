#ifndef TESTS_UNIT_DOMAIN_STOP_GRAPH_H
#define TESTS_UNIT_DOMAIN_STOP_GRAPH_H

/** All places that the stop engine and its environment (stop_model.h) can come to, and all moves between them. */

#include "tests/unit/domain/stop_model.h"

enum { GRAPH_STORY_BYTES = 8192, GRAPH_FIGURES = 23 };

struct graph_arc {
    uint32_t to;
    uint16_t passed_ms;
    uint8_t move;
};

struct graph_node {
    int16_t place[GRAPH_FIGURES]; /**< packed: graph_place */
    uint8_t move;                 /**< it was found by this move … */
    uint8_t arc_count;
    uint32_t from; /**< … from there; itself for a beginning */
    uint32_t first_arc;
};

struct graph {
    struct graph_node *nodes;
    uint32_t node_count;
    struct graph_arc *arcs;
    uint32_t arc_count;
    uint32_t *table;     /**< node + 1 by hash, open addressing; 0 = free */
    unsigned *taken;     /**< how often each edge of the engine's table was taken */
    const char *promise; /**< the first one broken, NULL = none … */
    uint32_t broken;     /**< … by broken_move there */
    uint8_t broken_move;
};

/** Walks everything, or up to the first broken promise. @return 0, -1 when memory or the maximum of places is out */
int graph_explore(struct graph *graph);
void graph_release(struct graph *graph);

struct model_place graph_place(const struct graph *graph, uint32_t node);

/** Looks for a circle of moves that count. @return true, and a node of it, if there is one; else ret_longest_ms is the longest
 *  time that such moves take one after the other, wherever they begin. -1 in it when memory is out. */
bool graph_circle(const struct graph *graph, bool (*counts)(const struct graph_arc *arc),
                  uint32_t *ret_node, int64_t *ret_longest_ms);

/** Follows moves that count from a node to wherever there is none. marks: one per node, zeroed before the first call; nothing is walked
 *  twice. @return the first such end that is not in STOP_ENDED, -1 = none */
int64_t graph_dead_end(const struct graph *graph, bool (*counts)(const struct graph_arc *arc),
                       uint32_t node, bool *marks);

/** How a node is reached: per line a move and the state after it. */
void graph_story(const struct graph *graph, uint32_t node, char ret_story[GRAPH_STORY_BYTES]);

#endif
