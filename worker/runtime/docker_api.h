#ifndef WORKER_RUNTIME_DOCKER_API_H
#define WORKER_RUNTIME_DOCKER_API_H

/** Which Engine API is spoken, and its paths. Pure. */

#include <jansson.h>

#include "common/base/buffer.h"

/** Ours: all that is read here is the same from 1.24 (Docker 1.12) to 1.51 (Docker 28.3). Engines
 *  refuse older versions than their minimum (Docker 29.0: 1.44), so ours must not be too low. */
#define DOCKER_API_NEWEST "1.51"
#define DOCKER_API_OLDEST "1.24"

enum { DOCKER_API_VERSION_SIZE = 16 };

/** What GET /version says. */
struct docker_engine {
    char api_version[DOCKER_API_VERSION_SIZE]; /**< agreed on, "1.41" */
    bool podman; /**< Podman's compatible API: its events do not name signals */
};

/** Agrees on the highest version that both sides speak.
 *  @return 0, or -1: ERROR_UNSUPPORTED (no version in common), ERROR_CORRUPT (not such an answer) */
int docker_api_negotiate(const json_t *version, struct docker_engine *ret_engine,
                         struct error *err);

/** Appends "/v1.41" ("" without a version) and the printf path. @return 0 or -1 (ERROR_FULL,
 *  ERROR_NO_MEMORY) */
int docker_api_path(struct buffer *path, const char *api_version, struct error *err,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/** Appends text with all but unreserved characters percent-encoded (RFC 3986 2.3). */
int docker_api_path_escaped(struct buffer *path, const char *text, struct error *err);

#endif
