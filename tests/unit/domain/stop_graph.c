#include "tests/unit/domain/stop_graph.h"

#include <stdio.h>
#include <string.h>

#include "common/base/memory.h"

enum { NODES_MAX = 1 << 20, TABLE_SIZE = 1 << 21, ARCS_MAX = NODES_MAX * 16 };

/* ---- places as figures ---- */

static int16_t ago(int64_t boot_ms)
{
    return (int16_t)(boot_ms < 0 ? -1 : MODEL_NOW - boot_ms);
}

static int16_t ahead(int64_t boot_ms)
{
    return (int16_t)(boot_ms <= 0 ? -1 : boot_ms - MODEL_NOW);
}

enum {
    COMMAND = 1 << 0,
    LEFT = 1 << 1,
    INTENDED = 1 << 2,
    PRE_STOPPED = 1 << 3,
    PRE_STOP_ENDED = 1 << 4
};

/** What there is to know of the pre-stop command, but when it began. */
static int16_t pre_stop_of(const struct model_place *place)
{
    const struct stop_run *run = &place->run;
    return (int16_t)((place->command ? COMMAND : 0) | (run->pre_stop_left ? LEFT : 0) |
                     (run->pre_stop_intended ? INTENDED : 0) |
                     (run->pre_stopped ? PRE_STOPPED : 0) |
                     (run->pre_stop_ended ? PRE_STOP_ENDED : 0));
}

static void pack(const struct model_place *place, int16_t figures[GRAPH_FIGURES])
{
    const struct stop_run *run = &place->run;
    const int16_t packed[GRAPH_FIGURES] = {
        (int16_t)run->state,
        (int16_t)place->call,
        place->look_again,
        place->released,
        place->running,
        (int16_t)run->grace_ms,
        (int16_t)run->drain_delay_ms,
        run->signalled,
        run->signalled ? ago(run->signalled_boot_ms) : 0,
        (int16_t)run->intents,
        (int16_t)run->kill_intents,
        run->intended,
        run->maybe_repeated,
        run->kill_recorded,
        run->hinted,
        ahead(run->wake_boot_ms),
        ahead(run->drained_boot_ms),
        ago(run->seen_running_boot_ms),
        (int16_t)run->failures,
        (int16_t)run->tries,
        (int16_t)run->kill_problem,
        pre_stop_of(place),
        run->pre_stopped ? ago(run->pre_stop_boot_ms) : 0,
    };
    memcpy(figures, packed, sizeof packed);
}

struct model_place graph_place(const struct graph *graph, uint32_t node)
{
    const int16_t *at = graph->nodes[node].place;
    struct model_place place = {.run = {0}};
    struct stop_run *run = &place.run;
    run->state = (enum stop_state) * at++;
    place.call = (enum stop_action_kind) * at++;
    place.look_again = *at++ != 0;
    place.released = *at++ != 0;
    place.running = *at++ != 0;
    run->grace_ms = *at++;
    run->drain_delay_ms = *at++;
    run->signalled = *at++ != 0;
    run->signalled_boot_ms = run->signalled ? MODEL_NOW - *at : 0;
    at++;
    run->intents = *at++;
    run->kill_intents = *at++;
    run->intended = *at++ != 0;
    run->maybe_repeated = *at++ != 0;
    run->kill_recorded = *at++ != 0;
    run->hinted = *at++ != 0;
    run->wake_boot_ms = *at < 0 ? -1 : MODEL_NOW + *at;
    at++;
    run->drained_boot_ms = *at < 0 ? 0 : MODEL_NOW + *at;
    at++;
    run->seen_running_boot_ms = *at < 0 ? -1 : MODEL_NOW - *at;
    at++;
    run->failures = *at++;
    run->tries = *at++;
    run->kill_problem = (enum stop_problem) * at++;
    int16_t pre_stop = *at++;
    place.command = (pre_stop & COMMAND) != 0;
    run->pre_stop_left = (pre_stop & LEFT) != 0;
    run->pre_stop_intended = (pre_stop & INTENDED) != 0;
    run->pre_stopped = (pre_stop & PRE_STOPPED) != 0;
    run->pre_stop_ended = (pre_stop & PRE_STOP_ENDED) != 0;
    run->pre_stop_boot_ms = run->pre_stopped ? MODEL_NOW - *at : 0;
    return place;
}

static uint32_t hash_of(const int16_t figures[GRAPH_FIGURES])
{
    uint64_t hash = 0;
    for (size_t i = 0; i < GRAPH_FIGURES; i++) {
        hash = (hash ^ (uint16_t)figures[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return (uint32_t)(hash % TABLE_SIZE);
}

/* ---- the walk ---- */

/** The node of a place, found before or new. @return -1 when the maximum is out */
static int64_t node_of(struct graph *graph, const struct model_place *place, uint32_t from,
                       uint8_t move)
{
    int16_t figures[GRAPH_FIGURES];
    pack(place, figures);
    uint32_t at = hash_of(figures);
    while (graph->table[at] != 0) {
        uint32_t node = graph->table[at] - 1;
        if (memcmp(graph->nodes[node].place, figures, sizeof figures) == 0) {
            return node;
        }
        at = (at + 1) % TABLE_SIZE;
    }
    if (graph->node_count == NODES_MAX) {
        return -1;
    }
    struct graph_node *node = &graph->nodes[graph->node_count];
    memcpy(node->place, figures, sizeof figures);
    node->from = from;
    node->move = move;
    graph->table[at] = ++graph->node_count;
    return graph->node_count - 1;
}

static int walk_move(struct graph *graph, uint32_t node, const struct model_place *place,
                     uint8_t move)
{
    struct model_step step;
    model_make(place, &MODEL_MOVES[move], &step);
    if (step.broken != NULL) {
        graph->promise = step.broken;
        graph->broken = node;
        graph->broken_move = move;
        return 0;
    }
    if (step.edge != NULL) {
        graph->taken[step.edge - STOP_EDGES]++;
    }
    int64_t to = node_of(graph, &step.place, node, move);
    if (to < 0 || graph->arc_count == ARCS_MAX) {
        return -1;
    }
    graph->arcs[graph->arc_count++] =
        (struct graph_arc){(uint32_t)to, (uint16_t)step.passed_ms, move};
    graph->nodes[node].arc_count++;
    return 0;
}

static int walk(struct graph *graph, uint32_t node)
{
    struct model_place place = graph_place(graph, node);
    unsigned holds = model_holds(&place);
    graph->nodes[node].first_arc = graph->arc_count;
    for (size_t i = 0; i < MODEL_MOVE_COUNT && graph->promise == NULL; i++) {
        if (model_can(holds, &MODEL_MOVES[i]) && walk_move(graph, node, &place, (uint8_t)i) != 0) {
            return -1;
        }
    }
    return 0;
}

int graph_explore(struct graph *graph)
{
    *graph = (struct graph){0};
    graph->nodes = memory_calloc(NODES_MAX, sizeof *graph->nodes);
    graph->arcs = memory_calloc(ARCS_MAX, sizeof *graph->arcs);
    graph->table = memory_calloc(TABLE_SIZE, sizeof *graph->table);
    graph->taken = memory_calloc(STOP_EDGE_COUNT, sizeof *graph->taken);
    if (graph->nodes == NULL || graph->arcs == NULL || graph->table == NULL ||
        graph->taken == NULL) {
        return -1;
    }
    struct model_place place;
    for (size_t i = 0; model_begin(i, &place); i++) {
        if (node_of(graph, &place, graph->node_count, 0) < 0) {
            return -1;
        }
    }
    for (uint32_t node = 0; node < graph->node_count && graph->promise == NULL; node++) {
        if (walk(graph, node) != 0) {
            return -1;
        }
    }
    return 0;
}

void graph_release(struct graph *graph)
{
    memory_free(graph->nodes);
    memory_free(graph->arcs);
    memory_free(graph->table);
    memory_free(graph->taken);
    *graph = (struct graph){0};
}

/* ---- circles ---- */

enum { FRESH = 0, OPEN, DONE, OPEN_MAX = 256 };

struct descent {
    uint32_t node;
    uint8_t next_arc;
};

struct search {
    uint8_t *marks;
    int32_t *longest_ms; /* from each node on */
    struct descent *stack;
    size_t depth;
};

static void descend(struct search *search, uint32_t node)
{
    search->marks[node] = OPEN;
    search->stack[search->depth++] = (struct descent){node, 0};
}

/** Follows one arc of the deepest node, or leaves it. @return false at a circle */
static bool advance(const struct graph *graph, struct search *search,
                    bool (*counts)(const struct graph_arc *arc))
{
    struct descent *deepest = &search->stack[search->depth - 1];
    const struct graph_node *node = &graph->nodes[deepest->node];
    if (deepest->next_arc == node->arc_count) {
        search->marks[deepest->node] = DONE;
        search->depth--;
        return true;
    }
    const struct graph_arc *arc = &graph->arcs[node->first_arc + deepest->next_arc];
    if (!counts(arc)) {
        deepest->next_arc++;
    } else if (search->marks[arc->to] == DONE) {
        int32_t along = arc->passed_ms + search->longest_ms[arc->to];
        int32_t *longest = &search->longest_ms[deepest->node];
        *longest = along > *longest ? along : *longest;
        deepest->next_arc++;
    } else if (search->marks[arc->to] == FRESH) {
        descend(search, arc->to); /* and comes back to this arc */
    } else {
        return false;
    }
    return true;
}

static bool search_all(const struct graph *graph, struct search *search,
                       bool (*counts)(const struct graph_arc *arc), uint32_t *ret_node,
                       int64_t *ret_longest_ms)
{
    for (uint32_t root = 0; root < graph->node_count; root++) {
        if (search->marks[root] == FRESH) {
            descend(search, root);
        }
        while (search->depth > 0) {
            if (!advance(graph, search, counts)) {
                *ret_node = search->stack[search->depth - 1].node;
                return true;
            }
        }
        if (search->longest_ms[root] > *ret_longest_ms) {
            *ret_longest_ms = search->longest_ms[root];
            *ret_node = root;
        }
    }
    return false;
}

bool graph_circle(const struct graph *graph, bool (*counts)(const struct graph_arc *arc),
                  uint32_t *ret_node, int64_t *ret_longest_ms)
{
    struct search search = {
        .marks = memory_calloc(graph->node_count, sizeof *search.marks),
        .longest_ms = memory_calloc(graph->node_count, sizeof *search.longest_ms),
        .stack = memory_calloc(graph->node_count, sizeof *search.stack),
    };
    bool found = false;
    *ret_longest_ms = -1;
    if (search.marks != NULL && search.longest_ms != NULL && search.stack != NULL) {
        found = search_all(graph, &search, counts, ret_node, ret_longest_ms);
    }
    memory_free(search.marks);
    memory_free(search.longest_ms);
    memory_free(search.stack);
    return found;
}

/** @return how many moves of the node count; those that lead to where nobody was yet go on the stack */
static size_t follow(const struct graph *graph, bool (*counts)(const struct graph_arc *arc),
                     uint32_t node, bool *marks, uint32_t *open, size_t *depth)
{
    size_t moves = 0;
    const struct graph_node *at = &graph->nodes[node];
    for (size_t i = 0; i < at->arc_count; i++) {
        const struct graph_arc *arc = &graph->arcs[at->first_arc + i];
        if (!counts(arc)) {
            continue;
        }
        moves++;
        if (!marks[arc->to] && *depth < OPEN_MAX) {
            marks[arc->to] = true;
            open[(*depth)++] = arc->to;
        }
    }
    return moves;
}

int64_t graph_dead_end(const struct graph *graph, bool (*counts)(const struct graph_arc *arc),
                       uint32_t node, bool *marks)
{
    uint32_t open[OPEN_MAX];
    size_t depth = 0;
    if (!marks[node]) {
        marks[node] = true;
        open[depth++] = node;
    }
    while (depth > 0) {
        uint32_t at = open[--depth];
        if (follow(graph, counts, at, marks, open, &depth) == 0 &&
            graph_place(graph, at).run.state != STOP_ENDED) {
            return at;
        }
        if (depth == OPEN_MAX) {
            return at; /* never that many: told rather than left out */
        }
    }
    return -1;
}

/* ---- stories ---- */

void graph_story(const struct graph *graph, uint32_t node, char ret_story[GRAPH_STORY_BYTES])
{
    uint32_t way[128];
    size_t length = 0;
    for (uint32_t at = node; length < 128; at = graph->nodes[at].from) {
        way[length++] = at;
        if (graph->nodes[at].from == at) {
            break;
        }
    }
    size_t used = 0;
    while (length > 0 && used < GRAPH_STORY_BYTES) {
        uint32_t at = way[--length];
        struct model_place place = graph_place(graph, at);
        bool begins = graph->nodes[at].from == at;
        int wrote =
            snprintf(ret_story + used, GRAPH_STORY_BYTES - used, "  %s -> %s%s, grace %lld ms\n",
                     begins ? "at first" : MODEL_MOVES[graph->nodes[at].move].name,
                     stop_state_name(place.run.state), place.running ? "" : ", container ended",
                     (long long)place.run.grace_ms);
        used += wrote < 0 ? 0 : (size_t)wrote;
    }
}
