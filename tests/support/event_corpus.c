#include "tests/support/event_corpus.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/event.h"

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    size_t suffix_length = strlen(suffix);
    return length > suffix_length && strcmp(name + length - suffix_length, suffix) == 0;
}

static void must(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

static void read_file(const char *name, struct buffer *ret_buf)
{
    char path[512];
    char bytes[4096];
    size_t length = 0;
    (void)snprintf(path, sizeof path, EVENT_CORPUS_FOLDER "/%s", name);
    FILE *file = fopen(path, "re");
    must(file != NULL, path);
    buffer_init(ret_buf, EVENT_MAX_BYTES);
    while ((length = fread(bytes, 1, sizeof bytes, file)) > 0) {
        must(buffer_append(ret_buf, bytes, length, NULL) == 0, path);
    }
    must(fclose(file) == 0, path);
}

struct event_corpus event_corpus_read(const char *suffix)
{
    struct event_corpus corpus = {0};
    struct dirent **entries = NULL;
    int count = scandir(EVENT_CORPUS_FOLDER, &entries, NULL, alphasort);
    must(count > 0, EVENT_CORPUS_FOLDER);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (has_suffix(name, suffix)) {
            must(corpus.count < EVENT_CORPUS_FILES_MAX, "more files than there is room for");
            corpus.names[corpus.count] = strdup(name);
            read_file(name, &corpus.files[corpus.count++]);
        }
        free(entries[i]);
    }
    free(entries);
    must(corpus.count > 0, suffix);
    return corpus;
}

void event_corpus_release(struct event_corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        buffer_release(&corpus->files[i]);
        free(corpus->names[i]);
    }
}
