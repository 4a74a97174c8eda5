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
    fputs("\n### States\n", out);
    for (enum stop_state state = STOP_STATE_NONE + 1; state < STOP_STATE_COUNT; state++) {
        write_state(out, state);
    }
}
