#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/base/memory.h"
#include "tests/unit/domain/stop_graph.h"

static struct graph graph;

static int explore(void **state)
{
    (void)state;
    return graph_explore(&graph);
}

static int release(void **state)
{
    (void)state;
    graph_release(&graph);
    return 0;
}

/** Fails with the shortest way there. */
static void fail_at(uint32_t node, const char *what, const char *then)
{
    char story[GRAPH_STORY_BYTES];
    graph_story(&graph, node, story);
    fail_msg("%s%s\n%s", what, then, story);
}

/** The others need all of the graph. */
static void need_whole_graph(void)
{
    if (graph.promise != NULL) {
        fail_msg("not walked to the end: the first test says why");
    }
}

static enum model_nature nature_of(const struct graph_arc *arc)
{
    return MODEL_MOVES[arc->move].nature;
}

static void stop_engine_model_breaks_no_promise_and_meets_nothing_impossible(void **state)
{
    (void)state;
    if (graph.promise != NULL) {
        print_error("by: %s\n", MODEL_MOVES[graph.broken_move].name);
        fail_at(graph.broken, graph.promise, ", after:");
    }
    assert_true(graph.node_count > 10000);
}

static void stop_engine_model_takes_every_edge(void **state)
{
    (void)state;
    need_whole_graph();
    size_t untaken = 0;
    for (size_t i = 0; i < STOP_EDGE_COUNT; i++) {
        const struct stop_edge *edge = &STOP_EDGES[i];
        if (graph.taken[i] == 0) {
            print_error("never taken: %s on %s if %s (%s)\n", stop_state_name(edge->state),
                        stop_event_name(edge->event), stop_guard_doc(edge->guard), edge->why);
            untaken++;
        }
    }
    assert_int_equal(untaken, 0);
}

static bool makes_every_move(size_t move)
{
    for (uint32_t i = 0; i < graph.arc_count; i++) {
        if (graph.arcs[i].move == move) {
            return true;
        }
    }
    return false;
}

static void stop_engine_model_makes_every_move(void **state)
{
    (void)state;
    need_whole_graph();
    for (size_t i = 0; i < MODEL_MOVE_COUNT; i++) {
        if (!makes_every_move(i)) {
            fail_msg("the environment never does: %s", MODEL_MOVES[i].name);
        }
    }
}

static bool is_stranded(uint32_t node)
{
    const struct graph_node *at = &graph.nodes[node];
    for (size_t i = 0; i < at->arc_count; i++) {
        if (nature_of(&graph.arcs[at->first_arc + i]) == MODEL_DUE) {
            return false;
        }
    }
    return graph_place(&graph, node).run.state != STOP_ENDED;
}

static void stop_engine_model_always_waits_for_something_that_comes(void **state)
{
    (void)state;
    need_whole_graph();
    for (uint32_t node = 0; node < graph.node_count; node++) {
        if (is_stranded(node)) {
            fail_at(node, "nothing is waited for", ", after:");
        }
    }
}

static bool is_healthy(const struct graph_arc *arc)
{
    return nature_of(arc) == MODEL_DUE || nature_of(arc) == MODEL_MAY;
}

/** From every place, whatever failed before: no circle, and no end but ENDED. */
static void stop_engine_model_ends_once_nothing_fails_any_more(void **state)
{
    (void)state;
    need_whole_graph();
    uint32_t node = 0;
    int64_t longest_ms = 0;
    if (graph_circle(&graph, is_healthy, &node, &longest_ms)) {
        fail_at(node, "a circle without an end", ", after:");
    }
    if (longest_ms < 0 || longest_ms > MODEL_END_MS) {
        print_error("%lld ms to the end\n", (long long)longest_ms);
        fail_at(node, "too long to the end", ", after:");
    }
}

static bool is_answer(const struct graph_arc *arc)
{
    return nature_of(arc) == MODEL_DUE && MODEL_MOVES[arc->move].event != STOP_ON_TIMER;
}

static bool tells_of_the_end(const struct graph_arc *arc)
{
    return MODEL_MOVES[arc->move].event == STOP_ON_EXIT_HINT &&
           !graph_place(&graph, arc->to).running;
}

/** A container that has ended, and a hint that says so: the answers of the engine are all that is waited for. */
static void stop_engine_model_finds_an_end_that_it_is_told_of_without_a_timer(void **state)
{
    (void)state;
    need_whole_graph();
    bool *marks = memory_calloc(graph.node_count, sizeof *marks);
    assert_non_null(marks);
    size_t told = 0;
    for (uint32_t i = 0; i < graph.arc_count; i++) {
        if (!tells_of_the_end(&graph.arcs[i])) {
            continue;
        }
        told++;
        int64_t end = graph_dead_end(&graph, is_answer, graph.arcs[i].to, marks);
        if (end >= 0) {
            fail_at((uint32_t)end, "the end is not found without a timer", ", after:");
        }
    }
    memory_free(marks);
    assert_true(told > 1000);
}

static bool is_instant(const struct graph_arc *arc)
{
    return nature_of(arc) != MODEL_OUTSIDE && arc->passed_ms == 0;
}

/** An engine that fails as often as it is asked, and fails at once. */
static void stop_engine_model_never_spins(void **state)
{
    (void)state;
    need_whole_graph();
    uint32_t node = 0;
    int64_t longest_ms = 0;
    if (graph_circle(&graph, is_instant, &node, &longest_ms)) {
        fail_at(node, "a circle that takes no time", ", after:");
    }
    assert_int_equal(longest_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_engine_model_breaks_no_promise_and_meets_nothing_impossible),
        cmocka_unit_test(stop_engine_model_takes_every_edge),
        cmocka_unit_test(stop_engine_model_makes_every_move),
        cmocka_unit_test(stop_engine_model_always_waits_for_something_that_comes),
        cmocka_unit_test(stop_engine_model_ends_once_nothing_fails_any_more),
        cmocka_unit_test(stop_engine_model_finds_an_end_that_it_is_told_of_without_a_timer),
        cmocka_unit_test(stop_engine_model_never_spins),
    };
    return cmocka_run_group_tests(tests, explore, release);
}
