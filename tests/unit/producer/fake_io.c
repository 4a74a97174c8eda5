#include "tests/unit/producer/fake_io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fake_io fake;

void fake_reset(void)
{
    buffer_release(&fake.pend_event);
    buffer_release(&fake.sent_key);
    buffer_release(&fake.sent_value);
    fake = (struct fake_io){0};
    buffer_init(&fake.pend_event, 1 << 20);
    buffer_init(&fake.sent_key, 1 << 20);
    buffer_init(&fake.sent_value, 1 << 20);
}

static void copy_text(char *to, const char *text)
{
    (void)snprintf(to, FAKE_TEXT_SIZE, "%s", text == NULL ? "" : text);
}

static void ask(enum fake_question question, const char *cluster, void *context)
{
    assert_int_equal(fake.question, FAKE_NOTHING);
    fake.question = question;
    copy_text(fake.cluster, cluster);
    fake.context = context;
    fake.questions++;
}

static void keep_ids(const char *const *ids, size_t count)
{
    assert_in_range(count, 0, FAKE_IDS_MAX);
    fake.id_count = count;
    for (size_t i = 0; i < count; i++) {
        copy_text(fake.ids[i], ids[i]);
    }
}

/* A function pointer is kept as its bytes: C has no void * for functions. */
#define KEEP(callback) memcpy(&fake.fn, &(callback), sizeof fake.fn)
#define TAKE(callback) memcpy(&(callback), &fake.fn, sizeof fake.fn)

/* ---- common/io/redis_view.h ---- */

struct redis_view *redis_view_new(struct loop *loop, const struct redis_config *config,
                                  redis_state_fn *on_state, void *context, struct error *err)
{
    (void)loop;
    (void)config;
    (void)on_state;
    (void)context;
    (void)err;
    return (struct redis_view *)&fake;
}

void redis_view_free(struct redis_view *view)
{
    (void)view;
}

bool redis_view_connected(const struct redis_view *view)
{
    (void)view;
    return !fake.redis_away;
}

void redis_view_read(struct redis_view *view, const char *cluster, const char *const *ids,
                     size_t count, redis_read_fn *fn, void *context)
{
    (void)view;
    ask(FAKE_READ, cluster, context);
    keep_ids(ids, count);
    KEEP(fn);
}

void redis_view_pend(struct redis_view *view, const char *cluster, const char *task, int64_t offset,
                     enum redis_pend_kind kind, struct span event, redis_read_fn *fn, void *context)
{
    (void)view;
    assert_int_equal(kind, REDIS_PEND_STOP);
    ask(FAKE_PEND, cluster, context);
    keep_ids(&task, 1);
    fake.pend_offset = offset;
    buffer_clear(&fake.pend_event);
    assert_int_equal(buffer_append(&fake.pend_event, event.data, event.length, NULL), 0);
    KEEP(fn);
}

void redis_view_list_tasks(struct redis_view *view, const struct redis_task_list *list,
                           const char *after, size_t limit, redis_page_fn *fn, void *context)
{
    (void)view;
    ask(FAKE_LIST_TASKS, list->cluster, context);
    copy_text(fake.host, list->host);
    copy_text(fake.family, list->family);
    copy_text(fake.started_by, list->started_by);
    copy_text(fake.service, list->service);
    copy_text(fake.after, after);
    fake.limit = limit;
    fake.stopped = list->stopped;
    KEEP(fn);
}

void redis_view_list_clusters(struct redis_view *view, const char *after, size_t limit,
                              redis_page_fn *fn, void *context)
{
    (void)view;
    ask(FAKE_LIST_CLUSTERS, NULL, context);
    copy_text(fake.after, after);
    fake.limit = limit;
    KEEP(fn);
}

void redis_view_describe_clusters(struct redis_view *view, const char *const *names, size_t count,
                                  redis_cluster_fn *fn, void *context)
{
    (void)view;
    ask(FAKE_DESCRIBE_CLUSTERS, NULL, context);
    keep_ids(names, count);
    KEEP(fn);
}

void redis_view_read_hosts(struct redis_view *view, const char *cluster, const char *const *ids,
                           size_t count, redis_hosts_fn *fn, void *context)
{
    (void)view;
    ask(FAKE_READ_HOSTS, cluster, context);
    keep_ids(ids, count);
    KEEP(fn);
}

void redis_view_list_hosts(struct redis_view *view, const char *cluster,
                           const char *const *statuses, const char *after, size_t limit,
                           redis_page_fn *fn, void *context)
{
    (void)view;
    ask(FAKE_LIST_HOSTS, cluster, context);
    copy_text(fake.after, after);
    fake.limit = limit;
    fake.id_count = 0;
    for (; statuses[fake.id_count] != NULL; fake.id_count++) {
        copy_text(fake.ids[fake.id_count], statuses[fake.id_count]);
    }
    KEEP(fn);
}

void redis_view_host_fact(struct redis_view *view, const char *host, const char *kind,
                          int64_t offset, const char *value, redis_done_fn *fn, void *context)
{
    (void)view;
    ask(FAKE_HOST_FACT, NULL, context);
    (void)snprintf(fake.fact, sizeof fake.fact, "%s %s %lld %s", host, kind, (long long)offset,
                   value);
    KEEP(fn);
}

/** Takes the question that waits, so that its answer may lead to the next one. */
static void *take_question(void)
{
    void *context = fake.context;
    fake.question = FAKE_NOTHING;
    return context;
}

void fake_answer_read(const struct error *error, const struct redis_read *read)
{
    redis_read_fn *fn;
    assert_true(fake.question == FAKE_READ || fake.question == FAKE_PEND);
    TAKE(fn);
    fn(take_question(), error, error == NULL ? read : NULL);
}

void fake_answer_page(const struct error *error, const struct redis_page *page)
{
    redis_page_fn *fn;
    assert_true(fake.question == FAKE_LIST_TASKS || fake.question == FAKE_LIST_CLUSTERS ||
                fake.question == FAKE_LIST_HOSTS);
    TAKE(fn);
    fn(take_question(), error, error == NULL ? page : NULL);
}

void fake_answer_hosts(const struct error *error, const struct redis_hosts *hosts)
{
    redis_hosts_fn *fn;
    assert_int_equal(fake.question, FAKE_READ_HOSTS);
    TAKE(fn);
    fn(take_question(), error, error == NULL ? hosts : NULL);
}

void fake_answer_fact(const struct error *error)
{
    redis_done_fn *fn;
    assert_int_equal(fake.question, FAKE_HOST_FACT);
    TAKE(fn);
    fn(take_question(), error);
}

void fake_answer_clusters(const struct error *error, bool complete,
                          const struct redis_cluster *clusters, size_t count)
{
    redis_cluster_fn *fn;
    assert_int_equal(fake.question, FAKE_DESCRIBE_CLUSTERS);
    TAKE(fn);
    fn(take_question(), error, complete, clusters, count);
}

/* ---- common/io/kafka.h ---- */

struct kafka_writer *kafka_writer_new(struct loop *loop, const struct kafka_config *config,
                                      enum kafka_writer_kind kind, int64_t delivery_timeout_ms,
                                      kafka_state_fn *on_state, void *context, struct error *err)
{
    (void)loop;
    (void)config;
    (void)delivery_timeout_ms;
    (void)err;
    assert_int_equal(kind, KAFKA_WRITER_API);
    fake.on_kafka = on_state;
    fake.on_kafka_context = context;
    return (struct kafka_writer *)&fake;
}

void kafka_writer_free(struct kafka_writer *writer, int64_t flush_ms)
{
    (void)writer;
    (void)flush_ms;
}

int kafka_writer_send(struct kafka_writer *writer, const char *topic, int32_t partition,
                      struct span key, struct span value, const char *traceparent,
                      kafka_delivered_fn *delivered, void *context, struct error *err)
{
    (void)writer;
    assert_string_equal(topic, KAFKA_EVENTS_TOPIC);
    assert_false(fake.sent);
    if (fake.send_error.code != ERROR_NONE) {
        *err = fake.send_error;
        return -1;
    }
    fake.sent = true;
    fake.sent_partition = partition;
    buffer_clear(&fake.sent_key);
    buffer_clear(&fake.sent_value);
    assert_int_equal(buffer_append(&fake.sent_key, key.data, key.length, NULL), 0);
    assert_int_equal(buffer_append(&fake.sent_value, value.data, value.length, NULL), 0);
    copy_text(fake.sent_traceparent, traceparent);
    fake.delivered = delivered;
    fake.delivered_context = context;
    return 0;
}

void fake_deliver(const struct error *error, int64_t offset)
{
    assert_true(fake.sent);
    fake.sent = false;
    fake.delivered(fake.delivered_context, error, offset);
}
