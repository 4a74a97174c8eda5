#include "worker/host/flights.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"

/** A flight and what it needs to end itself. */
struct flight_entry {
    struct flight flight; /**< first: flights->items point here */
    struct flights *flights;
    struct arena arena;
    bool reported; /**< the delivery report came, or none will */
    bool landed;
    struct flight_entry *next_late;
};

static struct flight_entry *entry_of(struct flight *flight)
{
    return (struct flight_entry *)flight;
}

static void free_entry(struct flight_entry *entry)
{
    arena_release(&entry->arena);
    memory_free(entry);
}

/* Where the task is, or would be. */
static size_t position_of(const struct flights *flights, const char *task)
{
    size_t low = 0;
    size_t high = flights->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(flights->items[middle]->task, task) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_at(const struct flights *flights, size_t at, const char *task)
{
    return at < flights->count && strcmp(flights->items[at]->task, task) == 0;
}

const struct flight *flights_find(const struct flights *flights, const char *task)
{
    size_t at = position_of(flights, task);
    return is_at(flights, at, task) ? flights->items[at] : NULL;
}

static void take_out(struct flights *flights, const struct flight_entry *entry)
{
    size_t at = position_of(flights, entry->flight.task);
    memmove(&flights->items[at], &flights->items[at + 1],
            (flights->count - at - 1) * sizeof(struct flight *));
    flights->count--;
}

static bool make_room(struct flights *flights)
{
    if (flights->count < flights->room) {
        return true;
    }
    size_t room = flights->room == 0 ? 16 : flights->room * 2;
    struct flight **items = memory_realloc(flights->items, room * sizeof(struct flight *));
    if (items == NULL) {
        return false;
    }
    flights->items = items;
    flights->room = room;
    return true;
}

static bool fill(struct flight_entry *entry, const struct finding *finding, const char *cluster)
{
    struct flight *flight = &entry->flight;
    size_t count = finding->description.containers.count;
    flight->cluster = arena_strdup(&entry->arena, cluster);
    flight->task = arena_strdup(&entry->arena, finding->id);
    flight->group = arena_strdup(&entry->arena, finding->group);
    flight->revision = finding->revision;
    flight->runs.items = arena_alloc(&entry->arena, (count + 1) * sizeof *flight->runs.items);
    if (flight->cluster == NULL || flight->task == NULL || flight->group == NULL ||
        flight->runs.items == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct described_container *d = &finding->description.containers.items[i];
        struct run *run = &flight->runs.items[flight->runs.count++];
        run->container_id = arena_strdup(&entry->arena, d->container_id);
        run->started_at = d->started_at;
        if (run->container_id == NULL) {
            return false;
        }
    }
    return true;
}

int flights_add(struct flights *flights, const struct finding *finding, const char *cluster,
                void **ret_context, struct error *err)
{
    struct flight_entry *entry = memory_calloc(1, sizeof *entry);
    if (entry == NULL || !make_room(flights) || !fill(entry, finding, cluster)) {
        if (entry != NULL) {
            free_entry(entry);
        }
        return error_no_memory(err, "observing a task");
    }
    entry->flights = flights;
    size_t at = position_of(flights, entry->flight.task);
    memmove(&flights->items[at + 1], &flights->items[at],
            (flights->count - at) * sizeof(struct flight *));
    flights->items[at] = &entry->flight;
    flights->count++;
    *ret_context = entry;
    return 0;
}

static void take_out_late(struct flight_entry *entry)
{
    struct flight_entry **link = &entry->flights->late;
    while (*link != entry) {
        link = &(*link)->next_late;
    }
    *link = entry->next_late;
}

void flights_give_up(void *context)
{
    struct flight_entry *entry = context;
    if (entry->landed) {
        take_out_late(entry);
    } else {
        take_out(entry->flights, entry);
    }
    free_entry(entry);
}

void flights_delivered(void *context, const struct error *error, int64_t offset)
{
    struct flight_entry *entry = context;
    (void)offset;
    if (error != NULL) {
        log_debug("discovery.undelivered", "a TaskObserved was not delivered and is made anew",
                  LOG_STR("task", entry->flight.task), LOG_STR("error", error->message));
    }
    entry->reported = true;
    if (error != NULL || entry->landed) {
        flights_give_up(entry);
    }
}

bool flights_land(struct flights *flights, const struct task *base)
{
    size_t at = position_of(flights, base->id);
    if (!is_at(flights, at, base->id)) {
        return false;
    }
    struct flight_entry *entry = entry_of(flights->items[at]);
    if (base->revision < entry->flight.revision && !task_is_terminal(base)) {
        return false;
    }
    take_out(flights, entry);
    if (entry->reported) {
        free_entry(entry);
    } else {
        entry->landed = true;
        entry->next_late = flights->late;
        flights->late = entry;
    }
    return true;
}

void flights_release(struct flights *flights)
{
    for (size_t i = 0; i < flights->count; i++) {
        free_entry(entry_of(flights->items[i]));
    }
    while (flights->late != NULL) {
        struct flight_entry *entry = flights->late;
        flights->late = entry->next_late;
        free_entry(entry);
    }
    memory_free(flights->items);
    *flights = (struct flights){0};
}
