#include "worker/host/discovery_notes.h"

#include "common/base/log.h"

static void say_excluded(struct discovery_notes *notes, const struct grouping *grouping)
{
    for (size_t i = 0; i < grouping->excluded.count; i++) {
        const struct excluded_container *excluded = &grouping->excluded.items[i];
        const struct described_container *d = &excluded->container->described;
        if (text_set_meet(&notes->excluded, d->container_id)) {
            log_info("discovery.excluded", "a container is left alone",
                     LOG_STR("container", d->name), LOG_STR("id", d->container_id),
                     LOG_STR("why", group_excluded_reason(excluded)));
        }
    }
}

static void say_warnings(struct discovery_notes *notes, const struct grouping *grouping)
{
    struct buffer key;
    buffer_init(&key, 4096);
    for (size_t i = 0; i < grouping->warnings.list.count; i++) {
        const struct label_warning *warning = &grouping->warnings.list.items[i];
        buffer_clear(&key);
        if (buffer_append_format(&key, NULL, "%.200s %.200s %.200s", warning->container,
                                 warning->label, warning->value) == 0 &&
            text_set_meet(&notes->warned, key.data)) {
            log_warn("discovery.label",
                     "a label of a container, or a member of a task file, is of no use",
                     LOG_STR("container", warning->container), LOG_STR("label", warning->label),
                     LOG_STR("value", warning->value), LOG_STR("accepted", warning->accepted),
                     LOG_STR("instead", warning->otherwise));
        }
    }
    buffer_release(&key);
}

void discovery_note(struct discovery_notes *notes, const struct grouping *grouping)
{
    say_excluded(notes, grouping);
    say_warnings(notes, grouping);
}

void discovery_note_too_large(struct discovery_notes *notes, const char *group)
{
    if (text_set_meet(&notes->warned, group)) {
        log_error("discovery.too_large",
                  "a task has more containers than an event can describe: it is not discovered",
                  LOG_STR("group", group));
    }
}

void discovery_note_id_taken(struct discovery_notes *notes, const char *group, const char *task)
{
    if (text_set_meet(&notes->warned, group)) {
        log_warn("discovery.id_taken",
                 "containers name the ECS task id of a task that has ended, or of another host's: "
                 "they are no task here. Start them with a task ARN of their own, or with none",
                 LOG_STR("task", task));
    }
}

void discovery_notes_turn(struct discovery_notes *notes)
{
    text_set_turn(&notes->excluded);
    text_set_turn(&notes->warned);
}

void discovery_notes_release(struct discovery_notes *notes)
{
    text_set_release(&notes->excluded);
    text_set_release(&notes->warned);
}
