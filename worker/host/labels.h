#ifndef WORKER_HOST_LABELS_H
#define WORKER_HOST_LABELS_H

/** The labels io.stopfleet.* of a container, by one table (labels.def). Pure. */

#include <stdio.h>

#include "worker/runtime/runtime.h"

#define LABEL_PREFIX     "io.stopfleet."
#define LABEL_TAG_PREFIX "io.stopfleet.tag."

/** What a container's labels say; absent ones have their default. Texts are the container's or the arena's. */
struct label_values {
    const char *task, *cluster, *component, *group, *family, *started_by, *pre_stop;
    const char *stop_signal; /**< "SIGINT"; NULL = not said */
    bool ignore, essential, sidecar;
    struct text_list depends_on;
    struct optional_integer stop_timeout_ms; /**< at least 1,000 */
    struct optional_integer drain_delay_ms, cpu, memory_mib;
};

/** A label whose value is of no use. All texts live as long as the container and the table. */
struct label_warning {
    const char *container; /**< the runtime's name */
    const char *label, *value;
    const char *accepted;  /**< what the value may be */
    const char *otherwise; /**< what holds instead */
};
struct label_warnings {
    RECORD_LIST_OF(struct label_warning) list;
};

/** Appends a copy; its texts are borrowed. @return 0 or -1 with ERROR_NO_MEMORY */
int label_warnings_add(struct label_warnings *warnings, const struct label_warning *warning,
                       struct arena *arena, struct error *err);

/** The KEY of a label io.stopfleet.tag.KEY that makes a tag; NULL = it is none, or ECS has no such tag
 *  (key 1 to 128 bytes, value at most 256). */
const char *labels_tag_key(const struct runtime_label *label);

/** The value of a label, NULL = the container does not have it. */
const char *labels_get(const struct runtime_container *container, const char *key);
/** Reads the labels of the table; wrong values are appended to warnings, and so are unknown labels
 *  that begin with io.stopfleet. @return 0 or -1 with ERROR_NO_MEMORY */
int labels_read(const struct runtime_container *container, struct arena *arena,
                struct label_values *ret_values, struct label_warnings *warnings,
                struct error *err);
/** docs/labels.md from the table. */
void labels_write_markdown(FILE *out);

#endif
