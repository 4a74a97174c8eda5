/** stopfleet-audit events: the log as lines. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/standard_output.h"
#include "worker/audit/command.h"
#include "worker/audit/event_line.h"
#include "worker/audit/log_scan.h"

static int print_json(const struct log_scan_item *item, struct error *err)
{
    json_t *json = event_to_json(item->record->value, err);
    if (json == NULL) {
        return -1;
    }
    json_t *line = json_pack("{s:i, s:I, s:o}", "partition", (int)item->record->partition, "offset",
                             (json_int_t)item->record->offset, "event", json);
    if (line == NULL) {
        json_decref(json);
        return error_no_memory(err, "printing an event");
    }
    int status = json_dumpf(line, stdout, JSON_COMPACT);
    json_decref(line);
    if (status != 0 || putchar('\n') == EOF) {
        return standard_output_failed(err);
    }
    return 0;
}

/* What a printing keeps. */
struct printing {
    const struct audit_options *options;
    bool any;    /**< an event was printed */
    bool failed; /**< one could not be: no fault of Kafka's */
};

static int on_event(void *context, const struct log_scan_item *item, struct error *err)
{
    struct printing *printing = context;
    const struct audit_options *options = printing->options;
    printing->any = true;
    int status = options->json ? print_json(item, err)
                               : event_line_print(stdout, item->record, item->event, err);
    if (status == 0 && options->follow && fflush(stdout) != 0) {
        status = standard_output_failed(err);
    }
    printing->failed = status != 0;
    return status;
}

static void on_unreadable(void *context, const struct kafka_record *record, const struct error *why)
{
    (void)context;
    fprintf(stderr,
            "stopfleet-audit: partition %d, offset %" PRId64
            " is no event that this version can read: %s\n",
            (int)record->partition, record->offset, why->message);
}

enum audit_exit cmd_events(const struct audit_options *options, struct error *err)
{
    static const struct log_scan_callbacks CALLBACKS = {.on_event = on_event,
                                                        .on_unreadable = on_unreadable};
    struct log_scan_result result = {0};
    struct printing printing = {.options = options};
    if (log_scan_run(options, &CALLBACKS, &printing, &result, err) != 0) {
        if (!result.interrupted) {
            return printing.failed ? AUDIT_EXIT_USAGE : AUDIT_EXIT_INCONCLUSIVE;
        }
        *err = (struct error){0};
    }
    bool named = options->cluster != NULL || options->host != NULL || options->tasks.count > 0;
    if (named && !printing.any && !options->follow) {
        error_set(err, ERROR_NOT_FOUND,
                  "the log holds no event that matches%s%s%s and the other filters; %llu records "
                  "read",
                  options->cluster == NULL ? "" : " --cluster",
                  options->host == NULL ? "" : " --host",
                  options->tasks.count == 0 ? "" : " --task", (unsigned long long)result.records);
        return AUDIT_EXIT_DIFFERS;
    }
    return result.unreadable > 0 ? AUDIT_EXIT_DIFFERS : AUDIT_EXIT_OK;
}
