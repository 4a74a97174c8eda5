#include "worker/audit/audit_options.h"

#include <stddef.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/event.h"
#include "common/domain/scope_options.h"

#define AT(member) offsetof(struct audit_options, member)

static const struct option_spec SPECS[] = {
    CONNECTION_OPTIONS_KAFKA(struct audit_options),
    {.name = "timeout",
     .type = OPTION_DURATION_MS,
     .offset = AT(timeout_ms),
     .default_text = "10s",
     .min = 100,
     .max = 3600000,
     .group = "Log",
     .help = "How long Kafka or Redis may be silent before the command gives up."},
    CONNECTION_OPTIONS_REDIS(struct audit_options),
    {.name = "retention",
     .type = OPTION_DURATION_MS,
     .offset = AT(retention_ms),
     .default_text = "24h",
     .min = 1000,
     .max = 0,
     .group = "View",
     .help =
         "How long a stopped task stays in the view after its end (check, rebuild); the workers' "
         "value."},
    {.name = "cluster",
     .type = OPTION_TEXT,
     .offset = AT(cluster),
     .text_rule = &SCOPE_CLUSTER,
     .group = "Filters",
     .help = "Only events and tasks of this cluster; rebuild always takes all."},
    {.name = "task",
     .type = OPTION_TEXT_LIST,
     .offset = AT(tasks),
     .group = "Filters",
     .help = "Only this task: its whole id, or its ARN; may be given several times."},
    {.name = "host",
     .type = OPTION_TEXT,
     .offset = AT(host),
     .group = "Filters",
     .help = "Only events of this host id."},
    {.name = "type",
     .type = OPTION_TEXT_LIST,
     .offset = AT(types),
     .group = "Filters",
     .help =
         "Only events of this type (StopRequested, SignalSent, ...); may be given several times."},
    {.name = "since",
     .type = OPTION_TEXT,
     .offset = AT(since),
     .group = "Filters",
     .help = "Only events made at or after this time, RFC 3339: 2026-01-31T12:00:00Z."},
    {.name = "until",
     .type = OPTION_TEXT,
     .offset = AT(until),
     .group = "Filters",
     .help = "Only events made before this time, RFC 3339."},
    {.name = "json",
     .type = OPTION_BOOLEAN,
     .offset = AT(json),
     .group = "Output",
     .help = "One JSON object a line, with all that the event holds."},
    {.name = "follow",
     .type = OPTION_BOOLEAN,
     .offset = AT(follow),
     .group = "Output",
     .help = "Goes on with new events until interrupted (events)."},
    {.name = "watch",
     .type = OPTION_BOOLEAN,
     .offset = AT(watch),
     .group = "Output",
     .help = "Stays, and rebuilds whenever the view in Redis is not complete, until interrupted "
             "(rebuild)."},
    CONNECTION_OPTIONS_LOG(struct audit_options, "warn"),
};

const struct option_program AUDIT_OPTIONS_PROGRAM = {
    .name = "stopfleet-audit",
    .version = STOPFLEET_VERSION,
    .synopsis = "COMMAND [OPTION]...",
    .summary =
        "Reads the log of a Stopfleet: the audit trail of every StopTask.\n\nCommands:\n"
#define COMMAND(word, fn, takes, what) "\n- " word ": " what
#include "worker/audit/command.def"
#undef COMMAND
        "\n\nExit status: 0 fine; 1 something differs, is missing or breaks a promise (check), or "
        "records that "
        "this version cannot read were passed over (events, replay, rebuild); 2 wrong use, or "
        "it could not be done; 3 inconclusive: Kafka or Redis could not be read to the end. "
        "A reader of standard output that goes away, as in | head, ends it by SIGPIPE. Events "
        "of one task are in order; those of different partitions are printed as they are read.",
    .specs = SPECS,
    .spec_count = sizeof SPECS / sizeof SPECS[0],
};

static int finish_time(const char *name, const char *text, int64_t *ret_unix_ms, struct error *err)
{
    if (text == NULL) {
        return 0;
    }
    if (clock_parse_rfc3339(text, ret_unix_ms, err) != 0) {
        return error_set(err, ERROR_INVALID,
                         "--%s \"%s\" is no time of RFC 3339: give date, time and zone, such as "
                         "2026-01-31T12:00:00Z",
                         name, text);
    }
    return 0;
}

static int refuse_type(const char *text, struct error *err)
{
    const char *names[EVENT_TYPE_COUNT] = {NULL};
    for (int type = EVENT_UNKNOWN_TYPE + 1; type < EVENT_TYPE_COUNT; type++) {
        names[type - EVENT_UNKNOWN_TYPE - 1] = event_type_name((enum event_type)type);
    }
    const char *nearest = option_nearest_word(span_of(text), names);
    return error_set(err, ERROR_INVALID,
                     "--type \"%s\" is no event type%s%s%s (docs/events.md has the names)", text,
                     nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "?");
}

int audit_options_finish(struct audit_options *options, struct error *err)
{
    if (connection_options_check(options->kafka_brokers, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < options->types.count; i++) {
        if (event_type_from_name(span_of(options->types.items[i])) == EVENT_UNKNOWN_TYPE) {
            return refuse_type(options->types.items[i], err);
        }
    }
    for (size_t i = 0; i < options->tasks.count; i++) {
        const char *slash = strrchr(options->tasks.items[i], '/');
        size_t length = strlen(slash == NULL ? options->tasks.items[i] : slash + 1);
        if (length != 32 && length != 36) {
            return error_set(err, ERROR_INVALID,
                             "--task \"%s\" is no task: give its whole id (32 or 36 characters) or "
                             "its ARN",
                             options->tasks.items[i]);
        }
    }
    if (finish_time("since", options->since, &options->since_unix_ms, err) != 0) {
        return -1;
    }
    if (finish_time("until", options->until, &options->until_unix_ms, err) != 0) {
        return -1;
    }
    if (options->until != NULL && options->since != NULL &&
        options->since_unix_ms >= options->until_unix_ms) {
        return error_set(err, ERROR_INVALID,
                         "--since \"%s\" is not before --until \"%s\": no event is between them",
                         options->since, options->until);
    }
    return 0;
}

struct kafka_config audit_options_kafka(const struct audit_options *options)
{
    return CONNECTION_KAFKA_CONFIG(options, "stopfleet-audit");
}

struct redis_config audit_options_redis(const struct audit_options *options)
{
    return CONNECTION_REDIS_CONFIG(options, options->timeout_ms);
}
