/** What is found broken of a stop, judged again whenever a record comes again, until the log ends. */

#include "worker/audit/stop_history_internal.h"

int stop_broken_keep(const struct stop_judgement *judgement, struct stop_run_history *run,
                     const struct stop_verdict *verdict, struct error *err)
{
    struct stop_task_history *task = judgement->of;
    if (verdict->rule == STOP_RULE_NONE) {
        return 0;
    }
    struct stop_broken *broken = arena_alloc(&judgement->history->arena, sizeof *broken);
    if (broken == NULL) {
        return error_no_memory(err, "judging a stop");
    }
    *broken = (struct stop_broken){
        .verdict = *verdict, .source = judgement->source, .run = run, .blocker = verdict->blocker};
    if (task->broken_last == NULL) {
        task->broken_first = broken;
    } else {
        task->broken_last->next = broken;
    }
    task->broken_last = broken;
    return 0;
}

struct stop_broken *stop_broken_by(const struct stop_task_history *task,
                                   const struct stop_source *source)
{
    struct stop_broken *broken = task->broken_first;
    while (broken != NULL && broken->source.record.offset != source->record.offset) {
        broken = broken->next;
    }
    return broken;
}

bool stop_broken_is_first(const struct stop_judgement *judgement)
{
    const struct stop_source *source = &judgement->source;
    for (const struct stop_broken *broken = judgement->of->broken_first; broken != NULL;
         broken = broken->next) {
        if (broken->verdict.first.offset == source->record.offset &&
            broken->source.writer == source->writer &&
            stop_rule_is_of_order(broken->verdict.rule)) {
            return true;
        }
    }
    return false;
}

void stop_broken_settle(struct stop_broken *broken, const struct stop_verdict *verdict)
{
    broken->taken_back = verdict->rule == STOP_RULE_NONE;
    /* what no order makes good stays what it is, whatever else is wrong in this one */
    if (!broken->taken_back && stop_rule_is_of_order(broken->verdict.rule)) {
        broken->verdict = *verdict;
        broken->blocker = verdict->blocker != NULL ? verdict->blocker : broken->blocker;
    }
}

/* ---- in the order of the last writing ---- */

/** What another worker had written before stays before: only its own order is put right by writing again. */
static bool precedes(const struct stop_source *one, const struct stop_source *other)
{
    return one->written < other->written ||
           (one->writer != other->writer && one->record.offset < other->record.offset);
}

/** The fold does not tell when the run that the stop had to wait for ended; its records do. */
static bool still_waited_for(const struct stop_run_history *blocker,
                             const struct stop_source *source)
{
    bool ended = false;
    for (size_t i = 0; blocker != NULL && i < blocker->facts.count; i++) {
        const struct stop_fact *fact = &blocker->facts.items[i];
        if (fact->made_by == DO_RECORD_EXIT) {
            ended = true;
            if (precedes(&fact->source, source)) {
                return false;
            }
        }
    }
    return ended;
}

static struct stop_verdict judge_in_order(const struct stop_judgement *judgement,
                                          struct stop_broken *broken)
{
    const struct stop_run_history *run = broken->run;
    const struct stop_fact *fact = run->facts.items;
    struct stop_fact until[STOP_FACTS_JUDGED];
    struct stop_run_history view = *run;
    view.facts.items = until;
    view.facts.count = 0;
    while (fact->source.record.offset != broken->source.record.offset) {
        fact++;
    }
    for (size_t i = 0; i < run->facts.count; i++) {
        const struct stop_fact *other = &run->facts.items[i];
        if (other != fact && precedes(&other->source, &fact->source)) {
            until[view.facts.count++] = *other;
        }
    }
    until[view.facts.count++] = *fact;
    broken->source.written = fact->source.written;
    struct stop_judgement again = *judgement;
    again.source = fact->source;
    struct stop_verdict verdict = stop_judge_fact(&again, &view);
    if (verdict.rule == STOP_RULE_NONE && still_waited_for(broken->blocker, &fact->source)) {
        verdict.rule = STOP_RULE_ORDER;
        verdict.first = broken->blocker->planned.record;
    }
    verdict.run = run;
    return verdict;
}

void stop_broken_judge_again(const struct stop_judgement *judgement)
{
    for (struct stop_broken *broken = judgement->of->broken_first; broken != NULL;
         broken = broken->next) {
        bool itself = broken->source.record.offset == judgement->source.record.offset;
        if (broken->run != NULL && broken->run->facts.count <= STOP_FACTS_JUDGED &&
            (itself || stop_rule_is_of_order(broken->verdict.rule))) {
            struct stop_verdict verdict = judge_in_order(judgement, broken);
            stop_broken_settle(broken, &verdict);
        }
    }
}
