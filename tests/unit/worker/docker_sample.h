#ifndef TESTS_UNIT_WORKER_DOCKER_SAMPLE_H
#define TESTS_UNIT_WORKER_DOCKER_SAMPLE_H

/** Answers of real engines, recorded in tests/support/docker. */

#include <jansson.h>

#include "common/base/buffer.h"

/** The text of a file there; free with buffer_release. A test failure if there is none. */
struct buffer docker_sample_text(const char *name);
/** As JSON: new reference. */
json_t *docker_sample_json(const char *name);

#endif
