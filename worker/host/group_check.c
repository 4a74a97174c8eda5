/** Warns of depends-on labels that name nobody, and of circles. */

#include <string.h>

#include "worker/host/group_member.h"

#define DEPENDS_ON LABEL_PREFIX "depends-on"

enum { SHOWN_MAX_BYTES = 1024 };

static bool of_process(const struct group_member *member)
{
    return member->container->task_file != NULL;
}

static int add(struct label_warnings *warnings, const struct group_member *member,
               const char *value, const char *accepted, const char *otherwise, struct arena *arena,
               struct error *err)
{
    struct label_warning warning = {.container = member->container->described.name,
                                    .label = of_process(member) ? "depends_on" : DEPENDS_ON,
                                    .value = value,
                                    .accepted = accepted,
                                    .otherwise = otherwise};
    return label_warnings_add(warnings, &warning, arena, err);
}

static bool has_member(const struct task_group *group, const struct group_member *except,
                       const char *called)
{
    for (size_t i = 0; i < group->members.count; i++) {
        const struct group_member *member = &group->members.items[i];
        if (member != except && group_member_is_called(member, span_of(called))) {
            return true;
        }
    }
    return false;
}

static int check_names(const struct task_group *group, const struct group_member *member,
                       struct arena *arena, struct label_warnings *warnings, struct error *err)
{
    const struct text_list *names = &member->labels.depends_on;
    for (size_t i = 0; i < names->count; i++) {
        if (!has_member(group, member, names->items[i]) &&
            add(warnings, member, names->items[i],
                of_process(member) ? "names of other processes of the task that are there"
                                   : "names of other containers of the task that are there",
                "the name is left out of the order", arena, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static bool needs(const struct group_member *member, const struct group_member *other)
{
    for (size_t i = 0; i < member->described.depends_on.count; i++) {
        if (strcmp(member->described.depends_on.items[i], other->described.name) == 0) {
            return true;
        }
    }
    return false;
}

/** A breadth-first walk from one member along what it needs. */
struct walk {
    size_t *reached, *from; /**< members in the order in which they were reached; who needed each */
    size_t count;
};

static bool walk_has(const struct walk *walk, size_t member)
{
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->reached[i] == member) {
            return true;
        }
    }
    return false;
}

/* @return the place in the walk of a member that needs the first one again; SIZE_MAX = no circle */
static size_t find_circle(const struct task_group *group, size_t first, struct walk *walk)
{
    walk->count = 0;
    walk->reached[walk->count] = first;
    walk->from[walk->count++] = SIZE_MAX;
    for (size_t at = 0; at < walk->count; at++) {
        const struct group_member *member = &group->members.items[walk->reached[at]];
        if (needs(member, &group->members.items[first])) {
            return at;
        }
        for (size_t i = 0; i < group->members.count; i++) {
            if (needs(member, &group->members.items[i]) && !walk_has(walk, i)) {
                walk->reached[walk->count] = i;
                walk->from[walk->count++] = at;
            }
        }
    }
    return SIZE_MAX;
}

/* "a needs b needs a", of the way to the place in the walk. */
static const char *name_circle(const struct task_group *group, const struct walk *walk, size_t end,
                               struct arena *arena)
{
    struct buffer text;
    buffer_init(&text, SHOWN_MAX_BYTES);
    size_t way[64], length = 0;
    for (size_t at = end; at != SIZE_MAX && length < 64; at = walk->from[at]) {
        way[length++] = walk->reached[at];
    }
    bool ok = true;
    for (size_t i = length; ok && i > 0; i--) {
        ok = buffer_append_format(&text, NULL, "%.200s needs ",
                                  group->members.items[way[i - 1]].described.name) == 0;
    }
    ok = ok && buffer_append_format(&text, NULL, "%.200s",
                                    group->members.items[walk->reached[0]].described.name) == 0;
    const char *result = arena_strdup(arena, ok ? text.data : "a circle of many containers");
    buffer_release(&text);
    return result;
}

static int check_circle(const struct task_group *group, struct arena *arena,
                        struct label_warnings *warnings, struct error *err)
{
    struct walk walk = {.reached = arena_alloc(arena, group->members.count * sizeof *walk.reached),
                        .from = arena_alloc(arena, group->members.count * sizeof *walk.from)};
    if (walk.reached == NULL || walk.from == NULL) {
        return error_no_memory(err, "checking labels");
    }
    for (size_t i = 0; i < group->members.count; i++) {
        const struct group_member *member = &group->members.items[i];
        size_t end = member->labels.depends_on.count == 0 ? SIZE_MAX : find_circle(group, i, &walk);
        if (end == SIZE_MAX) {
            continue;
        }
        const char *circle = name_circle(group, &walk, end, arena);
        return circle == NULL
                   ? error_no_memory(err, "checking labels")
                   : add(warnings, member, circle, "no circle",
                         "one dependency of the circle is left out of the order", arena, err);
    }
    return 0;
}

int group_check(struct task_group *group, struct arena *arena, struct label_warnings *warnings,
                struct error *err)
{
    bool labelled = false;
    for (size_t i = 0; i < group->members.count; i++) {
        struct group_member *member = &group->members.items[i];
        member->chosen = true;
        labelled = labelled || member->labels.depends_on.count > 0;
        if (check_names(group, member, arena, warnings, err) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; labelled && i < group->members.count; i++) {
        if (group_member_need(group, &group->members.items[i], arena, err) != 0) {
            return -1;
        }
    }
    return labelled ? check_circle(group, arena, warnings, err) : 0;
}
