#include "worker/audit/host_facts.h"

#include <search.h>
#include <string.h>

static int compare_hosts(const void *a, const void *b)
{
    const struct host_facts_entry *left = a;
    const struct host_facts_entry *right = b;
    return strcmp(left->host, right->host);
}

static struct host_facts_entry *find(const struct host_facts *facts, const char *host)
{
    struct host_facts_entry wanted = {.host = host};
    struct host_facts_entry *const *node = tfind(&wanted, &facts->by_host, compare_hosts);
    return node == NULL ? NULL : *node;
}

static struct host_facts_entry *add_host(struct host_facts *facts, const char *host)
{
    struct host_facts_entry *entry = arena_alloc(&facts->arena, sizeof *entry);
    char *name = arena_strdup(&facts->arena, host);
    if (entry == NULL || name == NULL) {
        return NULL;
    }
    *entry =
        (struct host_facts_entry){.host = name, .state = HOST_STATE_INITIAL, .next = facts->first};
    if (tsearch(entry, &facts->by_host, compare_hosts) == NULL) {
        return NULL;
    }
    facts->first = entry;
    return entry;
}

int host_facts_add(struct host_facts *facts, const struct event *event, int64_t offset,
                   struct error *err)
{
    enum host_fact_kind kind = host_fact_kind(event);
    char text[24];
    if (kind == HOST_FACT_NONE) {
        return 0;
    }
    struct host_facts_entry *entry = find(facts, event->host);
    entry = entry != NULL ? entry : add_host(facts, event->host);
    const char *value =
        entry == NULL ? NULL : arena_strdup(&facts->arena, host_fact_value(event, text));
    if (value == NULL) {
        return error_no_memory(err, "folding the facts of hosts");
    }
    if (offset > entry->state.offsets[kind]) {
        entry->values[kind] = value;
    }
    host_state_fold(&entry->state, event, offset);
    return 0;
}

const struct host_state *host_facts_state(const struct host_facts *facts, const char *host)
{
    const struct host_facts_entry *entry = find(facts, host);
    return entry == NULL ? NULL : &entry->state;
}

bool host_facts_inactive(const struct host_facts *facts, const char *host)
{
    const struct host_state *state = host == NULL ? NULL : host_facts_state(facts, host);
    return state != NULL && strcmp(host_state_status(state), "INACTIVE") == 0;
}

static void keep_node(void *node)
{
    (void)node;
}

void host_facts_release(struct host_facts *facts)
{
    tdestroy(facts->by_host, keep_node);
    arena_release(&facts->arena);
    *facts = (struct host_facts){0};
}
