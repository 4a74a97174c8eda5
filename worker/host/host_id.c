#include "worker/host/host_id.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "common/base/buffer.h"
#include "common/base/id.h"

enum { MACHINE_ID_MAX_BYTES = 256, ID_BYTES = 16 };

static int read_machine_id(const char *path, struct buffer *text, struct error *err)
{
    char bytes[MACHINE_ID_MAX_BYTES];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        error_set_errno(err, errno, "no machine id: give --host-id, as %s cannot be read", path);
        return -1;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == ' ')) {
        length--;
    }
    if (length < 32) {
        return error_set(err, ERROR_IO, "no machine id in %s: give --host-id", path);
    }
    return buffer_append(text, bytes, length, err);
}

bool host_id_is_fit(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t length = strlen(text);
    return length > 0 && length <= HOST_ID_MAX_BYTES && strspn(text, allowed) == length;
}

int host_id_find(const char *configured, const char *machine_id_path, char ret_id[HOST_ID_SIZE],
                 struct error *err)
{
    if (configured != NULL) {
        if (!host_id_is_fit(configured)) {
            return error_set(err, ERROR_INVALID,
                             "--host-id \"%.60s\": give up to 255 letters, digits, -, _ and .",
                             configured);
        }
        memcpy(ret_id, configured, strlen(configured) + 1);
        return 0;
    }
    struct buffer text;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    buffer_init(&text, MACHINE_ID_MAX_BYTES + 16);
    int result = read_machine_id(machine_id_path, &text, err);
    if (result == 0 && (result = buffer_append_text(&text, "stopfleet", err)) == 0) {
        SHA256((const unsigned char *)text.data, text.length, digest);
        id_hex(digest, ID_BYTES, ret_id);
    }
    buffer_release(&text);
    return result;
}
