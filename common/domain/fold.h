#ifndef COMMON_DOMAIN_FOLD_H
#define COMMON_DOMAIN_FOLD_H

/** For the files of the reducer alone. A fold function applies the rule of reduce.h for one type
 *  of event, says in *changed whether the task's value changed, and returns -1 only for lack of
 *  memory. All that can fail is done before anything changes within an array that the task
 *  already has: then reduce() undoes a failure by putting the old struct back. */

#include "common/domain/reduce.h"

typedef int fold_fn(struct task *task, const struct event *event, bool *changed, struct error *err);

fold_fn fold_task_observed, fold_stop_requested, fold_stop_accepted, fold_signal, fold_kill;
fold_fn fold_container_exited, fold_task_ended, fold_stop_stuck; /* fold_results.c */
fold_fn fold_pre_stop_started, fold_pre_stop_ended;              /* fold_pre_stop.c */
fold_fn fold_task_tagged;                                        /* fold_tags.c */

/** Takes over what the new description's tags changed against the old one's; what was tagged by
 *  hand stays. Their texts are borrowed from newer. @return 0 or -1 with ERROR_NO_MEMORY */
int fold_description_tags(struct task *task, const struct description *newer, struct error *err);

/** Copies into the task's arena; NULL stays NULL. @return 0 or -1 with ERROR_NO_MEMORY */
int fold_keep_text(struct task *task, const char *text, const char **ret_copy, struct error *err);
int fold_append_text(struct task *task, struct text_list *list, const char *text,
                     struct error *err);
/** Allocates in the task's arena. @return 0 or -1 with ERROR_NO_MEMORY */
int fold_allocate(struct task *task, size_t size, void *ret_memory, struct error *err);

/** Makes room for one more element behind the last of a list. */
#define FOLD_GROW(task, list, err)                                                                 \
    fold_grow(task, (list)->items, (list)->count, sizeof *(list)->items, &(list)->items, err)
/** A copy of a list's `count` elements of `size` bytes, in an array of its own with the room that fold_grow counts on: the
 *  old one must stay as it is while something can still fail. @return 0 or -1 with ERROR_NO_MEMORY */
int fold_copy_items(struct task *task, const void *items, size_t count, size_t size,
                    void *ret_items, struct error *err);
int fold_grow(struct task *task, void *items, size_t count, size_t size, void *ret_items,
              struct error *err);

#endif
