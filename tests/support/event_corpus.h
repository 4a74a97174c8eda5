#ifndef TESTS_SUPPORT_EVENT_CORPUS_H
#define TESTS_SUPPORT_EVENT_CORPUS_H

/** The committed events of every version so far, in the order of their names. */

#include "common/base/buffer.h"

#define EVENT_CORPUS_FOLDER "tests/corpus/events/v1"

enum { EVENT_CORPUS_FILES_MAX = 200 };

struct event_corpus {
    struct buffer files[EVENT_CORPUS_FILES_MAX];
    char *names[EVENT_CORPUS_FILES_MAX];
    size_t count;
};

/** The files whose names end so: ".msgpack" = events, ".json" = what they fold to. What cannot be read aborts. */
struct event_corpus event_corpus_read(const char *suffix);
void event_corpus_release(struct event_corpus *corpus);

#endif
