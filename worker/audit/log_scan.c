#include "worker/audit/log_scan.h"

#include <string.h>

#include "worker/audit/topic_scan.h"

/* What a running scan keeps. */
struct log_scan {
    const struct audit_options *options;
    const struct log_scan_callbacks *callbacks;
    void *context;
    struct log_scan_result result;
};

static bool names_task(const struct option_list *tasks, const char *task)
{
    if (tasks->count == 0) {
        return true;
    }
    if (task == NULL) {
        return false;
    }
    for (size_t i = 0; i < tasks->count; i++) {
        const char *slash = strrchr(tasks->items[i], '/');
        if (strcmp(slash == NULL ? tasks->items[i] : slash + 1, task) == 0) {
            return true;
        }
    }
    return false;
}

static bool names_type(const struct option_list *types, const char *name)
{
    if (types->count == 0) {
        return true;
    }
    for (size_t i = 0; i < types->count; i++) {
        if (strcmp(types->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_if_given(const char *wanted, const char *value)
{
    return wanted == NULL || (value != NULL && strcmp(wanted, value) == 0);
}

bool log_scan_matches(const struct audit_options *options, const struct event *event)
{
    return names_task(&options->tasks, event->task) &&
           names_type(&options->types, event->type_name) &&
           same_if_given(options->host, event->host) &&
           same_if_given(options->cluster, event->cluster) && event->ts >= options->since_unix_ms &&
           (options->until_unix_ms == 0 || event->ts < options->until_unix_ms);
}

bool log_scan_matches_host(const struct audit_options *options, const struct event *event)
{
    return event->task == NULL && same_if_given(options->host, event->host) &&
           (options->until_unix_ms == 0 || event->ts < options->until_unix_ms);
}

void log_scan_count(struct log_scan_result *result, const struct kafka_record *record,
                    const struct error *why)
{
    result->unreadable++;
    if (why->code == ERROR_UNSUPPORTED && result->unsupported++ == 0) {
        result->unsupported_partition = record->partition;
        result->unsupported_offset = record->offset;
    }
}

static int on_record(void *context, const struct kafka_record *record, struct error *err)
{
    struct log_scan *scan = context;
    struct event event = {0};
    struct error why = {0};
    int status = 0;
    scan->result.records++;
    if (event_decode(record->value, &event, &why) != 0) {
        if (why.code == ERROR_NO_MEMORY) {
            *err = why;
            return -1;
        }
        log_scan_count(&scan->result, record, &why);
        if (scan->callbacks->on_unreadable != NULL) {
            scan->callbacks->on_unreadable(scan->context, record, &why);
        }
    } else if (log_scan_matches(scan->options, &event) ||
               (scan->callbacks->hosts_too && log_scan_matches_host(scan->options, &event))) {
        struct log_scan_item item = {.record = record, .event = &event};
        status = scan->callbacks->on_event(scan->context, &item, err);
    }
    event_release(&event);
    return status;
}

int log_scan_run(const struct audit_options *options, const struct log_scan_callbacks *callbacks,
                 void *context, struct log_scan_result *ret_result, struct error *err)
{
    struct log_scan scan = {.options = options, .callbacks = callbacks, .context = context};
    struct topic_scan topic = {.topic = KAFKA_EVENTS_TOPIC,
                               .options = options,
                               .follow = options->follow,
                               .on_record = on_record,
                               .context = &scan};
    int status = topic_scan_run(&topic, &scan.result.interrupted, err);
    *ret_result = scan.result;
    return status;
}
