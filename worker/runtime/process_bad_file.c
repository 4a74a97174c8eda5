/** The task files that are of no use, for those who ask what runs. */

#include <string.h>

#include "common/base/memory.h"
#include "worker/runtime/process.h"

/* @return where it is, or would be */
static size_t position(const struct process_runtime *runtime, const char *name, bool *ret_found)
{
    size_t at = 0;
    int order = -1;
    while (at < runtime->bad_file_count &&
           (order = strcmp(runtime->bad_files[at].name, name)) < 0) {
        at++;
    }
    *ret_found = at < runtime->bad_file_count && order == 0;
    return at;
}

void process_bad_file_note(struct process_runtime *runtime, const char *name, const char *why)
{
    process_bad_file_forget(runtime, name);
    const size_t count = runtime->bad_file_count;
    struct runtime_bad_file file = {.name = memory_strdup(name), .why = memory_strdup(why)};
    struct runtime_bad_file *grown =
        file.name == NULL || file.why == NULL
            ? NULL
            : memory_realloc(runtime->bad_files, (count + 1) * sizeof *grown);
    if (grown == NULL) {
        memory_free(file.name);
        memory_free(file.why);
        return;
    }
    runtime->bad_files = grown;
    bool found;
    const size_t at = position(runtime, name, &found);
    memmove(&grown[at + 1], &grown[at], (count - at) * sizeof *grown);
    grown[at] = file;
    runtime->bad_file_count++;
}

void process_bad_file_forget(struct process_runtime *runtime, const char *name)
{
    bool found;
    const size_t at = position(runtime, name, &found);
    if (!found) {
        return;
    }
    memory_free(runtime->bad_files[at].name);
    memory_free(runtime->bad_files[at].why);
    runtime->bad_file_count--;
    memmove(&runtime->bad_files[at], &runtime->bad_files[at + 1],
            (runtime->bad_file_count - at) * sizeof *runtime->bad_files);
}

void process_bad_file_forget_all(struct process_runtime *runtime)
{
    for (size_t i = 0; i < runtime->bad_file_count; i++) {
        memory_free(runtime->bad_files[i].name);
        memory_free(runtime->bad_files[i].why);
    }
    memory_free(runtime->bad_files);
    runtime->bad_files = NULL;
    runtime->bad_file_count = 0;
}
