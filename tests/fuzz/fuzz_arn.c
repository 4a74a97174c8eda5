/* An identifier as a caller may write it: what is taken is exact and can be written and read back, what is
 * refused leaves the result alone. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/arn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct arn_scope SCOPE = {"us-east-1", "123456789012", "prod"};

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_task(const char *text)
{
    char id[ARN_TASK_ID_SIZE] = "", again[ARN_TASK_ID_SIZE], detail[ARN_DETAIL_SIZE];
    char arn[ARN_MAX_BYTES];
    if (arn_parse_task(text, &SCOPE, id, detail) != ARN_OK) {
        require(id[0] == '\0' && strlen(detail) < sizeof detail);
        return;
    }
    require(strlen(id) == 32 || strlen(id) == 36);
    require(strstr(text, id) != NULL);
    arn_of_task(SCOPE.region, SCOPE.account, SCOPE.cluster, id, arn);
    require(arn_parse_task(arn, &SCOPE, again, detail) == ARN_OK && strcmp(id, again) == 0);
}

static void try_cluster(const char *text)
{
    char name[ARN_NAME_SIZE] = "", again[ARN_NAME_SIZE], detail[ARN_DETAIL_SIZE];
    char arn[ARN_MAX_BYTES];
    if (arn_parse_cluster(text, &SCOPE, name, detail) != ARN_OK) {
        require(name[0] == '\0' && strlen(detail) < sizeof detail);
        return;
    }
    require(arn_is_cluster_name(name));
    arn_of_cluster(SCOPE.region, SCOPE.account, name, arn);
    require(arn_parse_cluster(arn, &SCOPE, again, detail) == ARN_OK && strcmp(name, again) == 0);
}

static void try_container_instance(const char *text)
{
    char host[ARN_NAME_SIZE] = "", again[ARN_NAME_SIZE], detail[ARN_DETAIL_SIZE];
    char arn[ARN_MAX_BYTES];
    if (arn_parse_container_instance(text, &SCOPE, host, detail) != ARN_OK) {
        require(host[0] == '\0' && strlen(detail) < sizeof detail);
        return;
    }
    arn_of_container_instance(SCOPE.region, SCOPE.account, SCOPE.cluster, host, arn);
    require(arn_parse_container_instance(arn, &SCOPE, again, detail) == ARN_OK &&
            strcmp(host, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    try_task(text);
    try_cluster(text);
    try_container_instance(text);
    free(text);
    return 0;
}
