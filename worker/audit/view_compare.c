#include "worker/audit/view_compare.h"

#include <search.h>
#include <string.h>

enum { BASE_MAX_BYTES = 4 * 1024 * 1024 };

static int compare_keys(const void *a, const void *b)
{
    const struct view_compare_base *left = a;
    const struct view_compare_base *right = b;
    return strcmp(left->key, right->key);
}

static void base_free(struct view_compare_base *base)
{
    memory_free(base->key);
    memory_free(base->bytes);
    memory_free(base);
}

int view_compare_add(struct view_compare *compare, const char *cluster, struct span task,
                     int64_t pos, struct span bytes, struct error *err)
{
    struct buffer key;
    struct view_compare_base *base = memory_calloc(1, sizeof *base);
    if (base == NULL) {
        return error_no_memory(err, "reading the view");
    }
    buffer_init(&key, 1024);
    int status = buffer_append_format(&key, err, "%s/%.*s", cluster, (int)task.length, task.data);
    base->key = buffer_steal(&key);
    base->bytes = memory_alloc(bytes.length);
    if (base->bytes != NULL && bytes.length > 0) {
        memcpy(base->bytes, bytes.data, bytes.length);
    }
    base->length = bytes.length;
    base->pos = pos;
    if (status == 0 && base->bytes != NULL &&
        tsearch(base, &compare->by_key, compare_keys) != NULL) {
        base->next = compare->first;
        compare->first = base;
        compare->count++;
        return 0;
    }
    base_free(base);
    return status != 0 ? -1 : error_no_memory(err, "reading the view");
}

static void keep_node(void *node)
{
    (void)node;
}

void view_compare_release(struct view_compare *compare)
{
    tdestroy(compare->by_key, keep_node);
    for (struct view_compare_base *base = compare->first; base != NULL;) {
        struct view_compare_base *next = base->next;
        base_free(base);
        base = next;
    }
    *compare = (struct view_compare){0};
}

static int compare_now(struct view_compare_base *base, const struct log_fold_entry *entry,
                       struct error *err)
{
    struct buffer folded;
    buffer_init(&folded, BASE_MAX_BYTES);
    int status = task_encode(&entry->task, &folded, err);
    if (status == 0) {
        bool same = entry->pos == base->pos &&
                    span_equal(buffer_span(&folded), (struct span){base->bytes, base->length});
        base->state = same ? VIEW_COMPARE_SAME : VIEW_COMPARE_DIFFERS;
    }
    buffer_release(&folded);
    return status;
}

int view_compare_before(void *context, struct log_fold_entry *entry, int64_t next_offset,
                        struct error *err)
{
    struct view_compare *compare = context;
    struct view_compare_base wanted = {.key = entry->key};
    struct view_compare_base *const *node = tfind(&wanted, &compare->by_key, compare_keys);
    if (node == NULL || (*node)->state != VIEW_COMPARE_OPEN || next_offset <= (*node)->pos) {
        return 0;
    }
    return compare_now(*node, entry, err);
}

int view_compare_finish(struct view_compare *compare, const struct log_fold *fold,
                        struct error *err)
{
    for (struct view_compare_base *base = compare->first; base != NULL; base = base->next) {
        if (base->state != VIEW_COMPARE_OPEN) {
            continue;
        }
        const struct log_fold_entry *entry = log_fold_find(fold, base->key);
        if (entry == NULL) {
            base->state = VIEW_COMPARE_DIFFERS;
        } else if (compare_now(base, entry, err) != 0) {
            return -1;
        }
    }
    return 0;
}

bool view_compare_has(const struct view_compare *compare, const char *key)
{
    union {
        const char *in;
        char *out;
    } text = {.in = key};
    struct view_compare_base wanted = {.key = text.out};
    return tfind(&wanted, &compare->by_key, compare_keys) != NULL;
}

int view_compare_late(struct view_compare *compare, const struct log_fold_entry *entry, int64_t pos,
                      struct span bytes, struct error *err)
{
    if (view_compare_add(compare, entry->task.cluster, span_of(entry->task.id), pos, bytes, err) !=
        0) {
        return -1;
    }
    compare->first->state = VIEW_COMPARE_ELSEWHERE;
    return pos == entry->pos ? compare_now(compare->first, entry, err) : 0;
}
