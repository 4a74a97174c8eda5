#ifndef WORKER_AUDIT_LOG_SCAN_H
#define WORKER_AUDIT_LOG_SCAN_H

/** Reads every partition of stopfleet.events from its beginning to its end (or on and on). */

#include "common/domain/event.h"
#include "common/io/kafka.h"
#include "common/io/loop.h"
#include "worker/audit/audit_options.h"

struct log_scan;

/** One record that could be read. */
struct log_scan_item {
    const struct kafka_record *record;
    const struct event *event;
};

struct log_scan_callbacks {
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
    bool interrupted; /**< by SIGINT or SIGTERM */
};

/** Scans with the filters of options (cluster, task, host, type, since, until). With options->follow it goes on until a signal comes.
 *  Silence of Kafka for options->timeout_ms: ERROR_UNAVAILABLE (the end was not reached: inconclusive).
 *  @return 0 or -1 */
int log_scan_run(struct loop *loop, const struct audit_options *options,
                 const struct log_scan_callbacks *callbacks, void *context,
                 struct log_scan_result *ret_result, struct error *err);

/** True if the event passes the filters. Pure. */
bool log_scan_matches(const struct audit_options *options, const struct event *event);

#endif
