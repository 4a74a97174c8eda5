#include "worker/runtime/docker_answer.h"

#include <string.h>

/* An error status does not always mean what it says: looked for in the message, in this order. */
static const struct {
    const char *text;
    enum runtime_answer answer;
} MESSAGES[] = {
    /* Podman answers 500 where Docker answers 409. */
    {"can only kill running containers", RUNTIME_NOT_RUNNING},
    {"container state improper", RUNTIME_NOT_RUNNING},
    {"is not running", RUNTIME_NOT_RUNNING},
    /* SIGKILL was sent and the engine waited in vain for the end (moby's daemon/kill.go). */
    {"did not receive an exit event", RUNTIME_SENT},
    {"is zombie and can not be killed", RUNTIME_SENT},
    /* The engine lost containerd on the way: it does not know either. */
    {"context deadline exceeded", RUNTIME_NO_ANSWER},
    {"context canceled", RUNTIME_NO_ANSWER},
    {"transport is closing", RUNTIME_NO_ANSWER},
    {"connection error", RUNTIME_NO_ANSWER},
    {"error reading from server", RUNTIME_NO_ANSWER},
    {"unexpected EOF", RUNTIME_NO_ANSWER},
    {"ttrpc: closed", RUNTIME_NO_ANSWER},
};

enum runtime_answer docker_answer_of_kill(long status, const char *message)
{
    if (status >= 200 && status < 300) {
        return RUNTIME_SENT;
    }
    if (status == 404) {
        return RUNTIME_NO_CONTAINER;
    }
    if (status == 304 || status == 409) {
        return RUNTIME_NOT_RUNNING;
    }
    /* A proxy before the engine: whether the request came through is not known. */
    if (status == 502 || status == 504) {
        return RUNTIME_NO_ANSWER;
    }
    for (size_t i = 0; status >= 500 && i < sizeof MESSAGES / sizeof *MESSAGES; i++) {
        if (strstr(message, MESSAGES[i].text) != NULL) {
            return MESSAGES[i].answer;
        }
    }
    return RUNTIME_REFUSED;
}
