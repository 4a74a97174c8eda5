/** The promises, at answers and at the end of a history. */

#include <stdlib.h>
#include <string.h>

#include "tests/sim/check.h"

/* ---- answers ---- */

static struct sim_answer *answers;
static int answer_count, answer_room;

void sim_check_answer(const struct sim_answer *answer)
{
    const struct sim_task *task = sim_task_find(answer->task);
    if (task == NULL || sim_request_find(task, answer->request) == NULL) {
        sim_broken("no answer without a record", "%s", answer->request);
    }
    answers = sim_grown(answers, answer_count, &answer_room, sizeof *answers);
    struct sim_answer *copy = &answers[answer_count++];
    *copy = *answer;
    copy->request = strdup(answer->request);
    copy->first = answer->first == NULL ? NULL : strdup(answer->first);
}

static const char *text(const char *maybe)
{
    return maybe == NULL ? "-" : maybe;
}

static void check_answer_at_end(const struct sim_answer *answer)
{
    const struct sim_task *task = sim_task_find(answer->task);
    const char *first = task->fold.request_event_id;
    if (first == NULL || strcmp(first, text(answer->first)) == 0) {
        return; /* it ended before the request was recorded, or is as was said */
    }
    const struct sim_request *winner = sim_request_find(task, first);
    if (winner == NULL || winner->offset >= answer->offset) {
        sim_broken("an answer is taken back by nothing but what came before it",
                   "%s said %s, it is %s", answer->request, text(answer->first), first);
    }
}

/* ---- the end ---- */

static const char *check_task_settled(const struct sim_task *task)
{
    const struct sim_base *base = sim_base_find(task->id);
    const struct task *fold = &task->fold;
    if (task_stop_requested(fold) && !task_is_terminal(fold)) {
        return "a recorded StopTask without an end";
    }
    if (base == NULL) {
        return "a task is missing in the view";
    }
    if (base->terminal) {
        return NULL; /* nothing changes it any more */
    }
    if (base->pos != task->snapshots[task->count - 1].offset) {
        return "a base is not folded to the end of the log";
    }
    return base->pending_count > 0 ? "pending is left over" : NULL;
}

static const char *check_runs_settled(void)
{
    for (int i = 0; i < sim.container_count; i++) {
        struct sim_container *container = &sim.containers[i];
        for (int k = 0; k < container->run_count; k++) {
            const struct sim_run *run = &container->runs[k];
            struct run name = {container->id, run->started_at};
            int describing = 0;
            for (int t = 0; t < sim.task_count; t++) {
                const struct task *fold = &sim.tasks[t]->fold;
                const struct described_container *described = task_described(fold, name);
                describing += !task_is_terminal(fold) && described != NULL && !described->ended;
            }
            if (run->on && !container->removed && describing != 1) {
                return describing == 0 ? "a running container is in no open task"
                                       : "a running container is in two open tasks";
            }
            if (!run->on && describing > 0) {
                return "an open task describes what has ended";
            }
        }
    }
    return NULL;
}

const char *sim_check_settled(void)
{
    for (int i = 0; i < sim.task_count; i++) {
        const char *what = check_task_settled(sim.tasks[i]);
        if (what != NULL) {
            return what;
        }
    }
    if (!sim.worker->alive) {
        return "no worker lives";
    }
    if (sim_worker_elder() != NULL) {
        return "an older worker lives beside its successor";
    }
    if (sim.committed != sim.events.count) {
        return "the commit is not at the log's end";
    }
    return check_runs_settled();
}

static bool folded_already(const char *id, int64_t before)
{
    for (int64_t i = 0; i < before; i++) {
        const struct sim_record *record = &sim.events.records[i];
        if (span_equal_text(record_peek_text((struct span){record->bytes, record->length}, "id"),
                            id)) {
            return true;
        }
    }
    return false;
}

/** The fold of the log without its repeated records is the same. */
static void check_repeats(const struct sim_task *task)
{
    struct task fold_once = {0};
    struct buffer bytes;
    buffer_init(&bytes, (size_t)1 << 24);
    for (int64_t i = 0; i < sim.events.count; i++) {
        const struct sim_record *record = &sim.events.records[i];
        struct event event;
        if (event_decode((struct span){record->bytes, record->length}, &event, NULL) == 0 &&
            event.task != NULL && strcmp(event.task, task->id) == 0 &&
            !folded_already(event.id, i)) {
            (void)reduce(&fold_once, &event, NULL, NULL);
        }
        event_release(&event);
    }
    const struct sim_snapshot *last = &task->snapshots[task->count - 1];
    if (task_encode(&fold_once, &bytes, NULL) != 0 || bytes.length != last->length ||
        memcmp(bytes.data, last->bytes, last->length) != 0) {
        sim_broken("a repeated record changes nothing", "%.6s", task->id);
    }
    buffer_release(&bytes);
    task_release(&fold_once);
}

void sim_check_end(void)
{
    for (int i = 0; i < sim.container_count; i++) {
        const struct sim_container *container = &sim.containers[i];
        for (int k = 0; k < container->run_count; k++) {
            const struct sim_run *run = &container->runs[k];
            if (run->signals > 1 && run->told && !run->told_repeated && !run->of_two) {
                sim_broken("I2 one stop signal a run, or the record says that it may be repeated",
                           "%s run %lld has had %d", container->name, (long long)run->started_at,
                           run->signals);
            }
        }
    }
    for (int i = 0; i < sim.task_count; i++) {
        check_repeats(sim.tasks[i]);
    }
    for (int i = 0; i < answer_count; i++) {
        check_answer_at_end(&answers[i]);
    }
    sim_check_audit();
}
