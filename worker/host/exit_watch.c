#include "worker/host/exit_watch.h"

#include <string.h>

#include "common/base/memory.h"

enum {
    CONTAINERS_MAX = 16384, /* that are remembered */
    RUNS = 2,               /* of each: the present one and the one before */
    NEXT_START_MS =
        95 /* no engine starts a container again so soon: Docker's least back-off is 100 ms */
};

struct watched_run {
    int64_t started_at;
    bool alive;
    uint64_t gap; /* exit_watch.gaps when it was seen alive */
    struct optional_integer exit_code;
};

struct watched_container {
    struct watched_container *next; /* in order of being met */
    struct id_entry entry;
    char *id;
    struct watched_run runs[RUNS]; /* latest first */
    uint64_t last_event;           /* exit_watch.events at its last one */
};

static void free_container(struct watched_container *container)
{
    memory_free(container->id);
    memory_free(container);
}

void exit_watch_release(struct exit_watch *watch)
{
    while (watch->oldest != NULL) {
        struct watched_container *container = watch->oldest;
        watch->oldest = container->next;
        free_container(container);
    }
    id_table_release(&watch->table);
    *watch = (struct exit_watch){0};
}

static struct watched_container *find(const struct exit_watch *watch, const char *container_id)
{
    const struct id_entry *entry = id_table_find(&watch->table, container_id, strlen(container_id));
    return entry == NULL ? NULL : entry->owner;
}

static void forget_oldest(struct exit_watch *watch)
{
    struct watched_container *container = watch->oldest;
    watch->oldest = container->next;
    id_table_remove(&watch->table, &container->entry);
    free_container(container);
}

static struct watched_container *add(struct exit_watch *watch, const char *container_id)
{
    struct watched_container *container = memory_calloc(1, sizeof *container);
    char *id = memory_strdup(container_id);
    if (container != NULL) {
        container->entry = (struct id_entry){.key = id, .owner = container};
    }
    if (container == NULL || id == NULL || id_table_add(&watch->table, &container->entry) != 0) {
        memory_free(container);
        memory_free(id);
        return NULL;
    }
    container->id = id;
    if (watch->oldest == NULL) {
        watch->oldest = container;
    } else {
        watch->newest->next = container;
    }
    watch->newest = container;
    if (watch->table.count > CONTAINERS_MAX) {
        forget_oldest(watch);
    }
    return container;
}

static struct watched_container *need(struct exit_watch *watch, const char *container_id)
{
    struct watched_container *container = find(watch, container_id);
    return container == NULL ? add(watch, container_id) : container;
}

uint64_t exit_watch_mark(const struct exit_watch *watch)
{
    return watch->events;
}

void exit_watch_seen(struct exit_watch *watch, struct run run, uint64_t mark)
{
    struct watched_container *container = need(watch, run.container_id);
    if (container == NULL || container->last_event > mark ||
        run.started_at < container->runs[0].started_at) {
        return;
    }
    if (run.started_at > container->runs[0].started_at) {
        container->runs[1] = container->runs[0];
        container->runs[1].alive = false;
        container->runs[0] = (struct watched_run){.started_at = run.started_at};
    }
    container->runs[0].alive = !container->runs[0].exit_code.known;
    container->runs[0].gap = watch->gaps;
}

void exit_watch_event(struct exit_watch *watch, const struct runtime_event *event)
{
    struct watched_container *container = need(watch, event->container_id);
    watch->events++;
    if (container == NULL) {
        return;
    }
    struct watched_run *run = &container->runs[0];
    container->last_event = watch->events;
    if (!run->alive || run->gap != watch->gaps) {
        return;
    }
    if (event->kind == RUNTIME_EVENT_EXITED &&
        (event->at_unix_ms == 0 || event->at_unix_ms > run->started_at)) {
        /* in the very millisecond of the start it may be the exit of the run before */
        run->exit_code = event->exit_code;
        run->alive = false;
    } else if (event->kind == RUNTIME_EVENT_STARTED &&
               event->at_unix_ms >= run->started_at + NEXT_START_MS) {
        /* That of the next run, the event of its exit lost, or its own one told late: the next look shows which. */
        run->alive = false;
    }
}

void exit_watch_gap(struct exit_watch *watch)
{
    watch->gaps++;
}

struct optional_integer exit_watch_code(const struct exit_watch *watch, struct run run)
{
    const struct watched_container *container = find(watch, run.container_id);
    for (size_t i = 0; container != NULL && i < RUNS; i++) {
        if (container->runs[i].started_at == run.started_at) {
            return container->runs[i].exit_code;
        }
    }
    return (struct optional_integer){0};
}
