#ifndef WORKER_AUDIT_LOG_SCAN_H
#define WORKER_AUDIT_LOG_SCAN_H

/** Reads every partition of stopfleet.events from its beginning to its end (or on and on). */

#include "common/domain/event.h"
#include "common/io/kafka.h"
#include "worker/audit/audit_options.h"

/** One record that could be read. */
struct log_scan_item {
    const struct kafka_record *record;
    const struct event *event;
};

struct log_scan_callbacks {
    bool
        hosts_too; /**< events of hosts pass the filters by cluster, task, type and since: what is known of a task rests on them */
    /** Each event that passes the filters. Returning -1 ends the scan with that error. */
    int (*on_event)(void *context, const struct log_scan_item *item, struct error *err);
    /** Each record that is no event that this version can read; it is counted too. May be NULL. */
    void (*on_unreadable)(void *context, const struct kafka_record *record,
                          const struct error *why);
};

/** What was read. */
struct log_scan_result {
    uint64_t records; /**< all */
    uint64_t unreadable;
    uint64_t unsupported; /**< of these, those of a major version that this one does not know */
    int32_t unsupported_partition; /**< where the first of them is */
    int64_t unsupported_offset;
    bool interrupted; /**< by SIGINT or SIGTERM */
};

/** Scans with the filters of options (cluster, task, host, type, since, until). With options->follow it goes on until a signal comes.
 *  Ends as topic_scan_run does: a signal is a failure, for result->interrupted to excuse. *ret_result is always written.
 *  @return 0 = the end was reached, or -1 */
int log_scan_run(const struct audit_options *options, const struct log_scan_callbacks *callbacks,
                 void *context, struct log_scan_result *ret_result, struct error *err);

/** Counts a record that could not be decoded, and why. Pure. */
void log_scan_count(struct log_scan_result *result, const struct kafka_record *record,
                    const struct error *why);
/** True if the event passes the filters. Pure. */
bool log_scan_matches(const struct audit_options *options, const struct event *event);
/** True if it is a host's event that passes where these pass too. Pure. */
bool log_scan_matches_host(const struct audit_options *options, const struct event *event);

#endif
