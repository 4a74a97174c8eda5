/** The rules of stop_rule.def, each asked of one record. */

#include <string.h>

#include "common/domain/plan.h"
#include "worker/audit/stop_history_internal.h"

enum {
    WALL_TOLERANCE_MS =
        1000 /* where the log has no boot-time clock to go by: as the worker takes clocks to be apart */
};

static const struct stop_record NO_RECORD = {.offset = -1};

static struct stop_verdict broken(enum stop_rule rule, const struct stop_run_history *run,
                                  struct stop_record first)
{
    return (struct stop_verdict){.rule = rule, .run = run, .first = first};
}

static struct stop_verdict fine(void)
{
    return broken(STOP_RULE_NONE, NULL, NO_RECORD);
}

static bool may_not_know(const struct stop_judgement *judgement, const struct stop_source *of)
{
    return stop_knowledge_of(judgement->source.writer, of) == STOP_KNOWLEDGE_MAYBE;
}

/** The newest of them before the last fact; NULL = there is none. */
static const struct stop_fact *earlier(const struct stop_run_history *run, unsigned made_by)
{
    for (size_t i = run->facts.count - 1; i > 0; i--) {
        if ((run->facts.items[i - 1].made_by & made_by) != 0) {
            return &run->facts.items[i - 1];
        }
    }
    return NULL;
}

static struct stop_record record_of(const struct stop_fact *fact)
{
    return fact == NULL ? NO_RECORD : fact->source.record;
}

/* ---- the stop engine's table ---- */

/** Of a stop that another one began the writer may have taken over also that nothing is known of it. */
static bool is_taken_over(const struct stop_judgement *judgement)
{
    const struct stop_writer *writer = judgement->source.writer;
    bool others = !writer->journal_found;
    for (const struct stop_run_history *run = judgement->of->runs; run != NULL; run = run->next) {
        others = others || (run->planned.record.offset >= 0 && run->planned.writer != writer);
    }
    return others;
}

static bool engine_admits(const struct stop_judgement *judgement,
                          const struct stop_run_history *run)
{
    const struct stop_writer *writer = judgement->source.writer;
    struct stop_replay_fact facts[STOP_FACTS_JUDGED];
    struct stop_replay_plan plan = run->plan;
    size_t count = run->facts.count;
    plan.taken_over = is_taken_over(judgement);
    if (count > STOP_FACTS_JUDGED) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        const struct stop_fact *fact = &run->facts.items[i];
        facts[i] = (struct stop_replay_fact){.record = fact->made_by,
                                             .knowledge = stop_knowledge_of(writer, &fact->source)};
    }
    return stop_replay_admits(&judgement->history->verdicts, facts, count, &plan);
}

/** A further stop signal of which one record says that it may be: an honest one. */
static bool is_said_repeat(const struct stop_run_history *run, unsigned record)
{
    bool said = false;
    for (size_t i = 0; i < run->facts.count; i++) {
        said = said || (run->facts.items[i].made_by == DO_RECORD_SIGNAL &&
                        run->facts.items[i].maybe_repeated);
    }
    return said && record == DO_RECORD_SIGNAL && earlier(run, DO_RECORD_SIGNAL) != NULL &&
           earlier(run, DO_RECORD_EXIT) == NULL;
}

/** What is named of a record that the table has no way to: the first that fits. */
static const struct {
    unsigned record;  /**< that was made */
    unsigned earlier; /**< after such a one; 0 = after none of `without` */
    unsigned without;
    enum stop_rule rule;
} NAMED[] = {
    {DO_RECORD_SIGNAL | DO_RECORD_KILL | DO_RECORD_PRE_STOP, DO_RECORD_EXIT, 0,
     STOP_RULE_AFTER_EXIT},
    {DO_RECORD_SIGNAL, DO_RECORD_SIGNAL, 0, STOP_RULE_SECOND_SIGNAL},
    {DO_RECORD_SIGNAL, DO_RECORD_PRE_STOP, DO_RECORD_PRE_STOP_END, STOP_RULE_PRE_STOP_UNWAITED},
    {DO_RECORD_PRE_STOP | DO_RECORD_PRE_STOP_END, DO_RECORD_SIGNAL, 0, STOP_RULE_PRE_STOP_LATE},
    {DO_RECORD_PRE_STOP, DO_RECORD_PRE_STOP, 0, STOP_RULE_PRE_STOP_TWICE},
    {DO_RECORD_PRE_STOP, DO_RECORD_PRE_STOP_END, 0, STOP_RULE_PRE_STOP_ENDED_FIRST},
    {DO_RECORD_KILL, 0, DO_RECORD_SIGNAL | DO_RECORD_PRE_STOP, STOP_RULE_UNSIGNALLED_KILL},
};

static struct stop_verdict name_impossible(const struct stop_run_history *run, unsigned record)
{
    for (size_t i = 0; i < sizeof NAMED / sizeof NAMED[0]; i++) {
        const struct stop_fact *before = earlier(run, NAMED[i].earlier);
        bool fits = (NAMED[i].record & record) != 0 && earlier(run, NAMED[i].without) == NULL &&
                    (NAMED[i].earlier == 0 || before != NULL);
        if (fits) {
            return broken(NAMED[i].rule, run, record_of(before));
        }
    }
    const struct stop_fact *last = earlier(run, ~0U);
    return broken(STOP_RULE_IMPOSSIBLE, run, record_of(last));
}

/* ---- the deadline ---- */

/** When the grace began by that record, on the boot-time clock of the SIGKILL. Of another boot: it began anew with the worker's start in this one, so not
 *  before its beginning. */
static int64_t begun_of(const struct stop_fact *fact, const struct stop_fact *kill)
{
    if (fact->boot_id != NULL && kill->boot_id != NULL) {
        return strcmp(fact->boot_id, kill->boot_id) == 0 ? fact->boot_ms : 0;
    }
    return kill->boot_ms - (kill->unix_ms - fact->unix_ms) - WALL_TOLERANCE_MS;
}

/** The machine as the worker has it, when it has read all; or with the earliest start and the shortest grace of any worker. */
static bool too_early(const struct stop_judgement *judgement, const struct stop_run_history *run,
                      const struct stop_fact *kill, bool least)
{
    const struct planned_run *planned = task_planned(judgement->task, run->run);
    /* the reducer passes over a plan that Kafka has after the end */
    const struct stop_source *end = &judgement->of->end;
    bool folded = end->record.offset < 0 || run->grace_change.record.offset < end->record.offset;
    bool shortest = least || planned == NULL || !folded;
    struct stop_run machine = {.grace_ms = shortest ? run->shortest_grace_ms : planned->grace_ms};
    int64_t earliest = INT64_MAX;
    for (size_t i = 0; i + 1 < run->facts.count; i++) {
        const struct stop_fact *fact = &run->facts.items[i];
        int64_t begun = begun_of(fact, kill);
        if (fact->made_by == DO_RECORD_SIGNAL && !machine.signalled) {
            machine.signalled = true;
            machine.signalled_boot_ms = begun;
        } else if (fact->made_by == DO_RECORD_PRE_STOP && !machine.pre_stopped) {
            machine.pre_stopped = true;
            machine.pre_stop_boot_ms = begun;
        }
        bool begins = (fact->made_by & (DO_RECORD_SIGNAL | DO_RECORD_PRE_STOP)) != 0;
        earliest = begins && begun < earliest ? begun : earliest;
    }
    if (least) {
        machine.signalled_boot_ms = earliest;
        machine.pre_stop_boot_ms = earliest;
    }
    bool begun = machine.signalled || machine.pre_stopped;
    return begun && kill->boot_ms < stop_run_deadline(&machine);
}

/** Of what the deadline is made, whether the writer knew it all. */
static bool knew_the_deadline(const struct stop_judgement *judgement,
                              const struct stop_run_history *run)
{
    bool knew = !may_not_know(judgement, &run->grace_change);
    for (size_t i = 0; i + 1 < run->facts.count; i++) {
        knew = knew && !may_not_know(judgement, &run->facts.items[i].source);
    }
    return knew;
}

static struct stop_verdict judge_kill(const struct stop_judgement *judgement,
                                      const struct stop_run_history *run,
                                      const struct stop_fact *kill)
{
    if (earlier(run, DO_RECORD_KILL) != NULL || !too_early(judgement, run, kill, false) ||
        (!knew_the_deadline(judgement, run) && !too_early(judgement, run, kill, true))) {
        return fine();
    }
    const struct stop_fact *begun = earlier(run, DO_RECORD_PRE_STOP);
    begun = begun != NULL ? begun : earlier(run, DO_RECORD_SIGNAL);
    return broken(STOP_RULE_EARLY_KILL, run, record_of(begun));
}

/* ---- the order ---- */

/** The plan of a run that had to end before this one and had not; NULL = there is none. */
static const struct stop_run_history *blocker_of(const struct stop_judgement *judgement,
                                                 const struct stop_run_history *run)
{
    const struct planned_run *planned = task_planned(judgement->task, run->run);
    const struct planned_run *blocker =
        planned == NULL ? NULL : plan_blocker(judgement->task, planned);
    const struct stop_run_history *before =
        blocker == NULL ? NULL : stop_history_run(judgement->of, run_of_planned(blocker));
    bool known = before != NULL && !may_not_know(judgement, &run->planned) &&
                 !may_not_know(judgement, &before->planned);
    return known ? before : NULL;
}

/* ---- one fact ---- */

static bool contradicts(const struct stop_fact *exit, const struct stop_fact *fact)
{
    return exit != NULL && exit->exit_code.known && fact->exit_code.known &&
           exit->exit_code.value != fact->exit_code.value;
}

static const unsigned SENT = DO_RECORD_SIGNAL | DO_RECORD_KILL | DO_RECORD_PRE_STOP;

static struct stop_verdict judge_sent(const struct stop_judgement *judgement,
                                      const struct stop_run_history *run,
                                      const struct stop_fact *fact)
{
    const struct stop_run_history *blocker =
        earlier(run, SENT) == NULL ? blocker_of(judgement, run) : NULL;
    if (blocker != NULL) {
        struct stop_verdict verdict = broken(STOP_RULE_ORDER, run, blocker->planned.record);
        verdict.blocker = blocker;
        return verdict;
    }
    return fact->made_by == DO_RECORD_KILL ? judge_kill(judgement, run, fact) : fine();
}

/** The end came before the fact: by the last writing of both, or of two workers by the first. */
static bool end_precedes(const struct stop_source *end, const struct stop_source *fact)
{
    return end->writer == fact->writer ? end->written < fact->written
                                       : end->record.offset < fact->record.offset;
}

struct stop_verdict stop_judge_fact(const struct stop_judgement *judgement,
                                    const struct stop_run_history *run)
{
    const struct stop_fact *fact = &run->facts.items[run->facts.count - 1];
    const struct stop_source *end = &judgement->of->end;
    bool ended = end->record.offset >= 0 && end_precedes(end, &fact->source);
    const struct stop_fact *exit = earlier(run, DO_RECORD_EXIT);
    bool sent = (fact->made_by & SENT) != 0;
    if (run->planned.record.offset < 0 || run->planned.record.offset > fact->source.written) {
        return broken(STOP_RULE_UNPLANNED, run, NO_RECORD);
    }
    if (ended && may_not_know(judgement, end)) {
        return fine();
    }
    if (ended && sent) {
        return broken(STOP_RULE_AFTER_END, run, end->record);
    }
    if (contradicts(exit, fact)) {
        return broken(STOP_RULE_OTHER_CODE, run, exit->source.record);
    }
    if (fact->made_by == DO_RECORD_EXIT && exit != NULL &&
        exit->source.writer != judgement->source.writer) {
        return fine(); /* one that acts by an old journal while Kafka is away proves an end once more */
    }
    if (!is_said_repeat(run, fact->made_by) && !engine_admits(judgement, run)) {
        return name_impossible(run, fact->made_by);
    }
    return sent ? judge_sent(judgement, run, fact) : fine();
}

/* ---- plans and ends ---- */

struct stop_verdict stop_judge_plan(const struct stop_judgement *judgement,
                                    const struct event_stop_accepted *accepted)
{
    for (size_t i = 0; i < accepted->requests.count; i++) {
        if (!text_list_holds(&judgement->of->requests, accepted->requests.items[i])) {
            return broken(STOP_RULE_UNASKED, NULL, NO_RECORD);
        }
    }
    return fine();
}

/** A result that contradicts what the reducer holds; NULL = there is none. */
static const struct run_result *contradiction(const struct task *task, const struct event *event)
{
    for (size_t i = 0; i < event->task_ended.results.count; i++) {
        const struct run_result *result = &event->task_ended.results.items[i];
        const struct run_result *known = task_exit(task, run_of_result(result));
        if (known != NULL && known->exit_code.known && result->exit_code.known &&
            known->exit_code.value != result->exit_code.value) {
            return result;
        }
    }
    return NULL;
}

static struct stop_verdict judge_coverage(const struct stop_judgement *judgement,
                                          const struct event_task_ended *ended)
{
    const struct task *task = judgement->task;
    for (size_t i = 0; i < task->plan.count; i++) {
        struct run planned = run_of_planned(&task->plan.items[i]);
        const struct stop_run_history *run = stop_history_run(judgement->of, planned);
        if (event_ended_result(ended, planned) == NULL && run != NULL &&
            !may_not_know(judgement, &run->planned)) {
            return broken(STOP_RULE_UNCOVERED, run, run->planned.record);
        }
    }
    return fine();
}

struct stop_verdict stop_judge_end(const struct stop_judgement *judgement,
                                   const struct event *event)
{
    const struct stop_task_history *of = judgement->of;
    const struct run_result *other = contradiction(judgement->task, event);
    bool itself = of->end.record.offset == judgement->source.record.offset;
    if (other != NULL) {
        return broken(STOP_RULE_OTHER_CODE, stop_history_run(of, run_of_result(other)),
                      itself ? NO_RECORD : of->end.record);
    }
    if (of->end.record.offset >= 0 && !itself) {
        /* one that acts by an old journal while Kafka is away says the same end once more */
        bool same = of->end.writer != judgement->source.writer &&
                    strcmp(of->end.record.type_name, judgement->source.record.type_name) == 0;
        return same || may_not_know(judgement, &of->end)
                   ? fine()
                   : broken(STOP_RULE_SECOND_END, NULL, of->end.record);
    }
    if (event->type == EVENT_TASK_STOPPED && of->plans.count == 0) {
        return broken(STOP_RULE_UNPLANNED, NULL, NO_RECORD);
    }
    return judge_coverage(judgement, &event->task_ended);
}
