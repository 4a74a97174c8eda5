#include "worker/audit/host_fold.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/host_record.h"
#include "worker/audit/topic_scan.h"

enum { MAJOR_VERSION = 1 };

static int compare_hosts(const void *a, const void *b)
{
    const struct host_fold_entry *left = a;
    const struct host_fold_entry *right = b;
    return strcmp(left->host, right->host);
}

static struct host_fold_entry *entry_of(struct host_fold *fold, struct span host)
{
    struct host_fold_entry *entry = arena_alloc(&fold->arena, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->host = arena_strndup(&fold->arena, host.data, host.length);
    if (entry->host == NULL) {
        return NULL;
    }
    struct host_fold_entry *const *node = tsearch(entry, &fold->by_host, compare_hosts);
    if (node == NULL || *node != entry) {
        return node == NULL ? NULL : *node;
    }
    if (fold->last == NULL) {
        fold->first = entry;
    } else {
        fold->last->next = entry;
    }
    fold->last = entry;
    return entry;
}

static int add_record(struct host_fold *fold, struct span host, struct span value,
                      const struct host_record *record, struct error *err)
{
    const char *cluster = NULL;
    char *bytes = NULL;
    if (value.length > 0) {
        cluster = arena_strdup(&fold->arena, record->cluster);
        bytes = arena_alloc(&fold->arena, value.length);
        if (cluster == NULL || bytes == NULL) {
            return error_no_memory(err, "folding the hosts");
        }
        memcpy(bytes, value.data, value.length);
    }
    struct host_fold_entry *entry = entry_of(fold, host);
    if (entry == NULL) {
        return error_no_memory(err, "folding the hosts");
    }
    entry->cluster = cluster;
    entry->record = (struct span){bytes, value.length};
    return 0;
}

int host_fold_add(struct host_fold *fold, struct span host, struct span value, struct error *err)
{
    struct host_record record = {0};
    struct arena scratch = {0};
    int64_t version = MAJOR_VERSION;
    int status = 0;
    if (host.length == 0) {
        return error_set(err, ERROR_CORRUPT, "a registration without a host id as its key");
    }
    if (value.length > 0 && record_peek_integer(value, "v", &version) && version != MAJOR_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED,
                         "a registration of major version %" PRId64
                         ", this program reads version %d",
                         version, MAJOR_VERSION);
    }
    if (value.length > 0) {
        status = record_decode(&HOST_RECORD_SPEC, value, &scratch, &record, err);
        if (status == 0 && !span_equal_text(host, record.host)) {
            status = error_set(err, ERROR_CORRUPT, "the registration of \"%s\" under another key",
                               record.host);
        }
    }
    if (status == 0) {
        status = add_record(fold, host, value, &record, err);
    }
    arena_release(&scratch);
    return status;
}

static int on_record(void *context, const struct kafka_record *record, struct error *err)
{
    struct host_fold *fold = context;
    struct error why = {0};
    if (host_fold_add(fold, record->key, record->value, &why) == 0) {
        return 0;
    }
    if (why.code != ERROR_CORRUPT) {
        *err = why;
        return error_wrap(err, "%s, partition %d, offset %" PRId64, KAFKA_HOSTS_TOPIC,
                          (int)record->partition, record->offset);
    }
    fold->unreadable++;
    fprintf(stderr,
            "stopfleet-audit: %s, partition %d, offset %" PRId64
            " is no registration that this version can read, passed over: %s\n",
            KAFKA_HOSTS_TOPIC, (int)record->partition, record->offset, why.message);
    return 0;
}

int host_fold_run(struct host_fold *fold, const struct audit_options *options, struct error *err)
{
    bool interrupted = false;
    struct topic_scan topic = {
        .topic = KAFKA_HOSTS_TOPIC, .options = options, .on_record = on_record, .context = fold};
    return topic_scan_run(&topic, &interrupted, err);
}

static void keep_node(void *node)
{
    (void)node;
}

void host_fold_release(struct host_fold *fold)
{
    tdestroy(fold->by_host, keep_node);
    arena_release(&fold->arena);
    *fold = (struct host_fold){0};
}
