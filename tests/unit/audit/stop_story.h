#ifndef TESTS_UNIT_AUDIT_STOP_STORY_H
#define TESTS_UNIT_AUDIT_STOP_STORY_H

/** Recorded stops written by hand, a record a line, and what stop_history finds in them. Include after cmocka.h. */

#include "worker/audit/stop_history.h"

enum { STORY_EVENTS = 64, STORY_RUNS = 4 };

/** Containers of the story's one task, in their one run: "db" ends after "web" and "app", which need it. */
enum { WEB, APP, DB };

/** A log. The members may be set between records: they go into what follows. */
struct story {
    struct stop_history history;
    struct task fold;
    struct stop_finding found[STORY_EVENTS];
    size_t count;
    const char *by;      /**< the incarnation that writes */
    const char *boot_id; /**< of its machine */
    const char *host;
    int64_t offset; /**< of the next record */
    int64_t ts;     /**< grows by 10 a record */
    int64_t
        appended_after; /**< the broker had it so many ms after it was made; 0 = it does not say */
    bool pre_stop;      /**< "web" and "db" have a pre-stop command */
    int planned;        /**< containers that a plan names, the last ones; 0 = all */
    const char *as;     /**< id of the next record; NULL = one of its own */
    int64_t end_code;   /**< exit code in terminal events; -1 = unknown, as it is at first */
    struct event events[STORY_EVENTS];
    struct planned_run plans[STORY_EVENTS][STORY_RUNS];
    struct run_result results[STORY_EVENTS][STORY_RUNS];
};

/** A log that begins with WorkerStarted (0) of "A", StopRequested "r1" (1). */
struct story *story_begin(void);
void story_end(struct story *story);
/** Records; each gives the offset. */
int64_t story_started(struct story *story, const char *incarnation, bool journal_found);
int64_t story_requested(struct story *story, const char *id);
/** The whole plan with that grace, shaped by "r1" and, if it is not NULL, `request`. */
int64_t story_accepted(struct story *story, const char *request, int64_t grace_ms);
int64_t story_signal(struct story *story, int container, int64_t boot_ms, bool maybe_repeated);
int64_t story_kill(struct story *story, int container, int64_t boot_ms);
int64_t story_exited(struct story *story, int container, int64_t exit_code);
int64_t story_pre_stop(struct story *story, int container, int64_t boot_ms);
int64_t story_pre_stop_over(struct story *story, int container);
/** TaskStopped or TaskGone with the results of the first `count` containers. */
int64_t story_ended(struct story *story, enum event_type type, int count);
/** The record at that offset once more, as after a failure of Kafka. */
void story_again(struct story *story, int64_t offset);

/** The next record has the id of the one at that offset. */
void story_as(struct story *story, int64_t offset);

/** The rest of a stop whose containers are all to be signalled at that time and obey. */
void story_all_obey(struct story *story, int64_t boot_ms);
/** Fails the test unless the story breaks no rule, or just this one, by `second` after `first` (-1 = nothing). The story ends. */
void story_assert_fine(struct story *story);
void story_assert_broken(struct story *story, enum stop_rule rule, int64_t first, int64_t second);

#endif
