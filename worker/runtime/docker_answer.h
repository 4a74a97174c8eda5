#ifndef WORKER_RUNTIME_DOCKER_ANSWER_H
#define WORKER_RUNTIME_DOCKER_ANSWER_H

/** What the engine's answer to POST /containers/{id}/kill means. Pure. */

#include "worker/runtime/runtime.h"

/** status: HTTP; message: the engine's own, may be "". */
enum runtime_answer docker_answer_of_kill(long status, const char *message);

#endif
