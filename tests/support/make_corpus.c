/* make_corpus EVENTS-FOLDER BASES-FOLDER: made the committed corpus once, and makes what is missing
 * when a type of event is added. What is there is never written again: it stands for the log that
 * somebody already has. Bases are seeds of tests/fuzz/fuzz_task.c. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/reduce.h"
#include "tests/support/sample_events.h"

static const char *const other_task = "fedcba9876543210fedcba9876543210";

static void check(int rc, const struct error *err)
{
    if (rc < 0) {
        (void)fprintf(stderr, "make_corpus: %s\n", err->message);
        exit(1);
    }
}

static void write_file(const char *folder, unsigned number, const char *name, const char *suffix,
                       struct span bytes)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%02u-%s.%s", folder, number, name, suffix);
    FILE *file = fopen(path, "wbxe");
    if (file == NULL && errno == EEXIST) {
        return;
    }
    if (file == NULL || fwrite(bytes.data, 1, bytes.length, file) != bytes.length ||
        fclose(file) != 0) {
        (void)fprintf(stderr, "make_corpus: %s: %s\n", path, strerror(errno));
        exit(1);
    }
}

static struct buffer bytes_of(struct event *event)
{
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, EVENT_MAX_BYTES);
    check(event_encode(event, &buf, &err), &err);
    event_release(event);
    return buf;
}

static void fold(struct task *task, const struct buffer *buf)
{
    struct error err = {0};
    check(reduce_bytes(task, buffer_span(buf), NULL, &err), &err);
}

static void write_base(const char *folder, unsigned number, const struct task *task)
{
    struct buffer buf;
    struct error err = {0};
    buffer_init(&buf, 1 << 20);
    check(task_encode(task, &buf, &err), &err);
    write_file(folder, number, "base", "msgpack", buffer_span(&buf));
    buffer_release(&buf);
}

static void write_expected(const char *folder, const struct task *task)
{
    struct error err = {0};
    json_t *json = record_to_json(&TASK_SPEC, task, &err);
    check(json == NULL ? -1 : 0, &err);
    char *text = json_dumps(json, JSON_INDENT(1));
    if (text != NULL) {
        write_file(folder, 99, task->id, "json", span_of(text));
    }
    free(text);
    json_decref(json);
}

/* The event with one more key, as a later version may write it. */
static void add_unknown_key(struct buffer *buf)
{
    static const char pair[] = "\xa7novelty\x81\xa4"
                               "deep\x93\x01\xc0\xc4\x02xy";
    struct error err = {0};
    buf->data[0]++;
    check(buffer_append(buf, pair, sizeof pair - 1, &err), &err);
}

/* A task of its own, with a pre-stop command. */
static void write_pre_stop(const char *folder)
{
    static const enum event_type types[] = {EVENT_TASK_OBSERVED, EVENT_STOP_REQUESTED,
                                            EVENT_STOP_ACCEPTED, EVENT_PRE_STOP_STARTED,
                                            EVENT_PRE_STOP_ENDED};
    struct task task = {0};
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
        struct event event;
        sample_full_event(&event, types[i], 30 + i);
        event.task = "00112233445566778899aabbccddeeff";
        struct buffer buf = bytes_of(&event);
        write_file(folder, 19 + i, event_type_name(types[i]), "msgpack", buffer_span(&buf));
        fold(&task, &buf);
        buffer_release(&buf);
    }
    write_expected(folder, &task);
    task_release(&task);
}

/* A task of its own, one container of which has ended. */
static void write_ended(const char *folder)
{
    struct task task = {0};
    struct event event;
    sample_full_event(&event, EVENT_TASK_OBSERVED, 40);
    event.task = "ffeeddccbbaa99887766554433221100";
    struct buffer buf = bytes_of(&event);
    write_file(folder, 24, "TaskObserved", "msgpack", buffer_span(&buf));
    fold(&task, &buf);
    buffer_release(&buf);
    write_expected(folder, &task);
    task_release(&task);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: make_corpus EVENTS-FOLDER BASES-FOLDER\n");
        return 2;
    }
    struct task task = {0};
    struct task other = {0};
    struct event event;
    struct buffer buf;
    unsigned number = 0;
    write_base(argv[2], number, &task);
    for (; number < SAMPLE_STOP_EVENTS; number++) {
        sample_stop_event(&event, number);
        const char *name = event_type_name(event.type);
        buf = bytes_of(&event);
        write_file(argv[1], number + 1, name, "msgpack", buffer_span(&buf));
        fold(&task, &buf);
        write_base(argv[2], number + 1, &task);
        buffer_release(&buf);
    }
    sample_full_event(&event, EVENT_TASK_OBSERVED, 20);
    event.task = other_task;
    buf = bytes_of(&event);
    write_file(argv[1], 14, "TaskObserved", "msgpack", buffer_span(&buf));
    fold(&other, &buf);
    buffer_release(&buf);
    sample_full_event(&event, EVENT_STOP_STUCK, 21);
    event.task = other_task;
    buf = bytes_of(&event);
    add_unknown_key(&buf);
    write_file(argv[1], 15, "StopStuck-unknown-key", "msgpack", buffer_span(&buf));
    fold(&other, &buf);
    memcpy(memmem(buf.data, buf.length, "StopStuck", 9), "TaskMoved", 9);
    write_file(argv[1], 16, "TaskMoved-unknown-type", "msgpack", buffer_span(&buf));
    fold(&other, &buf);
    buffer_release(&buf);
    sample_full_event(&event, EVENT_TASK_GONE, 22);
    event.task = other_task;
    buf = bytes_of(&event);
    write_file(argv[1], 17, "TaskGone", "msgpack", buffer_span(&buf));
    fold(&other, &buf);
    buffer_release(&buf);
    sample_full_event(&event, EVENT_HOST_STATE_CHANGED, 23);
    buf = bytes_of(&event);
    write_file(argv[1], 18, "HostStateChanged", "msgpack", buffer_span(&buf));
    write_file(argv[1], 19, "HostStateChanged", "msgpack", buffer_span(&buf));
    buffer_release(&buf);
    sample_full_event(&event, EVENT_HOST_DEREGISTERED, 24);
    buf = bytes_of(&event);
    write_file(argv[1], 20, "HostDeregistered", "msgpack", buffer_span(&buf));
    buffer_release(&buf);
    write_pre_stop(argv[1]);
    write_ended(argv[1]);
    write_expected(argv[1], &task);
    write_expected(argv[1], &other);
    task_release(&task);
    task_release(&other);
    return 0;
}
