#ifndef WORKER_AUDIT_EVENT_LINE_H
#define WORKER_AUDIT_EVENT_LINE_H

/** One event as a line for people: time, place in the log, type, task, and what it says. */

#include <stdio.h>

#include "common/domain/event.h"
#include "common/io/kafka.h"

/** @return 0 or -1 with ERROR_IO, ERROR_NO_MEMORY */
int event_line_print(FILE *out, const struct kafka_record *record, const struct event *event,
                     struct error *err);
/** Appends what the event says beyond its type, e.g. "SIGTERM to web (4f1c…), deadline …". Pure; control characters are escaped. */
int event_line_detail(const struct event *event, struct buffer *buf, struct error *err);

#endif
