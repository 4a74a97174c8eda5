#include "producer/page_token.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

enum { CONTENT_MAX_BYTES = PAGE_TOKEN_HASH_BYTES + ARN_NAME_SIZE };

/** Hashes the digests of the parts, so that no two lists of parts are the same text. */
static void hash_scope(const struct page_scope *scope, unsigned char ret_hash[SHA256_DIGEST_LENGTH])
{
    unsigned char step[2 * SHA256_DIGEST_LENGTH] = {0};
    for (size_t i = 0; i < scope->count; i++) {
        const char *part = scope->parts[i];
        memset(step + SHA256_DIGEST_LENGTH, 0, SHA256_DIGEST_LENGTH);
        if (part != NULL) {
            SHA256((const unsigned char *)part, strlen(part), step + SHA256_DIGEST_LENGTH);
        }
        SHA256(step, sizeof step, step);
    }
    memcpy(ret_hash, step, SHA256_DIGEST_LENGTH);
}

void page_token_write(const struct page_scope *scope, const char *last,
                      char ret_token[PAGE_TOKEN_SIZE])
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    unsigned char content[CONTENT_MAX_BYTES];
    size_t length = strnlen(last, ARN_NAME_SIZE - 1);
    hash_scope(scope, hash);
    memcpy(content, hash, PAGE_TOKEN_HASH_BYTES);
    memcpy(content + PAGE_TOKEN_HASH_BYTES, last, length);
    (void)EVP_EncodeBlock((unsigned char *)ret_token, content,
                          (int)(PAGE_TOKEN_HASH_BYTES + length));
}

/** Decodes without the zero bytes that EVP_DecodeBlock leaves for "=". @return bytes, or 0 */
static size_t decode(const char *token, unsigned char ret_content[CONTENT_MAX_BYTES + 3])
{
    size_t length = strlen(token);
    if (length >= PAGE_TOKEN_SIZE || length < 4 || length % 4 != 0) {
        return 0;
    }
    int bytes = EVP_DecodeBlock(ret_content, (const unsigned char *)token, (int)length);
    if (bytes <= 0) {
        return 0;
    }
    size_t padding = (size_t)(token[length - 1] == '=') + (size_t)(token[length - 2] == '=');
    return (size_t)bytes - padding;
}

int page_token_read(const char *token, const struct page_scope *scope, char ret_last[ARN_NAME_SIZE])
{
    unsigned char content[CONTENT_MAX_BYTES + 3];
    char again[PAGE_TOKEN_SIZE];
    char last[ARN_NAME_SIZE];
    size_t length = decode(token, content);
    if (length <= PAGE_TOKEN_HASH_BYTES || length >= CONTENT_MAX_BYTES) {
        return -1;
    }
    memcpy(last, content + PAGE_TOKEN_HASH_BYTES, length - PAGE_TOKEN_HASH_BYTES);
    last[length - PAGE_TOKEN_HASH_BYTES] = '\0';
    page_token_write(scope, last, again);
    if (strcmp(token, again) != 0) {
        return -1;
    }
    memcpy(ret_last, last, sizeof last);
    return 0;
}
