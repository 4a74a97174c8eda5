#include "worker/host/log_intake.h"

#include <inttypes.h>

#include "common/base/fault_point.h"
#include "common/base/log.h"
#include "common/base/memory.h"

enum {
    FIRST_TIMEOUT_MS = 3000,
    HURRIED_TIMEOUT_MS = 50,
    AGAIN_MS = 2000,
    COMMIT_MS = 5000,
    /* Kafka forgets the offsets of an idle group. */
    COMMIT_ANYWAY_MS = 3600000,
    COMPLAIN_MS = 60000,
    CHECK_AGAIN_MS = 60000
};

struct log_intake {
    struct log_intake_environment env;
    struct kafka_reader *reader;
    struct loop_timer *again, *commit;
    int64_t next; /**< -1 = not begun */
    int64_t end;  /**< of the log at the start */
    int64_t committed;
    int64_t committed_boot_ms;
    int64_t check_boot_ms; /**< not before this time, if it could not be made at the start */
    uint64_t unreadable;
    int64_t missed; /**< lowest offset that memory was out for, -1 = none: the commit stays there */
    bool checked, caught_up, hurried, away;
    struct log_limit complaints;
};

int64_t log_intake_next(const struct log_intake *intake)
{
    return intake->next;
}

void log_intake_hurry(struct log_intake *intake)
{
    intake->hurried = true;
}

void log_intake_on_kafka(struct log_intake *intake, bool away)
{
    intake->away = away;
    if (!away && intake->next < 0 && loop_timer_armed(intake->again)) {
        loop_timer_arm(intake->again, 0);
    }
}

/* ---- records ---- */

static void see_end(struct log_intake *intake)
{
    if (!intake->caught_up) {
        intake->caught_up = true;
        log_info("log.caught_up", "the log is read to its end", LOG_INT("offset", intake->next),
                 LOG_INT("unreadable", intake->unreadable));
        intake->env.on_caught_up(intake->env.context);
    }
}

static void take(struct log_intake *intake, const struct kafka_record *record)
{
    struct event event = {0};
    struct error err = {0};
    if (event_decode(record->value, &event, &err) == 0) {
        intake->env.on_event(intake->env.context, record->offset, &event);
    } else if (err.code == ERROR_NO_MEMORY) {
        intake->missed = intake->missed < 0 ? record->offset : intake->missed;
        log_error("log.memory",
                  "out of memory: an event is left to the next start of this worker, restart it",
                  LOG_INT("partition", record->partition), LOG_INT("offset", record->offset));
    } else {
        intake->unreadable++;
        log_warn("log.event_unreadable", "an event is unreadable and is skipped",
                 LOG_INT("partition", record->partition), LOG_INT("offset", record->offset),
                 LOG_STR("error", err.message), LOG_INT("so_far", intake->unreadable));
    }
    event_release(&event);
}

static void on_record(void *context, const struct kafka_record *record)
{
    struct log_intake *intake = context;
    if (record->offset < intake->next) {
        return;
    }
    /* Before it is decoded: most records of a partition are other hosts'. */
    if (span_equal_text(record->key, intake->env.identity->host)) {
        take(intake, record);
    }
    intake->next = record->offset + 1;
    if (intake->next >= intake->end) {
        see_end(intake);
    }
}

static void on_end(void *context, int32_t partition, int64_t next_offset)
{
    struct log_intake *intake = context;
    (void)partition;
    if (next_offset > intake->next) {
        intake->next = next_offset;
    }
    see_end(intake);
}

static void on_out_of_range(void *context, int32_t partition, const char *detail)
{
    struct log_intake *intake = context;
    struct error err = {0};
    log_error("log.out_of_range",
              "the log does not hold the committed offset: reading it from its beginning",
              LOG_INT("partition", partition), LOG_INT("offset", intake->next),
              LOG_STR("detail", detail));
    intake->next = 0;
    if (kafka_reader_assign(intake->reader, intake->env.identity->partition, KAFKA_OFFSET_BEGINNING,
                            0, &err) != 0) {
        log_error("log.reader", "the log cannot be read, trying again",
                  LOG_STR("error", err.message));
        intake->next = -1;
        loop_timer_arm(intake->again, AGAIN_MS);
    }
}

/* ---- beginning ---- */

static int begin(struct log_intake *intake, struct error *err)
{
    int32_t partition = intake->env.identity->partition;
    int64_t timeout = intake->hurried ? HURRIED_TIMEOUT_MS : FIRST_TIMEOUT_MS;
    int64_t committed = -1, first = 0, end = 0;
    if (kafka_reader_committed(intake->reader, partition, timeout, &committed, err) != 0 ||
        kafka_reader_bounds(intake->reader, partition, timeout, &first, &end, err) != 0) {
        return -1;
    }
    if (!intake->checked && !intake->hurried) {
        if (intake->env.check(intake->env.context, timeout, err) != 0) {
            return -1;
        }
        intake->checked = true;
    }
    if (committed > end) {
        log_error(
            "log.ends_early",
            "the log ends before the offset that this worker had committed: it was begun anew or "
            "put back from an older copy; reading it from its beginning (docs/operate.md)",
            LOG_INT("partition", partition), LOG_INT("committed", committed), LOG_INT("end", end));
        committed = -1;
    } else if (committed < 0 && end > 0 && intake->env.was_here) {
        log_warn(
            "log.offsets_forgotten",
            "Kafka holds no offset of this worker, which was here before: the log is read from its "
            "beginning, and what was done is not done again",
            LOG_INT("partition", partition), LOG_INT("end", end));
    }
    if (kafka_reader_assign(intake->reader, partition,
                            committed < 0 ? KAFKA_OFFSET_BEGINNING : committed, timeout,
                            err) != 0) {
        return -1;
    }
    log_info("log.begin", "reading the log", LOG_INT("partition", partition),
             LOG_INT("committed", committed), LOG_INT("end", end));
    intake->next = committed < 0 ? 0 : committed;
    intake->end = end;
    intake->committed = committed;
    intake->committed_boot_ms = clock_boot_ms(intake->env.clock);
    intake->env.on_begin(intake->env.context, committed, end);
    return 0;
}

static void on_again(void *context)
{
    struct log_intake *intake = context;
    struct error err = {0};
    uint64_t suppressed = 0;
    if (intake->next >= 0) {
        return;
    }
    if (intake->away) {
        loop_timer_arm(intake->again, AGAIN_MS);
        return;
    }
    if (begin(intake, &err) == 0) {
        loop_timer_arm(intake->commit, COMMIT_MS);
        if (intake->next >= intake->end) {
            see_end(intake);
        }
        return;
    }
    if (err.code == ERROR_INVALID) {
        intake->env.on_refused(intake->env.context, &err);
        return;
    }
    if (log_limit_pass(&intake->complaints, clock_boot_ms(intake->env.clock), COMPLAIN_MS,
                       &suppressed)) {
        log_warn("log.waits", "the log cannot be read yet, trying again",
                 LOG_STR("error", err.message));
    }
    loop_timer_arm(intake->again, AGAIN_MS);
}

void log_intake_start(struct log_intake *intake)
{
    loop_timer_arm(intake->again, 0);
}

/* ---- commits ---- */

void log_intake_commit(struct log_intake *intake)
{
    struct error err = {0};
    int64_t now = clock_boot_ms(intake->env.clock);
    if (intake->next < 0 || !intake->caught_up) {
        return;
    }
    int64_t floor = intake->env.commit_floor(intake->env.context, intake->next);
    if (intake->missed >= 0 && floor > intake->missed) {
        floor = intake->missed;
    }
    if (floor < 0 ||
        (floor == intake->committed && now - intake->committed_boot_ms < COMMIT_ANYWAY_MS)) {
        return;
    }
    FAULT_POINT(COMMITTING);
    if (kafka_reader_commit(intake->reader, intake->env.identity->partition, floor, &err) != 0) {
        log_warn("log.commit", "an offset could not be committed", LOG_STR("error", err.message));
        return;
    }
    FAULT_POINT(COMMITTED);
    intake->committed = floor;
    intake->committed_boot_ms = now;
}

/* What a hurried beginning left out. */
static void check_late(struct log_intake *intake)
{
    struct error err = {0};
    int64_t now = clock_boot_ms(intake->env.clock);
    if (intake->checked || intake->away || !intake->caught_up || now < intake->check_boot_ms ||
        !intake->env.may_block(intake->env.context)) {
        return;
    }
    intake->check_boot_ms = now + CHECK_AGAIN_MS;
    if (intake->env.check(intake->env.context, FIRST_TIMEOUT_MS, &err) == 0) {
        intake->checked = true;
    } else if (err.code == ERROR_INVALID) {
        intake->env.on_refused(intake->env.context, &err);
    } else {
        log_warn("log.unchecked", "the topics could not be checked yet, trying again",
                 LOG_STR("error", err.message));
    }
}

static void on_commit(void *context)
{
    struct log_intake *intake = context;
    log_intake_commit(intake);
    check_late(intake);
    loop_timer_arm(intake->commit, COMMIT_MS);
}

/* ---- lifecycle ---- */

static struct kafka_reader *make_reader(struct log_intake *intake, struct error *err)
{
    static const struct kafka_reader_callbacks callbacks = {
        .on_record = on_record, .on_end = on_end, .on_out_of_range = on_out_of_range};
    struct buffer group;
    struct kafka_reader *reader = NULL;
    buffer_init(&group, 512);
    if (buffer_append_format(&group, err, "stopfleet-worker.%s", intake->env.identity->host) == 0) {
        reader = kafka_reader_new(intake->env.loop, intake->env.kafka, KAFKA_EVENTS_TOPIC,
                                  group.data, &callbacks, intake, err);
    }
    buffer_release(&group);
    return reader;
}

struct log_intake *log_intake_new(const struct log_intake_environment *environment,
                                  struct error *err)
{
    struct log_intake *intake = memory_calloc(1, sizeof *intake);
    if (intake == NULL) {
        error_no_memory(err, "starting to read the log");
        return NULL;
    }
    intake->env = *environment;
    intake->next = -1;
    intake->missed = -1;
    intake->again = loop_timer_new(environment->loop, on_again, intake);
    intake->commit = loop_timer_new(environment->loop, on_commit, intake);
    if (intake->again == NULL || intake->commit == NULL) {
        error_no_memory(err, "starting to read the log");
    } else {
        intake->reader = make_reader(intake, err);
    }
    if (intake->reader == NULL) {
        log_intake_free(intake);
        return NULL;
    }
    return intake;
}

void log_intake_free(struct log_intake *intake)
{
    if (intake == NULL) {
        return;
    }
    kafka_reader_free(intake->reader);
    loop_timer_free(intake->again);
    loop_timer_free(intake->commit);
    memory_free(intake);
}
