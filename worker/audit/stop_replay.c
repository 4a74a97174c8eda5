#include "worker/audit/stop_replay.h"

#include <stdint.h>
#include <string.h>

enum {
    RECORDS = DO_RECORD_SIGNAL | DO_RECORD_KILL | DO_RECORD_EXIT | DO_RECORD_PRE_STOP |
              DO_RECORD_PRE_STOP_END,
    SIGNALLED = 1 << 0,     /* of a place: its stop signal is known to be recorded */
    PRE_STOP_LEFT = 1 << 1, /* of a place: its pre-stop command was not tried yet */
    PLACES = 1 << 2,
    GUESSES = 4,
    GRACE_MS = 30000,
    LATE_MS = 1000000000 /* any deadline is past */
};

/** Where the machine may be. */
struct places {
    bool at[STOP_STATE_COUNT][PLACES];
};

/** A question that what is recorded may leave open. */
struct answer {
    bool may_hold, may_fail;
};

struct walk {
    const struct stop_replay_fact *facts;
    size_t past; /**< of these, before the record that is looked at */
    const struct stop_replay_plan *plan;
    struct answer guards[STOP_GUARD_COUNT][PLACES]; /**< at `past` */
    bool happens[STOP_EVENT_COUNT];                 /**< at `past` */
};

static bool any(const struct walk *walk, unsigned record, bool certain)
{
    for (size_t i = 0; i < walk->past; i++) {
        bool known = walk->facts[i].knowledge != STOP_KNOWLEDGE_MAYBE;
        if (walk->facts[i].record == record && (known || !certain)) {
            return true;
        }
    }
    return false;
}

static bool any_maybe(const struct walk *walk, unsigned record)
{
    for (size_t i = 0; i < walk->past; i++) {
        if (walk->facts[i].record == record && walk->facts[i].knowledge == STOP_KNOWLEDGE_MAYBE) {
            return true;
        }
    }
    return false;
}

/* ---- guards and events ---- */

/** A machine of which all that is not recorded is as little (or as much) as it can be. */
static struct stop_run guess(const struct walk *walk, bool much, bool forced)
{
    bool intended = much && walk->plan->taken_over;
    bool killed = any(walk, DO_RECORD_KILL, true);
    return (struct stop_run){
        .grace_ms = forced ? 0 : GRACE_MS,
        .drain_delay_ms = much,
        .intents = much ? 2 : 0,
        .kill_intents = intended || killed,
        .intended = intended,
        .kill_recorded = much || killed,
        .pre_stop_intended = intended && walk->plan->pre_stop,
        .pre_stopped = any(walk, DO_RECORD_PRE_STOP, !much),
        .pre_stop_ended = any(walk, DO_RECORD_PRE_STOP_END, much),
        .hinted = much,
        .wake_boot_ms = much ? 0 : -1,
        .drained_boot_ms = much ? 0 : INT64_MAX,
        .seen_running_boot_ms = much ? LATE_MS : -1,
    };
}

static void ask_guards(struct walk *walk, struct stop_run run, int64_t now_boot_ms)
{
    for (int place = 0; place < PLACES; place++) {
        run.signalled = (place & SIGNALLED) != 0;
        run.pre_stop_left = (place & PRE_STOP_LEFT) != 0;
        for (int guard = 0; guard < STOP_GUARD_COUNT; guard++) {
            struct answer *answer = &walk->guards[guard][place];
            bool holds = stop_guard_holds((enum stop_guard)guard, &run, now_boot_ms);
            answer->may_hold = answer->may_hold || holds;
            answer->may_fail = answer->may_fail || !holds;
        }
    }
}

/** All that depends on the records before the one that is looked at. */
static void look(struct walk *walk)
{
    memset(walk->guards, 0, sizeof walk->guards);
    for (int i = 0; i < GUESSES; i++) {
        bool much = (i & 1) != 0;
        bool forced = (i & 2) != 0;
        if (forced ? walk->plan->forced : walk->plan->graced || !walk->plan->forced) {
            ask_guards(walk, guess(walk, much, forced), much ? LATE_MS : -1);
        }
    }
    for (int event = 0; event < STOP_EVENT_COUNT; event++) {
        walk->happens[event] = true;
    }
    /* another's record is brought by the log, if it may not have been read before */
    walk->happens[STOP_ON_LOG_SIGNALLED] = any_maybe(walk, DO_RECORD_SIGNAL);
    walk->happens[STOP_ON_LOG_PRE_STOPPED] = any_maybe(walk, DO_RECORD_PRE_STOP);
    walk->happens[STOP_ON_LOG_ENDED] = any_maybe(walk, DO_RECORD_EXIT);
}

/* ---- edges ---- */

static int place_after(int place, const struct stop_edge *edge)
{
    if (edge->event == STOP_ON_LOG_SIGNALLED || (edge->actions & DO_RECORD_SIGNAL) != 0) {
        place |= SIGNALLED;
    }
    if (edge->event == STOP_ON_LOG_PRE_STOPPED ||
        (edge->actions & (DO_PRE_STOP | DO_RECORD_PRE_STOP)) != 0) {
        place &= ~PRE_STOP_LEFT;
    }
    return place;
}

/** Takes every edge of a cell that may be taken and makes just that record (0 = none). @return true if a place was added */
static bool take_cell(const struct walk *walk, const struct stop_edge *edge, int place,
                      unsigned record, struct places *into)
{
    const struct stop_edge *end = STOP_EDGES + STOP_EDGE_COUNT;
    const struct stop_edge *first = edge;
    bool added = false;
    struct answer answer = {.may_fail = true};
    for (; edge < end && answer.may_fail && edge->state == first->state &&
           edge->event == first->event;
         edge++) {
        answer = walk->guards[edge->guard][place];
        if (answer.may_hold && (edge->actions & RECORDS) == record) {
            bool *at = &into->at[edge->next][place_after(place, edge)];
            added = added || !*at;
            *at = true;
        }
    }
    return added;
}

static bool take_edges(const struct walk *walk, const struct places *from, unsigned record,
                       struct places *into)
{
    bool added = false;
    for (size_t i = 0; i < STOP_EDGE_COUNT; i++) {
        const struct stop_edge *edge = &STOP_EDGES[i];
        bool first = i == 0 || edge[-1].state != edge->state || edge[-1].event != edge->event;
        if (!first || !walk->happens[edge->event]) {
            continue;
        }
        for (int place = 0; place < PLACES; place++) {
            if (from->at[edge->state][place]) {
                added = take_cell(walk, edge, place, record, into) || added;
            }
        }
    }
    return added;
}

/* ---- the way ---- */

/** Where it begins: a machine is filled in from what is known. */
static struct places begin(const struct walk *walk)
{
    struct places places = {0};
    if (any(walk, DO_RECORD_EXIT, true)) {
        places.at[STOP_ENDED][0] = true;
        return places;
    }
    bool signalled = any(walk, DO_RECORD_SIGNAL, true);
    bool tried = any(walk, DO_RECORD_PRE_STOP, true) || any(walk, DO_RECORD_PRE_STOP_END, true);
    for (int place = 0; place < PLACES; place++) {
        bool knows_signal = (place & SIGNALLED) != 0;
        bool left = (place & PRE_STOP_LEFT) != 0;
        bool signal_fits =
            knows_signal ? signalled || any_maybe(walk, DO_RECORD_SIGNAL) : !signalled;
        /* without one is fine too: older versions planned the command and did not run it */
        places.at[STOP_NEW][place] = signal_fits && (!left || (walk->plan->pre_stop && !tried));
    }
    places.at[STOP_ENDED][0] = any_maybe(walk, DO_RECORD_EXIT);
    return places;
}

static bool is_empty(const struct places *places)
{
    for (int state = 0; state < STOP_STATE_COUNT; state++) {
        for (int place = 0; place < PLACES; place++) {
            if (places->at[state][place]) {
                return false;
            }
        }
    }
    return true;
}

static struct places everywhere(void)
{
    struct places places;
    for (int state = 0; state < STOP_STATE_COUNT; state++) {
        for (int place = 0; place < PLACES; place++) {
            places.at[state][place] = true;
        }
    }
    return places;
}

static bool walk_admits(const struct stop_replay_fact *facts, size_t count,
                        const struct stop_replay_plan *plan)
{
    struct walk walk = {.facts = facts, .plan = plan};
    while (walk.past < count && facts[walk.past].knowledge != STOP_KNOWLEDGE_OWN) {
        walk.past++;
    }
    struct places places = begin(&walk);
    bool admitted = true;
    for (; walk.past < count; walk.past++) {
        if (facts[walk.past].knowledge != STOP_KNOWLEDGE_OWN) {
            continue;
        }
        struct places next = {0};
        look(&walk);
        while (take_edges(&walk, &places, 0, &places)) {
        }
        (void)take_edges(&walk, &places, facts[walk.past].record, &next);
        admitted = !is_empty(&next);
        if (!admitted) { /* said of that record already: what follows is judged from wherever it leads */
            places = everywhere();
            (void)take_edges(&walk, &places, facts[walk.past].record, &next);
        }
        places = next;
    }
    return admitted;
}

/* ---- memory ---- */

/** All that a verdict depends on, as a number; 0 = there is more than fits. */
static uint64_t key_of(const struct stop_replay_fact *facts, size_t count,
                       const struct stop_replay_plan *plan)
{
    static const unsigned KINDS[] = {DO_RECORD_SIGNAL, DO_RECORD_KILL, DO_RECORD_EXIT,
                                     DO_RECORD_PRE_STOP, DO_RECORD_PRE_STOP_END};
    enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0], FACT_BITS = 5, FACTS_MAX = 11 };
    uint64_t key = 0;
    for (size_t i = 0; i < count && count <= FACTS_MAX; i++) {
        uint64_t kind = 0;
        while (kind < KIND_COUNT && KINDS[kind] != facts[i].record) {
            kind++;
        }
        key = (key << FACT_BITS) | ((kind + 1) << 2) | (uint64_t)facts[i].knowledge;
    }
    return (key << 4) | ((uint64_t)plan->pre_stop << 3) | ((uint64_t)plan->forced << 2) |
           ((uint64_t)plan->graced << 1) | (uint64_t)plan->taken_over;
}

bool stop_replay_admits(struct stop_replay_memory *memory, const struct stop_replay_fact *facts,
                        size_t count, const struct stop_replay_plan *plan)
{
    uint64_t key = key_of(facts, count, plan);
    bool fits = key >> 4 != 0;
    size_t at = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 56;
    if (fits && memory->keys[at] == key) {
        return memory->admits[at];
    }
    bool admits = walk_admits(facts, count, plan);
    if (fits) {
        memory->keys[at] = key;
        memory->admits[at] = admits;
    }
    return admits;
}
