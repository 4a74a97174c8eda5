#include "common/base/id.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static int fill_random(unsigned char *bytes, size_t length, struct error *err)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = getrandom(bytes + done, length - done, 0);
        if (got < 0 && errno != EINTR) {
            return error_set_errno(err, errno, "could not read random bytes from the kernel");
        }
        done += got < 0 ? 0 : (size_t)got;
    }
    return 0;
}

void id_hex(const unsigned char *bytes, unsigned long length, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned long i = 0; i < length; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 0xF];
    }
    ret_text[2 * length] = '\0';
}

/* Sets version and variant (RFC 9562 section 4) and writes the groups of 8-4-4-4-12 digits. */
static void write_uuid(unsigned char bytes[16], unsigned version, char ret_text[ID_UUID_SIZE])
{
    static const unsigned char group_bytes[] = {4, 2, 2, 2, 6};
    bytes[6] = (unsigned char)((bytes[6] & 0x0F) | (version << 4));
    bytes[8] = (unsigned char)((bytes[8] & 0x3F) | 0x80);
    const unsigned char *from = bytes;
    char *to = ret_text;
    for (size_t i = 0; i < sizeof group_bytes; i++) {
        if (i > 0) {
            *to++ = '-';
        }
        id_hex(from, group_bytes[i], to);
        from += group_bytes[i];
        to += 2 * group_bytes[i];
    }
}

int id_uuid_v4(char ret_text[ID_UUID_SIZE], struct error *err)
{
    unsigned char bytes[16];
    if (fill_random(bytes, sizeof bytes, err) < 0) {
        return -1;
    }
    write_uuid(bytes, 4, ret_text);
    return 0;
}

int id_uuid_v7(int64_t unix_ms, char ret_text[ID_UUID_SIZE], struct error *err)
{
    unsigned char bytes[16];
    if (fill_random(bytes + 6, sizeof bytes - 6, err) < 0) {
        return -1;
    }
    for (int i = 0; i < 6; i++) {
        bytes[i] = (unsigned char)((uint64_t)unix_ms >> (40 - 8 * i));
    }
    write_uuid(bytes, 7, ret_text);
    return 0;
}

void id_uuid_v8(const unsigned char *hash, char ret_text[ID_UUID_SIZE])
{
    unsigned char bytes[16];
    memcpy(bytes, hash, sizeof bytes);
    write_uuid(bytes, 8, ret_text);
}

int id_random_hex(char ret_text[ID_HEX_SIZE], struct error *err)
{
    unsigned char bytes[16];
    if (fill_random(bytes, sizeof bytes, err) < 0) {
        return -1;
    }
    id_hex(bytes, sizeof bytes, ret_text);
    return 0;
}

bool id_is_hex32(const char *text)
{
    return text != NULL && strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

const char *id_distinct(const char *container_id)
{
    const char *dash = strchr(container_id, '-');
    return dash == NULL ? container_id : dash + 1;
}
