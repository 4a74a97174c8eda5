/* Expressions of the cluster query language: whatever comes, they parse or are refused with a reason. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "producer/cluster_query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char detail[CLUSTER_QUERY_DETAIL_SIZE];
    char *text = malloc(size + 1);
    json_t *instance =
        json_pack("{s:b,s:f,s:i,s:[{s:s,s:s}],s:[s,s]}", "agentConnected", 1, "registeredAt", 1.7e9,
                  "runningTasksCount", 7, "attributes", "name", "rack", "value", "r7", "task:group",
                  "family:web", "batch");
    if (text == NULL || instance == NULL) {
        abort();
    }
    memcpy(text, data, size);
    text[size] = '\0';
    const struct cluster_query *query = cluster_query_parse(text, &arena, detail);
    if (query != NULL) {
        (void)cluster_query_passes(query, instance);
    } else if (detail[0] == '\0') {
        abort();
    }
    arena_release(&arena);
    json_decref(instance);
    free(text);
    return 0;
}
