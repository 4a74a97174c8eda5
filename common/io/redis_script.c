#include <string.h>

#include <openssl/evp.h>

#include "common/base/id.h"
#include "common/io/redis_request.h"
#include "common/io/redis_script_sources.h"

/* In the order of enum redis_script_name. */
static struct redis_script scripts[REDIS_SCRIPT_COUNT] = {
    [REDIS_SCRIPT_PUT] = {.name = "put", .source = REDIS_SOURCE_PUT},
    [REDIS_SCRIPT_PEND] = {.name = "pend", .source = REDIS_SOURCE_PEND},
    [REDIS_SCRIPT_READ] = {.name = "read", .source = REDIS_SOURCE_READ},
    [REDIS_SCRIPT_LOAD] = {.name = "load", .source = REDIS_SOURCE_LOAD},
    [REDIS_SCRIPT_GET] = {.name = "get", .source = REDIS_SOURCE_GET},
    [REDIS_SCRIPT_SEEN] = {.name = "seen", .source = REDIS_SOURCE_SEEN},
    [REDIS_SCRIPT_PUT_HOST] = {.name = "put_host", .source = REDIS_SOURCE_PUT_HOST},
    [REDIS_SCRIPT_HOST_FACT] = {.name = "host_fact", .source = REDIS_SOURCE_HOST_FACT},
    [REDIS_SCRIPT_READ_HOSTS] = {.name = "read_hosts", .source = REDIS_SOURCE_READ_HOSTS},
    [REDIS_SCRIPT_LIST_HOSTS] = {.name = "list_hosts", .source = REDIS_SOURCE_LIST_HOSTS},
    [REDIS_SCRIPT_HEARTBEAT] = {.name = "heartbeat", .source = REDIS_SOURCE_HEARTBEAT},
    [REDIS_SCRIPT_PUT_LIVE] = {.name = "put_live", .source = REDIS_SOURCE_PUT_LIVE},
    [REDIS_SCRIPT_LIST_TASKS] = {.name = "list_tasks", .source = REDIS_SOURCE_LIST_TASKS},
    [REDIS_SCRIPT_LIST_CLUSTERS] = {.name = "list_clusters", .source = REDIS_SOURCE_LIST_CLUSTERS},
    [REDIS_SCRIPT_DESCRIBE_CLUSTERS] = {.name = "describe_clusters",
                                        .source = REDIS_SOURCE_DESCRIBE_CLUSTERS},
    [REDIS_SCRIPT_REBUILD_BEGIN] = {.name = "rebuild_begin", .source = REDIS_SOURCE_REBUILD_BEGIN},
    [REDIS_SCRIPT_REBUILD_COMPLETE] = {.name = "rebuild_complete",
                                       .source = REDIS_SOURCE_REBUILD_COMPLETE},
    [REDIS_SCRIPT_VERIFY] = {.name = "verify", .source = REDIS_SOURCE_VERIFY},
    [REDIS_SCRIPT_VOID] = {.name = "void", .source = REDIS_SOURCE_VOID},
};

const struct redis_script *redis_script(enum redis_script_name name)
{
    struct redis_script *script = &scripts[name];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;

    if (script->sha[0] == '\0') {
        if (EVP_Digest(script->source, strlen(script->source), digest, &length, EVP_sha1(), NULL) !=
                1 ||
            length * 2 + 1 != REDIS_SHA_SIZE) {
            return NULL;
        }
        id_hex(digest, length, script->sha);
    }
    return script;
}
