#ifndef WORKER_AUDIT_TOPIC_SCAN_H
#define WORKER_AUDIT_TOPIC_SCAN_H

/** Reads every partition of a topic from its beginning to its end as the scan began (or on and on). */

#include "common/io/kafka.h"
#include "worker/audit/audit_options.h"

/** What to read, and who gets it. */
struct topic_scan {
    const char *topic;
    const struct audit_options *options; /**< Kafka's address, timeout_ms */
    bool follow;                         /**< goes on at the end */
    /** Each record. Returning -1 ends the scan with that error. */
    int (*on_record)(void *context, const struct kafka_record *record, struct error *err);
    void *context;
};

/** Scans on a loop of its own, so that no signal is held back before or after it. SIGINT or SIGTERM ends it with
 *  ERROR_UNAVAILABLE, and *ret_interrupted (always written) says that it was that. Silence of Kafka for timeout_ms:
 *  ERROR_UNAVAILABLE too (the end was not reached).
 *  Records that come while it reads may be among those given; the end is that of the beginning, so that a log that is written to
 *  all the time has one. @return 0 = the end was reached, or -1 */
int topic_scan_run(const struct topic_scan *what, bool *ret_interrupted, struct error *err);

#endif
