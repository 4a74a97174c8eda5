#include "worker/host/labels.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/base/option.h"
#include "worker/runtime/docker_command.h"
#include "worker/runtime/signal_name.h"

enum label_kind {
    LABEL_NAME = 1,
    LABEL_TEXT,
    LABEL_COMMAND, /* as LABEL_TEXT; a JSON array that is none is still a text for the shell */
    LABEL_BOOLEAN,
    LABEL_REFUSAL, /* as LABEL_BOOLEAN, in any case: who mistypes it means what it refuses */
    LABEL_CLUSTER, /* judged by membership.c, which knows whose the worker is */
    LABEL_LIST,
    LABEL_SIGNAL,
    LABEL_DURATION,
    LABEL_GRACE,
    LABEL_NUMBER
};

enum {
    NAME_MAX_BYTES = 255,
    TEXT_MAX_BYTES = 1024,
    GRACE_MIN_MS = 1000,
    DURATION_MAX_MS = 604800000, /* as --stop-timeout */
    TAG_KEY_MAX_BYTES = 128,     /* of ECS's tags */
    TAG_VALUE_MAX_BYTES = 256
};
/* What engines make of bytes that are no UTF-8: two such names could be one by accident. */
#define REPLACEMENT_CHARACTER "\xef\xbf\xbd"

/* In a spec's otherwise: what follows holds with a wrong value, what is before without the label. */
#define WITH_A_WRONG_VALUE "; with a wrong value "

struct label_spec {
    enum label_kind kind;
    size_t offset;
    const char *key, *accepted, *otherwise, *doc;
};

static const struct label_spec SPECS[] = {
#define LABEL(member, kind, key, accepted, otherwise, doc)                                         \
    {LABEL_##kind, offsetof(struct label_values, member), key, accepted, otherwise, doc},
#include "worker/host/labels.def"
#undef LABEL
};
enum { SPEC_COUNT = sizeof SPECS / sizeof SPECS[0] };
static const struct label_spec TAG_LABEL = {
    .key = LABEL_TAG_PREFIX "KEY",
    .accepted = "a text of at most 256 bytes, KEY of at most 128",
    .otherwise = "no tag",
    .doc = "The task's tag KEY; of several containers' values the first by name counts."};

const char *labels_get(const struct runtime_container *container, const char *key)
{
    for (size_t i = 0; i < container->labels.count; i++) {
        if (strcmp(container->labels.items[i].key, key) == 0) {
            return container->labels.items[i].value;
        }
    }
    return NULL;
}

static struct span trimmed(struct span s)
{
    while (s.length > 0 && s.data[0] == ' ') {
        s.data++;
        s.length--;
    }
    while (s.length > 0 && s.data[s.length - 1] == ' ') {
        s.length--;
    }
    return s;
}

/* @return false if an item is empty or memory is out */
static bool read_list(const char *value, struct arena *arena, struct text_list *list)
{
    const char *rest = value;
    while (rest != NULL) {
        const char *comma = strchr(rest, ',');
        size_t length = comma == NULL ? strlen(rest) : (size_t)(comma - rest);
        struct span item = trimmed((struct span){.data = rest, .length = length});
        const char **items = arena_grow(arena, list->items, list->count, sizeof *items);
        char *copy = item.length == 0 ? NULL : arena_strndup(arena, item.data, item.length);
        if (items == NULL || copy == NULL) {
            return false;
        }
        list->items = items;
        items[list->count++] = copy;
        rest = comma == NULL ? NULL : comma + 1;
    }
    return true;
}

static bool read_number(const struct label_spec *spec, const char *value,
                        struct optional_integer *slot)
{
    int64_t number = 0;
    bool fine = spec->kind == LABEL_NUMBER
                    ? span_to_int64(span_of(value), 1, INT32_MAX, &number)
                    : option_text_to_duration_ms(span_of(value), &number) && number >= 0;
    if (!fine || (spec->kind == LABEL_GRACE && number < GRACE_MIN_MS) ||
        (spec->kind != LABEL_NUMBER && number > DURATION_MAX_MS)) {
        return false;
    }
    *slot = (struct optional_integer){.known = true, .value = number};
    return true;
}

static bool is_name(const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return false;
        }
    }
    return strnlen(value, NAME_MAX_BYTES + 1) <= NAME_MAX_BYTES && value[0] != '\0' &&
           strstr(value, REPLACEMENT_CHARACTER) == NULL;
}

/* A blank after it makes "[" the shell's own command. */
static bool is_broken_array(const char *value)
{
    return value[0] == '[' && value[1] != ' ' && !docker_command_is_array(value);
}

/* @return false if the value is of no use, or not what was meant */
static bool read_value(const struct label_spec *spec, const char *value, struct arena *arena,
                       struct label_values *values)
{
    void *slot = (char *)values + spec->offset;
    switch (spec->kind) {
    case LABEL_NAME:
    case LABEL_TEXT:
    case LABEL_COMMAND: {
        bool fine = spec->kind == LABEL_NAME
                        ? is_name(value)
                        : value[0] != '\0' && strnlen(value, TEXT_MAX_BYTES + 1) <= TEXT_MAX_BYTES;
        if (fine) {
            *(const char **)slot = value;
        }
        return fine && (spec->kind != LABEL_COMMAND || !is_broken_array(value));
    }
    case LABEL_CLUSTER:
        *(const char **)slot = value;
        return true;
    case LABEL_BOOLEAN:
        return option_text_to_boolean(span_of(value), slot);
    case LABEL_REFUSAL:
        *(bool *)slot = true;
        return option_text_to_boolean(span_of(value), slot);
    case LABEL_SIGNAL:
        *(const char **)slot = signal_name_normalize(span_of(value));
        return *(const char **)slot != NULL;
    case LABEL_LIST: {
        struct text_list list = {0};
        bool fine = read_list(value, arena, &list);
        if (fine) {
            *(struct text_list *)slot = list;
        }
        return fine;
    }
    case LABEL_DURATION:
    case LABEL_GRACE:
    case LABEL_NUMBER:
        return read_number(spec, value, slot);
    }
    return false;
}

int label_warnings_add(struct label_warnings *warnings, const struct label_warning *warning,
                       struct arena *arena, struct error *err)
{
    struct label_warning *items =
        arena_grow(arena, warnings->list.items, warnings->list.count, sizeof *items);
    if (items == NULL) {
        return error_no_memory(err, "reading labels");
    }
    warnings->list.items = items;
    items[warnings->list.count++] = *warning;
    return 0;
}

static int warn(struct label_warnings *warnings, const struct runtime_container *container,
                const struct runtime_label *label, const struct label_spec *spec,
                struct arena *arena, struct error *err)
{
    static const struct label_spec unknown = {.accepted =
                                                  "a label of docs/labels.md, in lower case",
                                              .otherwise = "the label is ignored"};
    static const struct label_spec no_array = {
        .accepted = "a JSON array of texts, or a command that does not begin with [",
        .otherwise = "it is handed to the shell as it is"};
    const struct label_spec *said = spec == NULL ? &unknown : spec;
    if (spec != NULL && spec->kind == LABEL_COMMAND && is_broken_array(label->value)) {
        said = &no_array;
    }
    const char *wrong = strstr(said->otherwise, WITH_A_WRONG_VALUE);
    struct label_warning warning = {
        .container = container->described.name,
        .label = label->member != NULL ? label->member : label->key,
        .value = label->value,
        .accepted = said->accepted,
        .otherwise = wrong == NULL ? said->otherwise : wrong + strlen(WITH_A_WRONG_VALUE)};
    return label_warnings_add(warnings, &warning, arena, err);
}

const char *labels_tag_key(const struct runtime_label *label)
{
    size_t prefix = strlen(LABEL_TAG_PREFIX);
    if (strncmp(label->key, LABEL_TAG_PREFIX, prefix) != 0) {
        return NULL;
    }
    const char *key = label->key + prefix;
    bool fine = key[0] != '\0' && strnlen(key, TAG_KEY_MAX_BYTES + 1) <= TAG_KEY_MAX_BYTES &&
                strnlen(label->value, TAG_VALUE_MAX_BYTES + 1) <= TAG_VALUE_MAX_BYTES;
    return fine ? key : NULL;
}

static const struct label_spec *find_spec(const char *key)
{
    for (size_t i = 0; i < SPEC_COUNT; i++) {
        bool any_case = SPECS[i].kind == LABEL_REFUSAL;
        if ((any_case ? strcasecmp(SPECS[i].key, key) : strcmp(SPECS[i].key, key)) == 0) {
            return &SPECS[i];
        }
    }
    return NULL;
}

int labels_read(const struct runtime_container *container, struct arena *arena,
                struct label_values *ret_values, struct label_warnings *warnings, struct error *err)
{
    struct label_values values = {.essential = true};
    for (size_t i = 0; i < container->labels.count; i++) {
        const struct runtime_label *label = &container->labels.items[i];
        if (strncasecmp(label->key, LABEL_PREFIX, strlen(LABEL_PREFIX)) != 0 ||
            labels_tag_key(label) != NULL) {
            continue;
        }
        bool is_tag = strncmp(label->key, LABEL_TAG_PREFIX, strlen(LABEL_TAG_PREFIX)) == 0;
        const struct label_spec *spec = is_tag ? &TAG_LABEL : find_spec(label->key);
        if ((is_tag || spec == NULL || !read_value(spec, label->value, arena, &values)) &&
            warn(warnings, container, label, spec, arena, err) != 0) {
            return -1;
        }
    }
    *ret_values = values;
    return 0;
}

void labels_write_markdown(FILE *out)
{
    fputs("# Labels of containers\n\n"
          "What the worker reads from a container's labels. A wrong value is a warning in the "
          "worker's log, and in `stopfleet-worker tasks`, that names container, label and value; "
          "then "
          "what the fourth column says holds. So is an unknown label that begins with "
          "`io.stopfleet.`.\n\n"
          "| label | value | what it says | without it |\n|---|---|---|---|\n",
          out);
    for (size_t i = 0; i <= SPEC_COUNT; i++) {
        const struct label_spec *spec = i < SPEC_COUNT ? &SPECS[i] : &TAG_LABEL;
        fprintf(out, "| `%s` | %s | %s | %s |\n", spec->key, spec->accepted, spec->doc,
                spec->otherwise);
    }
    fputs("\n"
          "Of ECS, `com.amazonaws.ecs.task-arn`, `.container-name`, `.cluster`, "
          "`.task-definition-family` and `.task-definition-version` are read; of Compose, "
          "`com.docker.compose.project`, `.service`, `.container-number`, `.oneoff`, "
          "`.config-hash` and "
          "`.depends_on` (which Compose v2 writes and v1 does not: with v1 give "
          "`io.stopfleet.depends-on`).\n\n"
          "Which containers are one task: those with one ECS task ARN, else those with one "
          "`io.stopfleet.task`, else those of one Compose project (with `--group-by service`: of "
          "one service of it). A container of `docker compose run` is a task of its own, whatever "
          "its "
          "service's `io.stopfleet.task` is. A container with none of these is no task. "
          "[tasks.md](tasks.md) says how long a task lives, "
          "and what is never discovered.\n\n"
          "Other labels are never recorded, unless `--allowed-label` names them: then they become "
          "tags of the task.\n",
          out);
}
