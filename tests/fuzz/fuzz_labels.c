/* What anybody can write into the labels of containers, read and grouped into tasks. The first byte chooses the options;
 * then each line is a label "key=value" of a container, and an empty line begins the next container. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/memory.h"
#include "worker/host/grouping.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONTAINERS_MAX = 8, LABELS_MAX = 16, NAME_SIZE = 8 };

struct room {
    struct runtime_label labels[LABELS_MAX];
    char id[NAME_SIZE], name[NAME_SIZE];
};

static void begin_container(struct runtime_container *container, struct room *room, size_t number)
{
    *room = (struct room){.id = {'i', (char)('a' + number)}, .name = {(char)('a' + number)}};
    *container = (struct runtime_container){
        .described = {.name = room->name,
                      .container_id = room->id,
                      .created_at = 1000,
                      .started_at = number % 4 == 3 ? 0 : (int64_t)(1000 + number)},
        .status = number % 4 == 3 ? RUNTIME_CREATED : RUNTIME_RUNNING,
        .health = "UNKNOWN",
        .labels = {.items = room->labels}};
}

static void add_label(struct runtime_container *container, char *line)
{
    char *equals = strchr(line, '=');
    if (container->labels.count == LABELS_MAX || equals == NULL) {
        return;
    }
    *equals = '\0';
    container->labels.items[container->labels.count++] =
        (struct runtime_label){.key = line, .value = equals + 1};
}

/* @return how many containers the text makes; it is cut into pieces */
static size_t read_containers(char *text, struct runtime_container *containers, struct room *rooms)
{
    size_t count = 1;
    begin_container(&containers[0], &rooms[0], 0);
    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        if (line[0] != '\0') {
            add_label(&containers[count - 1], line);
        } else if (end != NULL && count < CONTAINERS_MAX) {
            begin_container(&containers[count], &rooms[count], count);
            count++;
        }
        line = end == NULL ? NULL : end + 1;
    }
    return count;
}

static void demand(bool fact)
{
    if (!fact) {
        __builtin_trap();
    }
}

/* A container of another cluster, or one that is to be ignored, is in no task, whatever else its labels say. */
static void check_member(const struct group_member *member)
{
    const char *ignore = labels_get(member->container, "io.stopfleet.ignore");
    const char *component = labels_get(member->container, "io.stopfleet.component");
    const char *cluster = labels_get(member->container, "io.stopfleet.cluster");
    demand(ignore == NULL || !member->labels.ignore);
    demand(component == NULL);
    demand(cluster == NULL || strcmp(cluster, "prod") == 0 || strncmp(cluster, "arn:", 4) == 0);
    demand(member->described.name != NULL && member->described.stop_signal != NULL);
}

/* @return how many containers are in tasks */
static size_t check_groups(struct grouping *grouping, const struct grouping_options *options,
                           struct arena *arena)
{
    size_t members = 0;
    for (size_t i = 0; i < grouping->groups.count; i++) {
        struct task_group *group = &grouping->groups.items[i];
        struct description description;
        struct error err = {0};
        char id[37];
        group_task_id(group, "host", id);
        demand(strlen(id) == 32 || strlen(id) == 36);
        demand(group->members.count > 0 && group->name[0] != '\0');
        demand(i == 0 || strcmp(grouping->groups.items[i - 1].key, group->key) < 0);
        demand(group_describe(group, options, "docker", arena, &description, &err) == 0);
        demand(description.containers.count == group->members.count);
        for (size_t k = 0; k < group->members.count; k++) {
            check_member(&group->members.items[k]);
        }
        members += group->members.count;
    }
    return members;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct room rooms[CONTAINERS_MAX];
    struct runtime_container containers[CONTAINERS_MAX];
    struct grouping grouping;
    struct arena arena = {0};
    struct error err = {0};
    if (size == 0) {
        return 0;
    }
    struct grouping_options options = {
        .by_service = (data[0] & 1) != 0,
        .account = "000000000000",
        .region = "us-east-1",
        .cluster = "prod",
        .own_container = (data[0] & 2) != 0 ? "ia" : NULL,
        .adopted = (data[0] & 4) != 0 ? ~0U : 0,
        .now_unix_ms = 1000000,
    };
    char *text = strndup((const char *)data + 1, size - 1);
    if (text == NULL) {
        return 0;
    }
    size_t count = read_containers(text, containers, rooms);
    if (grouping_make(containers, count, &options, &arena, &grouping, &err) == 0) {
        size_t members = check_groups(&grouping, &options, &arena);
        demand(members + grouping.excluded.count == count);
        for (size_t i = 0; i < grouping.warnings.list.count; i++) {
            const struct label_warning *warning = &grouping.warnings.list.items[i];
            demand(warning->container != NULL && warning->label != NULL && warning->value != NULL &&
                   warning->accepted != NULL && warning->otherwise != NULL);
        }
    }
    arena_release(&arena);
    free(text);
    return 0;
}
