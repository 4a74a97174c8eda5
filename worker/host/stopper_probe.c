#include <string.h>

#include "common/base/memory.h"
#include "worker/host/stopper_internal.h"

/* So that a task of many containers that hang leaves calls for others. */
enum { INSPECTS_AT_ONCE = 2 };

static void free_probe(struct stop_probe *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        memory_free(probe->items[i].container_id);
    }
    memory_free(probe->items);
    memory_free(probe);
}

static void undrop(struct stop_probe *probe)
{
    struct stop_probe **link = &probe->stopper->dropped_probes;
    while (*link != probe) {
        link = &(*link)->next;
    }
    *link = probe->next;
}

static void finish(struct stop_probe *probe)
{
    struct stop_task *task = probe->task;
    if (task != NULL) {
        task->probe = NULL;
        probe->done(task, probe);
    } else {
        undrop(probe);
    }
    free_probe(probe);
}

static void ask_more(struct stop_probe *probe);

static void on_inspected(void *context, const struct error *error,
                         const struct runtime_container *container)
{
    struct stop_probe_item *item = context;
    struct stop_probe *probe = item->probe;
    const struct stopper_environment *env = &probe->stopper->env;
    if (error != NULL) {
        probe->failed = true;
    } else if (container != NULL) {
        item->exists = true;
        item->status = container->status;
        item->started_at = container->described.started_at;
        item->left = stopper_probe_running(item) && env->left != NULL
                         ? env->left(env->context, container)
                         : NULL;
    }
    probe->open--;
    if (!probe->asking) {
        ask_more(probe);
    }
}

/** Asks for what is next, and finishes when there is no more. An answer may come at once. */
static void ask_more(struct stop_probe *probe)
{
    struct runtime *runtime = probe->stopper->env.runtime;
    probe->asking = true;
    while (probe->task != NULL && probe->open < INSPECTS_AT_ONCE && probe->asked < probe->count) {
        struct stop_probe_item *item = &probe->items[probe->asked++];
        probe->open++;
        runtime->ops->inspect(runtime, item->container_id, on_inspected, item);
    }
    probe->asking = false;
    if (probe->open == 0) {
        finish(probe);
    }
}

static struct stop_probe *make(const char *const *container_ids, size_t count)
{
    struct stop_probe *probe = memory_calloc(1, sizeof *probe);
    struct stop_probe_item *items = memory_calloc(count, sizeof *items);
    if (probe == NULL || items == NULL) {
        memory_free(probe);
        memory_free(items);
        return NULL;
    }
    probe->items = items;
    for (size_t i = 0; i < count; i++) {
        items[i].probe = probe;
        items[i].container_id = memory_strdup(container_ids[i]);
        probe->count++;
        if (items[i].container_id == NULL) {
            free_probe(probe);
            return NULL;
        }
    }
    return probe;
}

int stopper_probe_start(struct stop_task *task, const char *const *container_ids, size_t count,
                        stop_probe_fn *done, struct error *err)
{
    struct stop_probe *probe = make(container_ids, count);
    if (probe == NULL) {
        return error_no_memory(err, "looking at a task's containers");
    }
    probe->task = task;
    probe->stopper = task->stopper;
    probe->done = done;
    probe->asked_boot_ms = stopper_now_boot(task->stopper);
    probe->watch_mark = exit_watch_mark(&task->stopper->exits);
    task->probe = probe;
    ask_more(probe);
    return 0;
}

void stopper_probe_drop(struct stop_task *task)
{
    struct stop_probe *probe = task->probe;
    if (probe != NULL) {
        probe->task = NULL;
        probe->next = probe->stopper->dropped_probes;
        probe->stopper->dropped_probes = probe;
        task->probe = NULL;
    }
}

void stopper_probe_free_dropped(struct stopper *stopper)
{
    while (stopper->dropped_probes != NULL) {
        struct stop_probe *probe = stopper->dropped_probes;
        stopper->dropped_probes = probe->next;
        free_probe(probe);
    }
}

bool stopper_probe_running(const struct stop_probe_item *item)
{
    return item->exists && (runtime_is_running(item->status) || item->status == RUNTIME_RESTARTING);
}

const struct stop_probe_item *stopper_probe_item(const struct stop_probe *probe,
                                                 const char *container_id)
{
    for (size_t i = 0; i < probe->count; i++) {
        if (strcmp(probe->items[i].container_id, container_id) == 0) {
            return &probe->items[i];
        }
    }
    return NULL;
}
