/** The log of a history as an auditor reads it: worker/audit's own judgement of recorded stops. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/check.h"
#include "worker/audit/stop_history.h"

static void on_found(void *context, const struct stop_finding *finding)
{
    (void)context;
    if (sim.facts_lost && stop_rule_is_of_order(finding->rule)) {
        return; /* what only a worker knew that could not write it down is in no log */
    }
    sim_broken_by_the_log(stop_rule_text(finding->rule),
                          "the audit: %s run %lld, %s at %lld after %s at %lld",
                          finding->container == NULL ? finding->key : finding->container,
                          (long long)finding->run.started_at, finding->second.type_name,
                          (long long)finding->second.offset,
                          finding->first.offset < 0 ? "nothing" : finding->first.type_name,
                          (long long)finding->first.offset);
}

void sim_check_audit(void)
{
    struct stop_history history = {0};
    struct task folds[sizeof sim.tasks / sizeof sim.tasks[0]] = {0};
    static const struct task nothing;
    for (int64_t i = 0; i < sim.events.count; i++) {
        const struct sim_record *record = &sim.events.records[i];
        struct event event;
        if (event_decode((struct span){record->bytes, record->length}, &event, NULL) != 0) {
            continue; /* sim_check_appended has said it */
        }
        struct task *fold = NULL;
        for (int t = 0; event.task != NULL && t < sim.task_count; t++) {
            fold = strcmp(sim.tasks[t]->id, event.task) == 0 ? &folds[t] : fold;
        }
        const struct stop_place place = {.offset = i, .appended_unix_ms = record->appended_wall_ms};
        if (stop_history_add(&history, fold == NULL ? &nothing : fold, &event, &place, NULL) != 0 ||
            (fold != NULL && reduce(fold, &event, NULL, NULL) != 0)) {
            abort();
        }
        event_release(&event);
    }
    (void)stop_history_report(&history, on_found, NULL);
    for (int t = 0; t < sim.task_count; t++) {
        task_release(&folds[t]);
    }
    stop_history_release(&history);
}
