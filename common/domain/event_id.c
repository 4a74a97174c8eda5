/* The low-level functions of SHA-256 neither allocate nor fail, so that an id can always be made;
 * EVP can do both. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <string.h>

#include <openssl/sha.h>

#include "common/base/id.h"
#include "common/domain/event.h"

/* Each part with its length before it: no two lists of parts give the same bytes. */
static void add_part(SHA256_CTX *sha, const void *bytes, size_t length)
{
    unsigned char prefix[8];
    for (unsigned i = 0; i < sizeof prefix; i++) {
        prefix[i] = (unsigned char)((uint64_t)length >> (56 - 8 * i));
    }
    SHA256_Update(sha, prefix, sizeof prefix);
    SHA256_Update(sha, bytes, length);
}

static void add_text(SHA256_CTX *sha, const char *text)
{
    add_part(sha, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

static void add_integer(SHA256_CTX *sha, int64_t integer)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)((uint64_t)integer >> (56 - 8 * i));
    }
    add_part(sha, bytes, sizeof bytes);
}

void event_id_of_invocation(const char *principal, const char *invocation_id, struct span body,
                            struct optional_integer stop_timeout_ms, char ret_id[37])
{
    SHA256_CTX sha;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[33];
    SHA256_Init(&sha);
    add_text(&sha, "stopfleet StopRequested");
    add_text(&sha, principal);
    add_text(&sha, invocation_id);
    add_part(&sha, body.length == 0 ? "" : body.data, body.length);
    if (stop_timeout_ms.known) {
        add_integer(&sha, stop_timeout_ms.value);
    }
    SHA256_Final(digest, &sha);
    digest[6] = (unsigned char)((digest[6] & 0x0fU) | 0x80U); /* RFC 9562 section 5.8: version 8 */
    digest[8] = (unsigned char)((digest[8] & 0x3fU) | 0x80U); /* and its variant */
    id_hex(digest, 16, hex);
    for (size_t from = 0, to = 0; from <= 32; from++) {
        if (from == 8 || from == 12 || from == 16 || from == 20) {
            ret_id[to++] = '-';
        }
        ret_id[to++] = hex[from];
    }
}

void event_mint_task_id(const char *host, const char *name, const char *container_id,
                        int64_t started_at, char ret_id[33])
{
    SHA256_CTX sha;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256_Init(&sha);
    add_text(&sha, "stopfleet task");
    add_text(&sha, host);
    add_text(&sha, name);
    add_text(&sha, container_id);
    add_integer(&sha, started_at);
    SHA256_Final(digest, &sha);
    id_hex(digest, 16, ret_id);
}
