#include <ctype.h>
#include <string.h>

#include "common/domain/stop_engine_table.h"

static const char *const STATE_NAMES[STOP_STATE_COUNT] = {
#define STOP_STATE(name, doc) [STOP_##name] = #name,
#include "common/domain/stop_engine.def"
};

static const char *const EVENT_NAMES[STOP_EVENT_COUNT] = {
#define STOP_EVENT(name, doc) [STOP_ON_##name] = #name,
#include "common/domain/stop_engine.def"
};

static const char *const PROBLEM_TEXTS[STOP_PROBLEM_COUNT] = {
#define STOP_PROBLEM(name, doc) [STOP_PROBLEM_##name] = (doc),
#include "common/domain/stop_engine.def"
};

const char *stop_state_name(enum stop_state state)
{
    bool known = state > STOP_STATE_NONE && state < STOP_STATE_COUNT;
    return known ? STATE_NAMES[state] : "none";
}

const char *stop_event_name(enum stop_event event)
{
    bool known = event > STOP_EVENT_NONE && event < STOP_EVENT_COUNT;
    return known ? EVENT_NAMES[event] : "none";
}

const char *stop_problem_text(enum stop_problem problem)
{
    bool known = problem > STOP_PROBLEM_NONE && problem < STOP_PROBLEM_COUNT;
    return known ? PROBLEM_TEXTS[problem] : "none";
}

/** "DO_ARM_CHECK | DO_INSPECT" as "arm check, inspect". */
static void write_actions(FILE *out, const char *text)
{
    if (strcmp(text, "NOTHING") == 0) {
        fputs("-", out);
        return;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (strncmp(at, "DO_", 3) == 0) {
            at += 2;
        } else if (strncmp(at, " | ", 3) == 0) {
            fputs(", ", out);
            at += 2;
        } else {
            fputc(*at == '_' ? ' ' : tolower((unsigned char)*at), out);
        }
    }
}

/** What an older incarnation did is left out of the picture: it leads past the states from nearly everywhere. */
static bool is_pictured(const struct stop_edge *edge)
{
    return edge->state != edge->next && strncmp(stop_event_name(edge->event), "LOG_", 4) != 0;
}

/** The first edge between its two states: the arrow's label names the events of all. */
static bool is_first_arrow(size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (is_pictured(&STOP_EDGES[i]) && STOP_EDGES[i].state == STOP_EDGES[index].state &&
            STOP_EDGES[i].next == STOP_EDGES[index].next) {
            return false;
        }
    }
    return true;
}

static void write_arrow(FILE *out, size_t index)
{
    const struct stop_edge *arrow = &STOP_EDGES[index];
    enum stop_event named = STOP_EVENT_NONE;
    fprintf(out, "    %s --> %s: ", stop_state_name(arrow->state), stop_state_name(arrow->next));
    for (size_t i = index; i < STOP_EDGE_COUNT; i++) {
        const struct stop_edge *edge = &STOP_EDGES[i];
        bool same = edge->state == arrow->state && edge->next == arrow->next;
        if (same && is_pictured(edge) && edge->event != named) {
            fprintf(out, "%s%s", named == STOP_EVENT_NONE ? "" : ", ",
                    stop_event_name(edge->event));
            named = edge->event;
        }
    }
    fputc('\n', out);
}

static void write_picture(FILE *out)
{
    fputs(
        "\n### Picture\n\nWithout what keeps the state, and without LOG_PRE_STOPPED, LOG_SIGNALLED "
        "and LOG_ENDED.\n\n```mermaid\nstateDiagram-v2\n",
        out);
    fprintf(out, "    [*] --> %s\n", stop_state_name(STOP_NEW));
    for (size_t i = 0; i < STOP_EDGE_COUNT; i++) {
        if (is_pictured(&STOP_EDGES[i]) && is_first_arrow(i)) {
            write_arrow(out, i);
        }
    }
    fprintf(out, "    %s --> [*]\n```\n", stop_state_name(STOP_ENDED));
}

static void write_state(FILE *out, enum stop_state state)
{
    fprintf(out, "\n#### %s\n\n%s.\n\n", stop_state_name(state), stop_state_doc(state));
    fputs("| event | if | next | does | why |\n|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < STOP_EDGE_COUNT; i++) {
        const struct stop_edge *edge = &STOP_EDGES[i];
        if (edge->state != state) {
            continue;
        }
        fprintf(out, "| %s | %s | %s | ", stop_event_name(edge->event), stop_guard_doc(edge->guard),
                stop_state_name(edge->next));
        write_actions(out, edge->actions_text);
        fprintf(out, " | %s |\n", edge->why);
    }
    fputs("\nImpossible here:", out);
    const char *separator = " ";
    for (enum stop_event event = STOP_EVENT_NONE + 1; event < STOP_EVENT_COUNT; event++) {
        if (stop_edge_first(state, event) == NULL) {
            fprintf(out, "%s%s", separator, stop_event_name(event));
            separator = ", ";
        }
    }
    fputs(".\n", out);
}

void stop_engine_write_markdown(FILE *out)
{
    fputs(
        "### Events\n\n| event | what happened | impossible elsewhere, because |\n|---|---|---|\n",
        out);
    for (enum stop_event event = STOP_EVENT_NONE + 1; event < STOP_EVENT_COUNT; event++) {
        fprintf(out, "| %s | %s | %s |\n", stop_event_name(event), stop_event_doc(event),
                stop_event_elsewhere(event));
    }
    fputs("\n### Reasons of StopStuck\n\n", out);
    for (enum stop_problem p = STOP_PROBLEM_NONE + 1; p < STOP_PROBLEM_COUNT; p++) {
        fprintf(out, "- %s\n", stop_problem_text(p));
    }
    write_picture(out);
    fputs("\n### States\n", out);
    for (enum stop_state state = STOP_STATE_NONE + 1; state < STOP_STATE_COUNT; state++) {
        write_state(out, state);
    }
}
