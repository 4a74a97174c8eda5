#include "worker/host/host_census.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/crc32c.h"
#include "common/domain/host_record.h"

struct census_entry {
    const char *host;
    size_t number;     /**< order in the topic */
    int64_t partition; /**< -1 = forgotten */
};

void host_census_release(struct host_census *census)
{
    arena_release(&census->arena);
    *census = (struct host_census){0};
}

int host_census_add(struct host_census *census, struct span host, struct span value,
                    struct error *err)
{
    struct host_record record = {0};
    struct arena scratch = {0};
    int result =
        value.length == 0 ? 0 : record_decode(&HOST_RECORD_SPEC, value, &scratch, &record, err);
    arena_release(&scratch);
    if (result != 0) {
        return -1;
    }
    struct census_entry *items =
        arena_grow(&census->arena, census->items, census->count, sizeof *items);
    char *copy = arena_strndup(&census->arena, host.data, host.length);
    if (items == NULL || copy == NULL) {
        return error_no_memory(err, "reading the hosts");
    }
    census->items = items;
    items[census->count] =
        (struct census_entry){.host = copy,
                              .number = census->count,
                              .partition = value.length == 0 ? -1 : record.partition};
    census->count++;
    return 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct census_entry *x = a;
    const struct census_entry *y = b;
    int order = strcmp(x->host, y->host);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

int host_census_fewest(const struct host_census *census, const char *host, int32_t partitions,
                       int32_t *ret_partition, struct error *err)
{
    struct arena scratch = {0};
    if (partitions <= 0) {
        return error_set(err, ERROR_INVALID, "the topic has no partitions");
    }
    int64_t *hosts = arena_alloc(&scratch, (size_t)partitions * sizeof *hosts);
    struct census_entry *sorted = arena_alloc(&scratch, (census->count + 1) * sizeof *sorted);
    if (hosts == NULL || sorted == NULL) {
        arena_release(&scratch);
        return error_no_memory(err, "choosing a partition");
    }
    if (census->count > 0) {
        memcpy(sorted, census->items, census->count * sizeof *sorted);
        qsort(sorted, census->count, sizeof *sorted, compare_entries);
    }
    for (size_t i = 0; i < census->count; i++) {
        bool last = i + 1 == census->count || strcmp(sorted[i].host, sorted[i + 1].host) != 0;
        if (last && sorted[i].partition >= 0 && sorted[i].partition < partitions) {
            hosts[sorted[i].partition]++;
        }
    }
    /* Hosts that register at the same moment do not see each other: each begins to look elsewhere. */
    int32_t first = (int32_t)(crc32c(0, host, strlen(host)) % (uint32_t)partitions);
    int32_t fewest = first;
    for (int32_t i = 1; i < partitions; i++) {
        int32_t at = (int32_t)(((int64_t)first + i) % partitions);
        fewest = hosts[at] < hosts[fewest] ? at : fewest;
    }
    arena_release(&scratch);
    *ret_partition = fewest;
    return 0;
}
