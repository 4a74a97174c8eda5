#include <string.h>

#include "common/domain/fold.h"

static const struct tag *find_tag(const struct tag *items, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i].key, key) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

static bool tag_value_equal(const struct tag *a, const struct tag *b)
{
    return a->value == b->value ||
           (a->value != NULL && b->value != NULL && strcmp(a->value, b->value) == 0);
}

/* Tags being made anew: `items` has room for all that can come. */
struct tag_set {
    struct tag *items;
    size_t count;
};

static int tag_set_of(struct task *task, size_t more, struct tag_set *ret_set, struct error *err)
{
    struct tag *items = NULL;
    if (fold_allocate(task, (task->tags.count + more) * sizeof *items, &items, err) < 0) {
        return -1;
    }
    if (task->tags.count > 0) {
        memcpy(items, task->tags.items, task->tags.count * sizeof *items);
    }
    *ret_set = (struct tag_set){.items = items, .count = task->tags.count};
    return 0;
}

static void tag_set_remove(struct tag_set *set, const char *key)
{
    const struct tag *found = find_tag(set->items, set->count, key);
    if (found == NULL) {
        return;
    }
    size_t at = (size_t)(found - set->items);
    set->count--;
    memmove(&set->items[at], &set->items[at + 1], (set->count - at) * sizeof *set->items);
}

/* Keeps the keys sorted; the texts are borrowed. */
static void tag_set_put(struct tag_set *set, struct tag tag)
{
    tag_set_remove(set, tag.key);
    size_t at = set->count;
    for (; at > 0 && strcmp(set->items[at - 1].key, tag.key) > 0; at--) {
        set->items[at] = set->items[at - 1];
    }
    set->items[at] = tag;
    set->count++;
}

int fold_description_tags(struct task *task, const struct description *newer, struct error *err)
{
    const struct description *older = &task->description;
    struct tag_set set;
    if (tag_set_of(task, newer->tags.count, &set, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < older->tags.count; i++) {
        const struct tag *old = &older->tags.items[i];
        const struct tag *now = find_tag(set.items, set.count, old->key);
        if (now != NULL && tag_value_equal(now, old) &&
            find_tag(newer->tags.items, newer->tags.count, old->key) == NULL) {
            tag_set_remove(&set, old->key);
        }
    }
    for (size_t i = 0; i < newer->tags.count; i++) {
        const struct tag *tag = &newer->tags.items[i];
        const struct tag *old = find_tag(older->tags.items, older->tags.count, tag->key);
        if (old == NULL || !tag_value_equal(old, tag)) {
            tag_set_put(&set, *tag);
        }
    }
    task->tags.items = set.items;
    task->tags.count = set.count;
    return 0;
}

/* A new array: the ids that are kept, the oldest forgotten when there are too many. */
static int remember_tagged(struct task *task, const char *id, struct error *err)
{
    size_t count = task->tagged_ids.count;
    if (count < TASK_TAGGED_IDS_MAX) {
        return fold_append_text(task, &task->tagged_ids, id, err);
    }
    const char **items = NULL;
    if (fold_allocate(task, TASK_TAGGED_IDS_MAX * sizeof *items, &items, err) < 0) {
        return -1;
    }
    size_t kept = TASK_TAGGED_IDS_MAX - 1;
    memcpy(items, &task->tagged_ids.items[count - kept], kept * sizeof *items);
    if (fold_keep_text(task, id, &items[kept], err) < 0) {
        return -1;
    }
    task->tagged_ids = (struct text_list){.items = items, .count = TASK_TAGGED_IDS_MAX};
    return 0;
}

int fold_task_tagged(struct task *task, const struct event *event, bool *changed, struct error *err)
{
    const struct event_task_tagged *tagged = &event->task_tagged;
    if (text_list_holds(&task->tagged_ids, event->id)) {
        return 0;
    }
    if (remember_tagged(task, event->id, err) < 0) {
        return -1;
    }
    *changed = true;
    if (task_stop_requested(task)) {
        return 0;
    }
    struct tag_set set;
    if (tag_set_of(task, tagged->added.count, &set, err) < 0) {
        return -1;
    }
    for (size_t i = 0; i < tagged->removed.count; i++) {
        tag_set_remove(&set, tagged->removed.items[i]);
    }
    for (size_t i = 0; i < tagged->added.count; i++) {
        struct tag tag;
        if (record_copy(&TAG_SPEC, &tagged->added.items[i], &task->arena, &tag, err) < 0) {
            return -1;
        }
        tag_set_put(&set, tag);
    }
    task->tags.items = set.items;
    task->tags.count = set.count;
    return 0;
}
