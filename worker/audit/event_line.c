#include "worker/audit/event_line.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/standard_output.h"

enum { LINE_MAX_BYTES = 256 * 1024, ID_SHOWN = 16 };

/* Texts of the log are foreign: nothing that moves a terminal's cursor gets through. */
static int append_safe(struct buffer *buf, const char *text, struct error *err)
{
    for (const char *c = text == NULL ? "-" : text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        int status = byte < 0x20 || byte == 0x7f ? buffer_append_format(buf, err, "\\x%02x", byte)
                                                 : buffer_append(buf, c, 1, err);
        if (status != 0) {
            return -1;
        }
    }
    return 0;
}

static int append_named(struct buffer *buf, const char *name, const char *text, struct error *err)
{
    if (text == NULL) {
        return 0;
    }
    if (buffer_append_format(buf, err, " %s=\"", name) != 0 || append_safe(buf, text, err) != 0) {
        return -1;
    }
    return buffer_append_text(buf, "\"", err);
}

/* What tells runs apart for a person: the beginning of an engine's id; of BOOT-PID-STARTTIME what
 * follows the boot id, which all processes share. */
static int append_short_id(struct buffer *buf, const char *id, struct error *err)
{
    struct span shown = span_cut_utf8(span_of(id == NULL ? "-" : id_distinct(id)), ID_SHOWN);
    char text[ID_SHOWN + 1] = {0};
    memcpy(text, shown.data, shown.length);
    return append_safe(buf, text, err);
}

static int append_exit_code(struct buffer *buf, const struct optional_integer *code,
                            struct error *err)
{
    return code->known ? buffer_append_format(buf, err, "exit code %" PRId64, code->value)
                       : buffer_append_text(buf, "exit code unknown", err);
}

static int detail_observed(const struct event *event, struct buffer *buf, struct error *err)
{
    const struct description *description = &event->task_observed.description;
    if (buffer_append_format(buf, err, "revision %" PRId64 ":", event->task_observed.revision) !=
        0) {
        return -1;
    }
    for (size_t i = 0; i < description->containers.count; i++) {
        const struct described_container *container = &description->containers.items[i];
        if (buffer_append_text(buf, " ", err) != 0 || append_safe(buf, container->name, err) != 0 ||
            buffer_append_text(buf, "(", err) != 0 ||
            append_short_id(buf, container->container_id, err) != 0 ||
            buffer_append_text(buf, container->ended ? ") ended, " : ")", err) != 0 ||
            (container->ended && append_exit_code(buf, &container->exit_code, err) != 0)) {
            return -1;
        }
    }
    return 0;
}

static int detail_requested(const struct event *event, struct buffer *buf, struct error *err)
{
    const struct event_stop_requested *stop = &event->stop_requested;
    if (buffer_append_text(buf, "by ", err) != 0 || append_safe(buf, stop->principal, err) != 0 ||
        append_named(buf, "from", stop->source_address, err) != 0 ||
        append_named(buf, "reason", stop->reason, err) != 0 ||
        append_named(buf, "request", stop->request_id, err) != 0) {
        return -1;
    }
    if (stop->stop_timeout_ms.known) {
        return buffer_append_format(buf, err, " stop-timeout=%" PRId64 "ms",
                                    stop->stop_timeout_ms.value);
    }
    return 0;
}

static int append_caller(struct buffer *buf, const struct event_caller *caller, struct error *err)
{
    return append_named(buf, "by", caller->principal, err) != 0 ||
                   append_named(buf, "from", caller->source_address, err) != 0 ||
                   append_named(buf, "request", caller->request_id, err) != 0
               ? -1
               : 0;
}

/* The name of the plan's container, or the beginning of its id if the plan lacks it. */
static int append_awaited(struct buffer *buf, const struct event_stop_accepted *accepted,
                          const char *container_id, struct error *err)
{
    for (size_t i = 0; i < accepted->plan.count; i++) {
        if (strcmp(accepted->plan.items[i].container_id, container_id) == 0) {
            return append_safe(buf, accepted->plan.items[i].name, err);
        }
    }
    return append_short_id(buf, container_id, err);
}

static int append_planned(struct buffer *buf, const struct event_stop_accepted *accepted,
                          const struct planned_run *run, struct error *err)
{
    if (append_safe(buf, run->name, err) != 0 || buffer_append_text(buf, " ", err) != 0) {
        return -1;
    }
    if (run->grace_ms == 0) {
        return buffer_append_text(buf, "SIGKILL at once", err);
    }
    if (append_safe(buf, run->signal, err) != 0 ||
        buffer_append_format(buf, err, " grace %" PRId64 "ms", run->grace_ms) != 0) {
        return -1;
    }
    for (size_t i = 0; i < run->after.count; i++) {
        if (buffer_append_text(buf, i == 0 ? " after " : " and ", err) != 0 ||
            append_awaited(buf, accepted, run->after.items[i], err) != 0) {
            return -1;
        }
    }
    if (run->drain_delay_ms > 0 &&
        buffer_append_format(buf, err, " drain-delay %" PRId64 "ms", run->drain_delay_ms) != 0) {
        return -1;
    }
    return append_named(buf, "pre-stop", run->pre_stop, err);
}

static int detail_accepted(const struct event *event, struct buffer *buf, struct error *err)
{
    if (buffer_append_text(buf, "plan:", err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < event->stop_accepted.plan.count; i++) {
        if (buffer_append_text(buf, i == 0 ? " " : ", ", err) != 0 ||
            append_planned(buf, &event->stop_accepted, &event->stop_accepted.plan.items[i], err) !=
                0) {
            return -1;
        }
    }
    return 0;
}

static int detail_signal(const struct event *event, struct buffer *buf, struct error *err)
{
    const struct event_signal_sent *sent = &event->signal_sent;
    char when[32];
    if (append_safe(buf, sent->signal, err) != 0 || buffer_append_text(buf, " to ", err) != 0 ||
        append_short_id(buf, sent->run.container_id, err) != 0) {
        return -1;
    }
    clock_format_unix_ms(sent->sent_unix_ms, when);
    if (buffer_append_format(buf, err, " at %s", when) != 0 ||
        append_named(buf, "answer", sent->answer, err) != 0) {
        return -1;
    }
    if (sent->deadline_unix_ms != 0) {
        clock_format_unix_ms(sent->deadline_unix_ms, when);
        if (buffer_append_format(buf, err, " deadline %s", when) != 0) {
            return -1;
        }
    }
    return sent->maybe_repeated ? buffer_append_text(buf, " maybe-repeated", err) : 0;
}

static int detail_pre_stop_started(const struct event *event, struct buffer *buf, struct error *err)
{
    const struct event_pre_stop_started *started = &event->pre_stop_started;
    char when[32];
    char deadline[32];
    clock_format_unix_ms(started->begun_unix_ms, when);
    clock_format_unix_ms(started->deadline_unix_ms, deadline);
    if (append_short_id(buf, started->run.container_id, err) != 0) {
        return -1;
    }
    return buffer_append_format(buf, err, " at %s deadline %s", when, deadline);
}

static int detail_pre_stop_ended(const struct event *event, struct buffer *buf, struct error *err)
{
    const struct event_pre_stop_ended *ended = &event->pre_stop_ended;
    if (append_short_id(buf, ended->run.container_id, err) != 0 ||
        buffer_append_text(buf, " ", err) != 0 ||
        append_exit_code(buf, &ended->exit_code, err) != 0) {
        return -1;
    }
    return append_named(buf, "reason", ended->reason, err);
}

static int append_result(struct buffer *buf, const struct run_result *result, struct error *err)
{
    if (append_safe(buf, result->name, err) != 0 || buffer_append_text(buf, "(", err) != 0 ||
        append_short_id(buf, result->container_id, err) != 0 ||
        buffer_append_text(buf, ") ", err) != 0) {
        return -1;
    }
    if (append_exit_code(buf, &result->exit_code, err) != 0 ||
        (result->oom_killed && buffer_append_text(buf, " out-of-memory", err) != 0)) {
        return -1;
    }
    if (result->finished_at != 0) {
        char when[32];
        clock_format_unix_ms(result->finished_at, when);
        if (buffer_append_format(buf, err, " finished %s", when) != 0) {
            return -1;
        }
    }
    return append_named(buf, "reason", result->reason, err);
}

static int detail_ended(const struct event *event, struct buffer *buf, struct error *err)
{
    for (size_t i = 0; i < event->task_ended.results.count; i++) {
        if ((i > 0 && buffer_append_text(buf, ", ", err) != 0) ||
            append_result(buf, &event->task_ended.results.items[i], err) != 0) {
            return -1;
        }
    }
    return append_named(buf, "reason", event->task_ended.reason, err);
}

static int detail_tagged(const struct event *event, struct buffer *buf, struct error *err)
{
    for (size_t i = 0; i < event->task_tagged.added.count; i++) {
        if (append_named(buf, event->task_tagged.added.items[i].key,
                         event->task_tagged.added.items[i].value, err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < event->task_tagged.removed.count; i++) {
        if (append_named(buf, "removed", event->task_tagged.removed.items[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int append_host(const struct event *event, struct buffer *buf, struct error *err)
{
    return buffer_append_text(buf, "host ", err) != 0 || append_safe(buf, event->host, err) != 0
               ? -1
               : 0;
}

static int detail_worker_started(const struct event *event, struct buffer *buf, struct error *err)
{
    if (append_host(event, buf, err) != 0 || buffer_append_text(buf, " incarnation ", err) != 0 ||
        append_short_id(buf, event->actor.incarnation, err) != 0) {
        return -1;
    }
    return buffer_append_format(buf, err, ", journal %s",
                                event->worker_started.journal_found ? "found" : "not found");
}

int event_line_detail(const struct event *event, struct buffer *buf, struct error *err)
{
    switch (event->type) {
    case EVENT_WORKER_STARTED:
        return detail_worker_started(event, buf, err);
    case EVENT_TASK_OBSERVED:
        return detail_observed(event, buf, err);
    case EVENT_STOP_REQUESTED:
        return detail_requested(event, buf, err);
    case EVENT_STOP_ACCEPTED:
        return detail_accepted(event, buf, err);
    case EVENT_SIGNAL_SENT:
    case EVENT_KILL_SENT:
        return detail_signal(event, buf, err);
    case EVENT_PRE_STOP_STARTED:
        return detail_pre_stop_started(event, buf, err);
    case EVENT_PRE_STOP_ENDED:
        return detail_pre_stop_ended(event, buf, err);
    case EVENT_CONTAINER_EXITED:
        return append_result(buf, &event->container_exited.result, err);
    case EVENT_TASK_STOPPED:
    case EVENT_TASK_GONE:
        return detail_ended(event, buf, err);
    case EVENT_STOP_STUCK:
        if (append_short_id(buf, event->stop_stuck.run.container_id, err) != 0) {
            return -1;
        }
        return append_named(buf, "reason", event->stop_stuck.reason, err);
    case EVENT_TASK_TAGGED:
        return detail_tagged(event, buf, err);
    case EVENT_HOST_DEREGISTERED:
        return append_host(event, buf, err) != 0
                   ? -1
                   : append_caller(buf, &event->host_deregistered.caller, err);
    case EVENT_HOST_STATE_CHANGED:
        if (append_host(event, buf, err) != 0 ||
            append_named(buf, "status", event->host_state_changed.status, err) != 0) {
            return -1;
        }
        return append_caller(buf, &event->host_state_changed.caller, err);
    case EVENT_UNKNOWN_TYPE:
    case EVENT_TYPE_COUNT:
        return buffer_append_text(buf, "(a type that this version does not know: see --json)", err);
    }
    return 0;
}

int event_line_print(FILE *out, const struct kafka_record *record, const struct event *event,
                     struct error *err)
{
    struct buffer line;
    char when[32];
    char place[40];
    buffer_init(&line, LINE_MAX_BYTES);
    clock_format_unix_ms(event->ts, when);
    snprintf(place, sizeof place, "%d:%" PRId64, (int)record->partition, record->offset);
    int status = buffer_append_format(&line, err, "%s  %-8s  ", when, place);
    if (status == 0) {
        status = append_safe(&line, event->type_name, err);
    }
    while (status == 0 && line.length < 54) {
        status = buffer_append_text(&line, " ", err);
    }
    if (status == 0) {
        status = append_safe(&line, event->cluster, err);
    }
    if (status == 0 && event->task != NULL) {
        status =
            buffer_append_text(&line, "/", err) != 0 ? -1 : append_safe(&line, event->task, err);
    }
    if (status == 0) {
        status =
            buffer_append_text(&line, "  ", err) != 0 ? -1 : event_line_detail(event, &line, err);
    }
    if (status == 0 && fprintf(out, "%s\n", line.data) < 0) {
        status = standard_output_failed(err);
    }
    buffer_release(&line);
    return status;
}
