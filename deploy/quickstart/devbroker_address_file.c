#include "deploy/quickstart/devbroker_address_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/buffer.h"

enum { PATH_MAX_BYTES = 8192 };

static int write_and_rename(const char *temporary, const char *path, const char *address,
                            struct error *err)
{
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0) {
        return error_set_errno(err, errno, "could not make %s", temporary);
    }
    if (dprintf(fd, "%s\n", address) < 0) {
        error_set_errno(err, errno, "could not write %s", temporary);
        (void)close(fd);
        return -1;
    }
    if (close(fd) != 0 || rename(temporary, path) != 0) {
        return error_set_errno(err, errno, "could not write %s", path);
    }
    return 0;
}

int devbroker_address_file_write(const char *path, const char *address, struct error *err)
{
    struct buffer temporary;
    int result;

    buffer_init(&temporary, PATH_MAX_BYTES);
    result = buffer_append_format(&temporary, err, "%s.new", path);
    if (result == 0) {
        result = write_and_rename(temporary.data, path, address, err);
        if (result < 0) {
            (void)unlink(temporary.data);
        }
    }
    buffer_release(&temporary);
    return result;
}
