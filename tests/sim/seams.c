/** What the worker asks of the operating system; linked in by --wrap. */

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "common/base/append_file.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "tests/sim/sim.h"
#include "worker/host/journal_record.h"
#include "worker/host/outbox.h"

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now);
ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags);
int __wrap_gethostname(char *name, size_t length);
int __wrap_clock_boot_id(char ret_id[BOOT_ID_SIZE], struct error *err);
void __wrap_log_emit(enum log_level level, const char *event, const char *message,
                     const struct log_field *fields);
int __real_outbox_push(struct outbox *outbox, struct span event, bool journalled,
                       kafka_delivered_fn *delivered, void *context, struct error *err);
int __wrap_outbox_push(struct outbox *outbox, struct span event, bool journalled,
                       kafka_delivered_fn *delivered, void *context, struct error *err);
int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open64(const char *path, int flags, mode_t mode);
void __wrap_end_limit_start(int64_t limit_ms, int status, const char *why);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_append_file_append(struct append_file *file, struct span payload, struct error *err);
int __wrap_append_file_append(struct append_file *file, struct span payload, struct error *err);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret_now)
{
    int64_t ms = id == CLOCK_REALTIME ? sim_wall_ms() : sim_boot_ms();
    *ret_now = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    return 0;
}

ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned flags)
{
    (void)flags;
    unsigned char *to = bytes;
    for (size_t i = 0; i < length; i++) {
        to[i] = (unsigned char)sim_random();
    }
    return (ssize_t)length;
}

int __wrap_gethostname(char *name, size_t length)
{
    snprintf(name, length, "%s", "sim");
    return 0;
}

int __wrap_clock_boot_id(char ret_id[BOOT_ID_SIZE], struct error *err)
{
    (void)err;
    snprintf(ret_id, BOOT_ID_SIZE, "%08x-0000-4000-8000-000000000000", (unsigned)sim.boot_number);
    return 0;
}

/** Nothing hangs in this world's Kafka; and the limit is of true time. */
void __wrap_end_limit_start(int64_t limit_ms, int status, const char *why)
{
    (void)limit_ms;
    (void)status;
    (void)why;
}

/* ---- the worker's own log: into the story ---- */

static bool is_bug(enum log_level level, const char *event)
{
    return level == LOG_LEVEL_ERROR &&
           (strcmp(event, "stop.bug") == 0 || strcmp(event, "stop.fold") == 0 ||
            strcmp(event, "view.fold") == 0 || strcmp(event, "journal.event") == 0);
}

void __wrap_log_emit(enum log_level level, const char *event, const char *message,
                     const struct log_field *fields)
{
    char line[600];
    int at = snprintf(line, sizeof line, "%s: %s", event, message);
    if (!sim.story && !is_bug(level, event)) {
        return;
    }
    for (; fields != NULL && fields->key != NULL && at < (int)sizeof line - 1; fields++) {
        size_t room = sizeof line - (size_t)at;
        at += fields->is_number
                  ? snprintf(line + at, room, " %s=%lld", fields->key, (long long)fields->number)
                  : snprintf(line + at, room, " %s=%.80s", fields->key,
                             fields->text == NULL ? "-" : fields->text);
    }
    sim_say("    w%d: %s", sim.worker->number, line);
    if (is_bug(level, event)) {
        sim_broken("the worker finds itself in a state that it holds to be impossible", "%s", line);
    }
}

/* ---- files ---- */

enum { FILES = 256 };

static int opened[FILES]; /**< by which worker; 0 = by none */

/** open(2) under each of the names that it is linked by. */
static int open_noted(const char *path, int flags, mode_t mode)
{
    int fd = __real_open(path, flags, mode);
    if (fd >= FILES) {
        abort();
    }
    if (fd >= 0) {
        opened[fd] = sim.worker->number;
    }
    return fd;
}

int __wrap_open(const char *path, int flags, mode_t mode)
{
    return open_noted(path, flags, mode);
}

int __wrap_open64(const char *path, int flags, mode_t mode)
{
    return open_noted(path, flags, mode);
}

void sim_files_close(int worker)
{
    for (int fd = 0; fd < FILES && worker > 0; fd++) {
        if (opened[fd] == worker) {
            (void)close(fd);
            opened[fd] = 0;
        }
    }
}

int __wrap_rename(const char *from, const char *to)
{
    sim_seam("before a file is renamed");
    int rc = __real_rename(from, to);
    sim_seam("after a file was renamed");
    return rc;
}

/* ---- the journal's disk ---- */

static void look_at_event(struct span bytes)
{
    struct event event;
    if (event_decode(bytes, &event, NULL) == 0) {
        sim_check_said(&event);
    }
    event_release(&event);
}

static void look(struct span payload)
{
    struct span body = {payload.data + 1, payload.length - 1};
    if (payload.data[0] == (char)JOURNAL_EVENT) {
        look_at_event(body);
    } else if (payload.data[0] == (char)JOURNAL_INTENT) {
        struct arena arena = {0};
        struct journal_intent intent = {0};
        if (record_decode(&JOURNAL_INTENT_SPEC, body, &arena, &intent, NULL) == 0) {
            sim_check_intent(intent.task, intent.run, intent.signal);
        }
        arena_release(&arena);
    }
}

int __wrap_append_file_append(struct append_file *file, struct span payload, struct error *err)
{
    off_t before = file->size_bytes;
    bool intent = payload.data[0] == (char)JOURNAL_INTENT;
    sim_seam("before a write to the journal");
    if (sim.disk_full) {
        sim.worker->journal_incomplete = true;
        return error_set(err, ERROR_FULL, "no space left on device");
    }
    if (intent && sim.broken_rule == SIM_BREAK_INTENT_LOST) {
        return 0;
    }
    int result = __real_append_file_append(file, payload, err);
    if (result == 0 && sim.worker->crash_in == 1 && sim.worker->torn) {
        int64_t written = file->size_bytes - before;
        (void)!ftruncate(file->fd, before + sim_below(written));
        sim_seam("within a write to the journal");
    }
    if (result == 0) {
        look(payload);
    }
    sim_seam("after a write to the journal");
    return result;
}

/** What could not be journalled is said all the same. */
int __wrap_outbox_push(struct outbox *outbox, struct span event, bool journalled,
                       kafka_delivered_fn *delivered, void *context, struct error *err)
{
    look_at_event(event);
    return __real_outbox_push(outbox, event, journalled, delivered, context, err);
}
