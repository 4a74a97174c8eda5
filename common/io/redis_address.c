#include "common/io/redis_address.h"

#include <string.h>

#include "common/base/buffer.h"
#include "common/base/memory.h"

static const char UNIX_PREFIX[] = "unix:";
static const char TLS_PREFIX[] = "rediss://";

static int keep_host(const char *host, size_t length, int port, struct redis_address *ret_address,
                     struct error *err)
{
    char *copy = memory_strndup(host, length);

    if (copy == NULL) {
        return error_no_memory(err, "reading the Redis address");
    }
    *ret_address = (struct redis_address){.host = copy, .port = port};
    return 0;
}

int redis_address_parse(const char *text, struct redis_address *ret_address, struct error *err)
{
    const char *colon;
    size_t length;
    int64_t port;

    if (text == NULL) {
        text = "";
    }
    if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0 && text[strlen(UNIX_PREFIX)] == '/') {
        text += strlen(UNIX_PREFIX);
        return keep_host(text, strlen(text), 0, ret_address, err);
    }
    if (strncmp(text, TLS_PREFIX, strlen(TLS_PREFIX)) == 0) {
        return error_set(err, ERROR_UNSUPPORTED, "redis address \"%s\": TLS is not supported",
                         text);
    }
    colon = strrchr(text, ':');
    if (colon == NULL || colon == text || strstr(text, "://") != NULL ||
        !span_to_int64(span_of(colon + 1), 1, 65535, &port)) {
        return error_set(err, ERROR_INVALID,
                         "redis address \"%s\" is neither HOST:PORT nor unix:/path", text);
    }
    length = (size_t)(colon - text);
    if (text[0] == '[' && length > 2 && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    return keep_host(text, length, (int)port, ret_address, err);
}

void redis_address_release(struct redis_address *address)
{
    memory_free(address->host);
    *address = (struct redis_address){0};
}
