#include "worker/audit/host_compare.h"

#include <search.h>
#include <stdio.h>
#include <string.h>

static int compare_hosts(const void *a, const void *b)
{
    const struct host_compare_entry *left = a;
    const struct host_compare_entry *right = b;
    int by_cluster = strcmp(left->cluster, right->cluster);
    return by_cluster != 0 ? by_cluster : strcmp(left->host, right->host);
}

int host_compare_add(struct host_compare *compare, const char *cluster,
                     const struct redis_host *host, struct error *err)
{
    struct host_compare_entry *entry = arena_alloc(&compare->arena, sizeof *entry);
    char *name = arena_strndup(&compare->arena, host->id.data, host->id.length);
    char *place = arena_strdup(&compare->arena, cluster);
    if (entry == NULL || name == NULL || place == NULL) {
        return error_no_memory(err, "reading the hosts of the view");
    }
    *entry = (struct host_compare_entry){
        .host = name, .cluster = place, .version = host->version, .next = compare->first};
    (void)snprintf(entry->status, sizeof entry->status, "%.*s", (int)host->status.length,
                   host->status.data);
    if (tsearch(entry, &compare->by_host, compare_hosts) == NULL) {
        return error_no_memory(err, "reading the hosts of the view");
    }
    compare->first = entry;
    compare->count++;
    return 0;
}

struct host_compare_entry *host_compare_find(const struct host_compare *compare,
                                             const char *cluster, const char *host)
{
    struct host_compare_entry wanted = {.host = host, .cluster = cluster};
    struct host_compare_entry *const *node = tfind(&wanted, &compare->by_host, compare_hosts);
    return node == NULL ? NULL : *node;
}

enum host_verdict host_compare_verdict(const struct host_state *log, int64_t version,
                                       const char *status)
{
    static const struct host_state NO_FACTS = HOST_STATE_INITIAL;
    const struct host_state *state = log == NULL ? &NO_FACTS : log;
    int64_t of_log = host_state_version(state);
    if (version != of_log) {
        return version > of_log ? HOST_VERDICT_AHEAD : HOST_VERDICT_BEHIND;
    }
    return strcmp(status, host_state_status(state)) == 0 ? HOST_VERDICT_SAME : HOST_VERDICT_DIFFERS;
}

static void keep_node(void *node)
{
    (void)node;
}

void host_compare_release(struct host_compare *compare)
{
    tdestroy(compare->by_host, keep_node);
    arena_release(&compare->arena);
    *compare = (struct host_compare){0};
}
