#include "worker/host/tasks_report.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "common/base/id.h"
#include "worker/host/group_member.h"

enum { SHORT_ID = 12 };

static const char *status_name(enum runtime_status status)
{
    static const char *const names[] = {
        [RUNTIME_CREATED] = "created", [RUNTIME_RUNNING] = "running",
        [RUNTIME_PAUSED] = "paused",   [RUNTIME_RESTARTING] = "restarting",
        [RUNTIME_EXITED] = "exited",   [RUNTIME_REMOVING] = "removing",
        [RUNTIME_DEAD] = "dead",
    };
    return names[status];
}

static int64_t grace_of(const struct group_member *member, int64_t default_grace_ms)
{
    const struct optional_integer *grace = &member->described.stop_timeout_ms;
    return grace->known ? grace->value : default_grace_ms;
}

/* All members, with what they need. */
static int prepare(struct grouping *grouping, struct arena *arena, struct error *err)
{
    for (size_t i = 0; i < grouping->groups.count; i++) {
        struct task_group *group = &grouping->groups.items[i];
        for (size_t k = 0; k < group->members.count; k++) {
            group->members.items[k].chosen = true;
        }
        for (size_t k = 0; k < group->members.count; k++) {
            if (group_member_need(group, &group->members.items[k], arena, err) != 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* ---- for people ---- */

/* Text of others: what could move the cursor is shown as '?'. */
static void put(FILE *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool control = (unsigned char)*c < 0x20 || *c == 0x7f;
        (void)fputc(control ? '?' : *c, out);
    }
}

static void put_member(const struct group_member *member, int64_t default_grace_ms, FILE *out)
{
    const struct described_container *d = &member->described;
    (void)fputs("  ", out);
    put(out, d->name);
    (void)fprintf(out, "  %.*s  %s  %s, then %" PRId64 " ms", SHORT_ID,
                  id_distinct(d->container_id), status_name(member->container->status),
                  d->stop_signal, grace_of(member, default_grace_ms));
    for (size_t i = 0; i < d->depends_on.count; i++) {
        (void)fputs(i == 0 ? ", before " : ", ", out);
        put(out, d->depends_on.items[i]);
    }
    if (d->drain_delay_ms > 0) {
        (void)fprintf(out, ", %" PRId64 " ms after the StopTask", d->drain_delay_ms);
    }
    if (d->pre_stop != NULL) {
        (void)fputs(", pre-stop ", out);
        put(out, d->pre_stop);
    }
    (void)fputs(d->sidecar ? ", sidecar\n" : "\n", out);
}

static void put_group(const struct task_group *group, const char *host, int64_t default_grace_ms,
                      FILE *out)
{
    char id[37];
    group_task_id(group, host, id);
    (void)fprintf(out, "%s  ", id);
    put(out, group->name);
    (void)fprintf(out, "  (%s)\n", group_kind_name(group->kind));
    for (size_t i = 0; i < group->members.count; i++) {
        put_member(&group->members.items[i], default_grace_ms, out);
    }
}

static void put_excluded(const struct excluded_container *excluded, FILE *out)
{
    const struct described_container *d = &excluded->container->described;
    (void)fputs("  ", out);
    put(out, d->name);
    (void)fprintf(out, "  %.*s  ", SHORT_ID, id_distinct(d->container_id));
    if (excluded->container->task_file != NULL) {
        put(out, excluded->container->task_file);
        (void)fputs(": ", out);
    }
    (void)fprintf(out, "%s\n", group_excluded_reason(excluded));
}

static void put_warning(const struct label_warning *warning, FILE *out)
{
    (void)fputs("  ", out);
    put(out, warning->container);
    (void)fputs("  ", out);
    put(out, warning->label);
    (void)fputs("=\"", out);
    put(out, warning->value);
    (void)fprintf(out, "\": give %s; until then: %s\n", warning->accepted, warning->otherwise);
}

static void put_bad_files(const struct tasks_report *report, FILE *out)
{
    (void)fprintf(out, "\nTASK FILES OF NO USE: %zu\n", report->bad_file_count);
    for (size_t i = 0; i < report->bad_file_count; i++) {
        (void)fputs("  ", out);
        put(out, report->bad_files[i].name);
        (void)fputs(": ", out);
        put(out, report->bad_files[i].why);
        (void)fputc('\n', out);
    }
}

int tasks_report_text(const struct tasks_report *report, struct arena *arena, FILE *out,
                      struct error *err)
{
    struct grouping *grouping = report->grouping;
    if (prepare(grouping, arena, err) != 0) {
        return -1;
    }
    (void)fprintf(out, "TASKS: %zu\n", grouping->groups.count);
    for (size_t i = 0; i < grouping->groups.count; i++) {
        put_group(&grouping->groups.items[i], report->host, report->default_grace_ms, out);
    }
    if (grouping->groups.count > 0) {
        (void)fputs("Ids are given by ECS, or those of a first observation now: an open task keeps "
                    "the id that the log has.\n",
                    out);
    }
    (void)fprintf(out, "\nNOT DISCOVERED: %zu\n", grouping->excluded.count);
    for (size_t i = 0; i < grouping->excluded.count; i++) {
        put_excluded(&grouping->excluded.items[i], out);
    }
    (void)fprintf(out, "\n%s OF NO USE: %zu\n", report->has_files ? "MEMBERS" : "LABELS",
                  grouping->warnings.list.count);
    for (size_t i = 0; i < grouping->warnings.list.count; i++) {
        put_warning(&grouping->warnings.list.items[i], out);
    }
    if (report->has_files) {
        put_bad_files(report, out);
    }
    return 0;
}

/* ---- for programs ---- */

static json_t *member_json(const struct group_member *member, int64_t default_grace_ms)
{
    const struct described_container *d = &member->described;
    json_t *needs = json_array();
    for (size_t i = 0; i < d->depends_on.count; i++) {
        if (json_array_append_new(needs, json_string(d->depends_on.items[i])) != 0) {
            json_decref(needs);
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s?, s:b, s:b, s:o}", "name", d->name, "id",
                     d->container_id, "status", status_name(member->container->status),
                     "stopSignal", d->stop_signal, "stopTimeoutMs",
                     (json_int_t)grace_of(member, default_grace_ms), "drainDelayMs",
                     (json_int_t)d->drain_delay_ms, "preStop", d->pre_stop, "essential",
                     !d->non_essential, "sidecar", d->sidecar, "dependsOn", needs);
}

static json_t *group_json(const struct task_group *group, const char *host,
                          int64_t default_grace_ms)
{
    char id[37];
    group_task_id(group, host, id);
    json_t *members = json_array();
    for (size_t i = 0; i < group->members.count; i++) {
        if (json_array_append_new(members,
                                  member_json(&group->members.items[i], default_grace_ms)) != 0) {
            json_decref(members);
            return NULL;
        }
    }
    return json_pack("{s:s, s:b, s:s, s:s, s:o}", "id", id, "idIsGiven", group->given_id != NULL,
                     "name", group->name, "kind", group_kind_name(group->kind), "containers",
                     members);
}

static json_t *excluded_json(const struct excluded_container *excluded)
{
    const struct described_container *d = &excluded->container->described;
    return json_pack("{s:s, s:s, s:s, s:s?, s:s*}", "name", d->name, "id", d->container_id,
                     "reason", group_excluded_reason(excluded), "adopt",
                     group_exclusion_name(excluded->reason), "file",
                     excluded->container->task_file);
}

static json_t *warning_json(const struct label_warning *warning)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "container", warning->container, "label",
                     warning->label, "value", warning->value, "accepted", warning->accepted,
                     "instead", warning->otherwise);
}

/* NULL for a runtime without task files. */
static json_t *bad_files_json(const struct tasks_report *report, bool *ok)
{
    json_t *files = report->has_files ? json_array() : NULL;
    *ok = *ok && (!report->has_files || files != NULL);
    for (size_t i = 0; *ok && i < report->bad_file_count; i++) {
        const struct runtime_bad_file *file = &report->bad_files[i];
        *ok = json_array_append_new(
                  files, json_pack("{s:s, s:s}", "file", file->name, "reason", file->why)) == 0;
    }
    return files;
}

int tasks_report_json(const struct tasks_report *report, struct arena *arena, FILE *out,
                      struct error *err)
{
    struct grouping *grouping = report->grouping;
    if (prepare(grouping, arena, err) != 0) {
        return -1;
    }
    json_t *tasks = json_array();
    json_t *excluded = json_array();
    json_t *warnings = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < grouping->groups.count; i++) {
        ok = json_array_append_new(tasks, group_json(&grouping->groups.items[i], report->host,
                                                     report->default_grace_ms)) == 0;
    }
    for (size_t i = 0; ok && i < grouping->excluded.count; i++) {
        ok = json_array_append_new(excluded, excluded_json(&grouping->excluded.items[i])) == 0;
    }
    for (size_t i = 0; ok && i < grouping->warnings.list.count; i++) {
        ok = json_array_append_new(warnings, warning_json(&grouping->warnings.list.items[i])) == 0;
    }
    json_t *files = bad_files_json(report, &ok);
    json_t *all = json_pack("{s:o, s:o, s:o, s:o*}", "tasks", tasks, "notDiscovered", excluded,
                            "labelsOfNoUse", warnings, "taskFilesOfNoUse", files);
    ok = ok && all != NULL && json_dumpf(all, out, JSON_INDENT(2)) == 0 && fputc('\n', out) == '\n';
    json_decref(all);
    return ok ? 0 : error_no_memory(err, "writing JSON");
}
