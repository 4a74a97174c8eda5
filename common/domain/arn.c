#include "common/domain/arn.h"

#include <string.h>

#include <openssl/sha.h>

#include "common/base/buffer.h"
#include "common/base/id.h"

enum { ACCOUNT_DIGITS = 12, REGION_MAX_BYTES = 64 };

/** How regions begin, partition by partition (botocore partitions.json). */
static const struct {
    const char *region_prefix, *partition;
} PARTITIONS[] = {
    {"cn-", "aws-cn"},         {"us-gov-", "aws-us-gov"}, {"us-isob-", "aws-iso-b"},
    {"us-isof-", "aws-iso-f"}, {"us-iso-", "aws-iso"},    {"eu-isoe-", "aws-iso-e"},
    {"eusc-", "aws-eusc"},
};

const char *arn_partition(const char *region)
{
    for (size_t i = 0; i < sizeof PARTITIONS / sizeof PARTITIONS[0]; i++) {
        if (strncmp(region, PARTITIONS[i].region_prefix, strlen(PARTITIONS[i].region_prefix)) ==
            0) {
            return PARTITIONS[i].partition;
        }
    }
    return "aws";
}

/** Joins the texts, cut at ARN_MAX_BYTES. */
static void join(char ret_text[ARN_MAX_BYTES], const char *const *parts, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(parts[i]);
        size_t room = ARN_MAX_BYTES - 1 - used;
        length = length < room ? length : room;
        memcpy(ret_text + used, parts[i], length);
        used += length;
    }
    ret_text[used] = '\0';
}

#define JOIN(ret_text, ...)                                                                        \
    join((ret_text), (const char *const[]){__VA_ARGS__},                                           \
         sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define PREFIX(region, account) "arn:", arn_partition(region), ":ecs:", (region), ":", (account)

void arn_of_cluster(const char *region, const char *account, const char *cluster,
                    char ret_text[ARN_MAX_BYTES])
{
    JOIN(ret_text, PREFIX(region, account), ":cluster/", cluster);
}

void arn_of_task(const char *region, const char *account, const char *cluster, const char *task_id,
                 char ret_text[ARN_MAX_BYTES])
{
    JOIN(ret_text, PREFIX(region, account), ":task/", cluster, "/", task_id);
}

void arn_of_container_instance(const char *region, const char *account, const char *cluster,
                               const char *host, char ret_text[ARN_MAX_BYTES])
{
    JOIN(ret_text, PREFIX(region, account), ":container-instance/", cluster, "/", host);
}

void arn_of_container(const char *region, const char *account, const char *cluster,
                      const char *task_id, const char *runtime_id, char ret_text[ARN_MAX_BYTES])
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char uuid[ID_UUID_SIZE];
    SHA256((const unsigned char *)runtime_id, strlen(runtime_id), hash);
    id_uuid_v8(hash, uuid);
    JOIN(ret_text, PREFIX(region, account), ":container/", cluster, "/", task_id, "/", uuid);
}

void arn_of_task_definition(const char *region, const char *account, const char *family,
                            const char *revision, char ret_text[ARN_MAX_BYTES])
{
    JOIN(ret_text, PREFIX(region, account), ":task-definition/", family, ":", revision);
}

/** arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE taken apart. */
struct arn_parts {
    struct span partition, service, region, account, resource;
};

static bool starts_as_arn(const char *identifier)
{
    return strncmp(identifier, "arn:", 4) == 0;
}

/** The text up to the separator, which *rest is moved behind. @return false if there is none */
static bool take_until(const char **rest, char separator, struct span *ret_part)
{
    const char *end = strchr(*rest, separator);
    if (end == NULL) {
        return false;
    }
    *ret_part = (struct span){*rest, (size_t)(end - *rest)};
    *rest = end + 1;
    return true;
}

static bool split_arn(const char *identifier, struct arn_parts *ret_parts)
{
    const char *rest = identifier + 4;
    if (!take_until(&rest, ':', &ret_parts->partition) ||
        !take_until(&rest, ':', &ret_parts->service) ||
        !take_until(&rest, ':', &ret_parts->region) ||
        !take_until(&rest, ':', &ret_parts->account)) {
        return false;
    }
    ret_parts->resource = span_of(rest);
    return true;
}

static void set_detail(char ret_detail[ARN_DETAIL_SIZE], struct span text)
{
    struct span fitting = span_cut_utf8(text, ARN_DETAIL_SIZE - 1);
    if (fitting.length > 0) {
        memcpy(ret_detail, fitting.data, fitting.length);
    }
    ret_detail[fitting.length] = '\0';
}

/** Takes an ARN apart down to what follows "TYPE/", after checking whose it is. */
static enum arn_problem parse_arn(const char *identifier, const struct arn_scope *scope,
                                  const char *type, struct span *ret_name,
                                  char ret_detail[ARN_DETAIL_SIZE])
{
    struct arn_parts parts;
    if (!split_arn(identifier, &parts)) {
        return ARN_BAD_SEPARATORS;
    }
    if (!span_equal_text(parts.service, "ecs")) {
        return ARN_OTHER_TYPE;
    }
    if (!span_equal_text(parts.partition, arn_partition(scope->region)) ||
        !span_equal_text(parts.region, scope->region)) {
        return ARN_OTHER_REGION;
    }
    if (!span_equal_text(parts.account, scope->account)) {
        set_detail(ret_detail, parts.account);
        return ARN_OTHER_ACCOUNT;
    }
    const char *rest = parts.resource.data;
    struct span found;
    if (!take_until(&rest, '/', &found) || !span_equal_text(found, type)) {
        return ARN_OTHER_TYPE;
    }
    *ret_name = span_of(rest);
    return ARN_OK;
}

/** Takes "ID" or "CLUSTER/ID", the part of an ARN behind its type. */
static enum arn_problem take_cluster(struct span *name, const struct arn_scope *scope,
                                     char ret_detail[ARN_DETAIL_SIZE])
{
    const char *rest = name->data;
    struct span cluster;
    if (!take_until(&rest, '/', &cluster)) {
        return ARN_OK;
    }
    if (cluster.length == 0 || strchr(rest, '/') != NULL) {
        return ARN_BAD_SEPARATORS;
    }
    if (!span_equal_text(cluster, scope->cluster)) {
        set_detail(ret_detail, cluster);
        return ARN_OTHER_CLUSTER;
    }
    *name = span_of(rest);
    return ARN_OK;
}

/** Takes an identifier of something in a cluster down to its last part, which is not checked. */
static enum arn_problem parse_in_cluster(const char *identifier, const struct arn_scope *scope,
                                         const char *type, struct span *ret_name,
                                         char ret_detail[ARN_DETAIL_SIZE])
{
    ret_detail[0] = '\0';
    if (identifier == NULL || identifier[0] == '\0') {
        return ARN_BLANK;
    }
    if (!starts_as_arn(identifier)) {
        *ret_name = span_of(identifier);
        return strchr(identifier, '/') == NULL ? ARN_OK : ARN_BAD_SEPARATORS;
    }
    enum arn_problem problem = parse_arn(identifier, scope, type, ret_name, ret_detail);
    return problem != ARN_OK ? problem : take_cluster(ret_name, scope, ret_detail);
}

/** True if the span is 1 to 255 letters, digits, '-', '_' and characters of `more`. */
static bool is_name(struct span name, const char *more)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_";
    if (name.length == 0 || name.length >= ARN_NAME_SIZE) {
        return false;
    }
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (c == '\0' || (strchr(letters, c) == NULL && strchr(more, c) == NULL)) {
            return false;
        }
    }
    return true;
}

bool arn_is_cluster_name(const char *name)
{
    return is_name(span_of(name), "");
}

static bool consists_of(const char *text, const char *characters)
{
    return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

bool arn_is_account(const char *text)
{
    return consists_of(text, "0123456789") && strlen(text) == ACCOUNT_DIGITS;
}

bool arn_is_region(const char *text)
{
    return consists_of(text, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
           strlen(text) <= REGION_MAX_BYTES;
}

static enum arn_problem take_name(struct span name, const char *more, char ret_name[ARN_NAME_SIZE],
                                  char ret_detail[ARN_DETAIL_SIZE])
{
    if (!is_name(name, more)) {
        set_detail(ret_detail, name);
        return ARN_BAD_NAME;
    }
    memcpy(ret_name, name.data, name.length);
    ret_name[name.length] = '\0';
    return ARN_OK;
}

enum arn_problem arn_parse_task(const char *identifier, const struct arn_scope *scope,
                                char ret_id[ARN_TASK_ID_SIZE], char ret_detail[ARN_DETAIL_SIZE])
{
    struct span id;
    enum arn_problem problem = parse_in_cluster(identifier, scope, "task", &id, ret_detail);
    if (problem != ARN_OK) {
        return problem;
    }
    if (id.length != 32 && id.length != 36) {
        return ARN_BAD_LENGTH;
    }
    char name[ARN_NAME_SIZE];
    problem = take_name(id, "", name, ret_detail);
    if (problem == ARN_OK) {
        memcpy(ret_id, name, id.length + 1);
    }
    return problem;
}

enum arn_problem arn_parse_cluster(const char *identifier, const struct arn_scope *scope,
                                   char ret_name[ARN_NAME_SIZE], char ret_detail[ARN_DETAIL_SIZE])
{
    ret_detail[0] = '\0';
    if (identifier == NULL) {
        identifier = "default";
    }
    if (identifier[0] == '\0') {
        return ARN_BLANK;
    }
    struct span name = span_of(identifier);
    if (starts_as_arn(identifier)) {
        enum arn_problem problem = parse_arn(identifier, scope, "cluster", &name, ret_detail);
        if (problem != ARN_OK) {
            return problem;
        }
    }
    return take_name(name, "", ret_name, ret_detail);
}

enum arn_problem arn_parse_container_instance(const char *identifier, const struct arn_scope *scope,
                                              char ret_host[ARN_NAME_SIZE],
                                              char ret_detail[ARN_DETAIL_SIZE])
{
    struct span host;
    enum arn_problem problem =
        parse_in_cluster(identifier, scope, "container-instance", &host, ret_detail);
    return problem != ARN_OK ? problem : take_name(host, ".", ret_host, ret_detail);
}
