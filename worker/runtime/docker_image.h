#ifndef WORKER_RUNTIME_DOCKER_IMAGE_H
#define WORKER_RUNTIME_DOCKER_IMAGE_H

/** Image references and their digests. Pure. */

#include <jansson.h>

/** The digest in "repo@sha256:…" ("sha256:…"), NULL if the reference has none. */
const char *docker_image_digest_of(const char *reference);
/** The digest of the entry of RepoDigests (["repo@sha256:…", …]) that has the repository of `reference`
 *  ("nginx", "docker.io/library/nginx:1.27" and "nginx:1.27" are the same); NULL if there is none. */
const char *docker_image_match(const json_t *repo_digests, const char *reference);

#endif
