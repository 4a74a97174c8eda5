#include "worker/audit/log_fold.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/reduce.h"

static int compare_keys(const void *a, const void *b)
{
    const struct log_fold_entry *left = a;
    const struct log_fold_entry *right = b;
    return strcmp(left->key, right->key);
}

struct log_fold_entry *log_fold_find(const struct log_fold *fold, const char *key)
{
    union {
        const char *in;
        char *out;
    } text = {.in = key};
    struct log_fold_entry wanted = {.key = text.out};
    struct log_fold_entry *const *node = tfind(&wanted, &fold->by_key, compare_keys);
    return node == NULL ? NULL : *node;
}

static struct log_fold_entry *entry_new(struct log_fold *fold, const char *key)
{
    struct log_fold_entry *entry = memory_calloc(1, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->key = memory_strdup(key);
    entry->pos = -1;
    if (entry->key == NULL || tsearch(entry, &fold->by_key, compare_keys) == NULL) {
        memory_free(entry->key);
        memory_free(entry);
        return NULL;
    }
    if (fold->last == NULL) {
        fold->first = entry;
    } else {
        fold->last->next = entry;
    }
    fold->last = entry;
    fold->count++;
    return entry;
}

static struct log_fold_entry *need_entry(struct log_fold *fold, const struct event *event,
                                         struct error *err)
{
    struct buffer key;
    buffer_init(&key, 1024);
    if (buffer_append_format(&key, err, "%s/%s", event->cluster, event->task) != 0) {
        buffer_release(&key);
        return NULL;
    }
    struct log_fold_entry *entry = log_fold_find(fold, key.data);
    if (entry == NULL) {
        entry = entry_new(fold, key.data);
    }
    buffer_release(&key);
    if (entry == NULL) {
        (void)error_no_memory(err, "folding the log");
    }
    return entry;
}

static int judge(struct log_fold *fold, const struct task *task, const struct log_scan_item *item,
                 struct error *err)
{
    const struct stop_place place = {.partition = item->record->partition,
                                     .offset = item->record->offset,
                                     .appended_unix_ms = item->record->timestamp_unix_ms};
    return fold->stops == NULL ? 0 : stop_history_add(fold->stops, task, item->event, &place, err);
}

static int on_event(void *context, const struct log_scan_item *item, struct error *err)
{
    struct log_fold *fold = context;
    const struct event *event = item->event;
    if (host_facts_add(&fold->hosts, event, item->record->offset, err) != 0) {
        return -1;
    }
    if (event->task == NULL || event->cluster == NULL) {
        return judge(fold, NULL, item, err);
    }
    struct log_fold_entry *entry = need_entry(fold, event, err);
    if (entry == NULL || judge(fold, &entry->task, item, err) != 0) {
        return -1;
    }
    if (fold->before != NULL &&
        fold->before(fold->before_context, entry, item->record->offset, err) != 0) {
        return -1;
    }
    bool changed = false;
    if (reduce(&entry->task, event, &changed, err) != 0) {
        return error_wrap(err, "partition %d, offset %" PRId64, (int)item->record->partition,
                          item->record->offset);
    }
    entry->pos = item->record->offset;
    return 0;
}

static void on_unreadable(void *context, const struct kafka_record *record, const struct error *why)
{
    (void)context;
    fprintf(stderr,
            "stopfleet-audit: partition %d, offset %" PRId64
            " is no event that this version can read, passed over: %s\n",
            (int)record->partition, record->offset, why->message);
}

int log_fold_run(struct log_fold *fold, const struct audit_options *options, struct error *err)
{
    static const struct log_scan_callbacks CALLBACKS = {
        .hosts_too = true, .on_event = on_event, .on_unreadable = on_unreadable};
    return log_scan_run(options, &CALLBACKS, fold, &fold->scanned, err);
}

bool log_fold_belongs(const struct log_fold_entry *entry, int64_t retention_ms, int64_t now_unix_ms)
{
    bool forgotten =
        task_is_terminal(&entry->task) && entry->task.terminal_at + retention_ms <= now_unix_ms;
    return entry->task.host != NULL && !forgotten;
}

static void keep_node(void *node)
{
    (void)node;
}

void log_fold_release(struct log_fold *fold)
{
    tdestroy(fold->by_key, keep_node);
    for (struct log_fold_entry *entry = fold->first; entry != NULL;) {
        struct log_fold_entry *next = entry->next;
        task_release(&entry->task);
        memory_free(entry->key);
        memory_free(entry);
        entry = next;
    }
    host_facts_release(&fold->hosts);
    *fold = (struct log_fold){0};
}
