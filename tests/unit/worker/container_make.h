#ifndef TESTS_UNIT_WORKER_CONTAINER_MAKE_H
#define TESTS_UNIT_WORKER_CONTAINER_MAKE_H

/** Containers for tests: labels as "key=value" texts, NULL at the end; "^key=value" of those that the image has too. */

#include <string.h>

#include "worker/runtime/runtime.h"

enum { MADE_LABELS_MAX = 12 };

/** A container with room for its labels. */
struct made_container {
    struct runtime_label labels[MADE_LABELS_MAX];
    char texts[MADE_LABELS_MAX][200];
};

/** A running container of this id and name that started at `started_at` (0: created, not started). */
static inline struct runtime_container make_container(struct made_container *room, const char *id,
                                                      const char *name, int64_t started_at,
                                                      const char *const *labels)
{
    struct runtime_container container = {.described = {.name = name,
                                                        .container_id = id,
                                                        .created_at = 1000,
                                                        .started_at = started_at},
                                          .status =
                                              started_at == 0 ? RUNTIME_CREATED : RUNTIME_RUNNING,
                                          .health = "UNKNOWN"};
    size_t count = 0;
    for (; count < MADE_LABELS_MAX && labels[count] != NULL; count++) {
        strncpy(room->texts[count], labels[count], sizeof room->texts[count] - 1);
        char *equals = strchr(room->texts[count], '=');
        *equals = '\0';
        room->labels[count] =
            (struct runtime_label){.key = room->texts[count] + (room->texts[count][0] == '^'),
                                   .value = equals + 1,
                                   .inherited = room->texts[count][0] == '^'};
    }
    container.labels.items = room->labels;
    container.labels.count = count;
    return container;
}

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_LABELS   ((const char *const[]){NULL})

#endif
