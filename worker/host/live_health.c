#include "worker/host/live_health.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/memory.h"

enum { LIVE_MAX_BYTES = 64 * 1024 };

/** What the view holds of one task; only of tasks with a container that has a health. */
struct live_entry {
    struct live_entry *next;
    char *cluster, *task, *text;
    bool met, doubtful;
};

struct live_health {
    struct redis_view *view;
    struct live_entry *entries;
};

struct live_health *live_health_new(struct redis_view *view, struct error *err)
{
    struct live_health *health = memory_calloc(1, sizeof *health);
    if (health == NULL) {
        error_no_memory(err, "starting discovery");
        return NULL;
    }
    health->view = view;
    return health;
}

static void free_entry(struct live_entry *entry)
{
    memory_free(entry->cluster);
    memory_free(entry->task);
    memory_free(entry->text);
    memory_free(entry);
}

void live_health_free(struct live_health *health)
{
    if (health == NULL) {
        return;
    }
    while (health->entries != NULL) {
        struct live_entry *entry = health->entries;
        health->entries = entry->next;
        free_entry(entry);
    }
    memory_free(health);
}

void live_health_doubt(struct live_health *health)
{
    for (struct live_entry *entry = health->entries; entry != NULL; entry = entry->next) {
        entry->doubtful = true;
    }
}

void live_health_turn(struct live_health *health)
{
    struct live_entry **link = &health->entries;
    while (*link != NULL) {
        struct live_entry *entry = *link;
        if (entry->met) {
            entry->met = false;
            link = &entry->next;
        } else {
            *link = entry->next;
            free_entry(entry);
        }
    }
}

static void on_put(void *context, const struct error *error)
{
    struct live_health *health = context;
    if (error != NULL) {
        log_debug("view.health", "the health of containers was not put",
                  LOG_STR("error", error->message));
        live_health_doubt(health);
    }
}

static int write_text(const struct task *base, const struct runtime_container *const *containers,
                      size_t count, struct buffer *text)
{
    for (size_t i = 0; i < base->description.containers.count; i++) {
        const struct described_container *d = &base->description.containers.items[i];
        const struct runtime_container *container =
            observation_find(containers, count, d->container_id);
        bool known = !d->ended && container != NULL && container->health != NULL &&
                     strcmp(container->health, "UNKNOWN") != 0 &&
                     container->described.started_at == d->started_at;
        if (known &&
            buffer_append_format(text, NULL, "%s=%s\n", d->container_id, container->health) != 0) {
            return -1;
        }
    }
    return 0;
}

static struct live_entry *find(struct live_health *health, const struct task *base)
{
    for (struct live_entry *entry = health->entries; entry != NULL; entry = entry->next) {
        if (strcmp(entry->task, base->id) == 0 && strcmp(entry->cluster, base->cluster) == 0) {
            return entry;
        }
    }
    return NULL;
}

static struct live_entry *add(struct live_health *health, const struct task *base)
{
    struct live_entry *entry = memory_calloc(1, sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->cluster = memory_strdup(base->cluster);
    entry->task = memory_strdup(base->id);
    entry->text = memory_strdup("");
    if (entry->cluster == NULL || entry->task == NULL || entry->text == NULL) {
        free_entry(entry);
        return NULL;
    }
    entry->next = health->entries;
    health->entries = entry;
    return entry;
}

static void put_if_new(struct live_health *health, const struct task *base, struct buffer *text)
{
    struct live_entry *entry = find(health, base);
    if (entry == NULL && text->length > 0) {
        entry = add(health, base);
    }
    if (entry == NULL) {
        return;
    }
    entry->met = true;
    if (!entry->doubtful && span_equal_text(buffer_span(text), entry->text)) {
        return;
    }
    redis_view_put_live(health->view, base->cluster, base->id, buffer_span(text), on_put, health);
    char *copy = memory_strndup(text->length == 0 ? "" : text->data, text->length);
    if (copy != NULL) {
        memory_free(entry->text);
        entry->text = copy;
    }
    entry->doubtful = copy == NULL;
}

void live_health_of(struct live_health *health, const struct task *base,
                    const struct runtime_container *const *containers, size_t count)
{
    struct buffer text;
    buffer_init(&text, LIVE_MAX_BYTES);
    if (write_text(base, containers, count, &text) == 0) {
        put_if_new(health, base, &text);
    }
    buffer_release(&text);
}
