#include "worker/host/engine_claim.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/crc32c.h"

#define UNIX_PREFIX "unix://"

/* A socket has many paths: /var/run is most often a link to /run. Of an engine that is away its directory is known. */
static const char *resolve(const char *path, char storage[PATH_MAX])
{
    char directory[PATH_MAX], resolved[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (realpath(path, storage) != NULL) {
        return storage;
    }
    if (slash == NULL || (size_t)(slash - path) >= sizeof directory - 1) {
        return NULL;
    }
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - path + 1), path);
    int length = realpath(directory, resolved) == NULL
                     ? PATH_MAX
                     : snprintf(storage, PATH_MAX, "%s%s", resolved, slash);
    return length < PATH_MAX ? storage : NULL;
}

static socklen_t name_of(const char *endpoint, struct sockaddr_un *ret_address)
{
    char resolved[PATH_MAX];
    size_t prefix = strlen(UNIX_PREFIX);
    bool is_path = strncmp(endpoint, UNIX_PREFIX, prefix) == 0;
    const char *name = is_path ? resolve(endpoint + prefix, resolved) : NULL;
    name = name == NULL ? endpoint : name;
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    /* An abstract name begins with a zero byte. */
    int length = snprintf(ret_address->sun_path + 1, sizeof ret_address->sun_path - 1,
                          "stopfleet-worker/engine/%08x", crc32c(0, name, strlen(name)));
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static int name_holder(const struct sockaddr_un *address, socklen_t length, struct error *err)
{
    struct ucred holder = {0};
    socklen_t size = sizeof holder;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)address, length) == 0) {
        (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &holder, &size);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (holder.pid == 0) { /* it has ended meanwhile, or is of a PID namespace that we do not see */
        return error_set(err, ERROR_CONFLICT, "a process of an unknown id uses it");
    }
    return error_set(err, ERROR_CONFLICT, "process %ld uses it", (long)holder.pid);
}

/* Nobody accepts: each who asks takes a place of the backlog for ever, and finds out nothing where it is full. */
int engine_claim_take(const char *endpoint, struct error *err)
{
    struct sockaddr_un address;
    socklen_t length = name_of(endpoint, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return error_set_errno(err, errno, "make a unix socket");
    }
    if (bind(fd, (const struct sockaddr *)&address, length) == 0 && listen(fd, SOMAXCONN) == 0) {
        return fd;
    }
    int number = errno;
    close(fd);
    return number == EADDRINUSE ? name_holder(&address, length, err)
                                : error_set_errno(err, number, "claim the engine");
}
