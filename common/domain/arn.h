#ifndef COMMON_DOMAIN_ARN_H
#define COMMON_DOMAIN_ARN_H

/** Amazon resource names of ECS: task, cluster, container instance, container, task definition. Pure. */

#include <stdbool.h>

enum {
    ARN_MAX_BYTES = 1024,  /**< an ARN with its NUL: prefix, cluster of 255, id or host */
    ARN_TASK_ID_SIZE = 37, /**< 32 or 36 characters and NUL */
    ARN_NAME_SIZE = 256,   /**< a cluster's or host's name and NUL */
    ARN_DETAIL_SIZE = 200  /**< the part of an identifier that was refused, cut, and NUL */
};

/** aws, aws-cn, aws-us-gov, aws-iso… from the region's name; "aws" for made-up regions (botocore partitions.json). */
const char *arn_partition(const char *region);

/** Write long-form ARNs; ret_text holds ARN_MAX_BYTES and longer ones are cut (inputs are bounded
 *  elsewhere). */
void arn_of_cluster(const char *region, const char *account, const char *cluster,
                    char ret_text[ARN_MAX_BYTES]);
void arn_of_task(const char *region, const char *account, const char *cluster, const char *task_id,
                 char ret_text[ARN_MAX_BYTES]);
void arn_of_container_instance(const char *region, const char *account, const char *cluster,
                               const char *host, char ret_text[ARN_MAX_BYTES]);
/** Last part: a UUID made from the runtime id, so it is stable. */
void arn_of_container(const char *region, const char *account, const char *cluster,
                      const char *task_id, const char *runtime_id, char ret_text[ARN_MAX_BYTES]);
void arn_of_task_definition(const char *region, const char *account, const char *family,
                            const char *revision, char ret_text[ARN_MAX_BYTES]);

/** Why an identifier is refused: one value per ECS text. */
enum arn_problem {
    ARN_OK = 0,
    ARN_BLANK,
    ARN_BAD_LENGTH,     /**< taskId length should be one of [32,36] */
    ARN_BAD_SEPARATORS, /**< Invalid identifier: Unexpected number of separators */
    ARN_OTHER_CLUSTER,  /**< Invalid identifier: Identifier is for cluster A. Your cluster is B */
    ARN_OTHER_REGION,   /**< Invalid Region in ARN; also another partition */
    ARN_OTHER_ACCOUNT,  /**< Identifier is for A. Your accountId is B */
    ARN_OTHER_TYPE,     /**< Task Identifier is invalid; also another service than ecs */
    ARN_BAD_NAME        /**< characters that no id has */
};

/** Whom the service is: what an identifier must agree with. */
struct arn_scope {
    const char *region, *account;
    const char *cluster; /**< of the request; not looked at by arn_parse_cluster */
};

/** Takes an id or a short or long task ARN; ret_id gets the id. Exact ids only: 32 or 36 characters of
 *  [A-Za-z0-9_-]. A long ARN's cluster must be the scope's; a short one and an id belong to it.
 *  On a problem ret_detail gets what differs (their cluster or account), else it is empty. */
enum arn_problem arn_parse_task(const char *identifier, const struct arn_scope *scope,
                                char ret_id[ARN_TASK_ID_SIZE], char ret_detail[ARN_DETAIL_SIZE]);
/** Takes a cluster name or ARN; NULL = "default". Name: ^[a-zA-Z0-9\-_]{1,255}$, else ARN_BAD_NAME. */
enum arn_problem arn_parse_cluster(const char *identifier, const struct arn_scope *scope,
                                   char ret_name[ARN_NAME_SIZE], char ret_detail[ARN_DETAIL_SIZE]);
/** Takes a host id or a short or long container instance ARN. Id: ^[a-zA-Z0-9\-_.]{1,255}$. */
enum arn_problem arn_parse_container_instance(const char *identifier, const struct arn_scope *scope,
                                              char ret_host[ARN_NAME_SIZE],
                                              char ret_detail[ARN_DETAIL_SIZE]);

/** True for ^[a-zA-Z0-9\-_]{1,255}$. */
bool arn_is_cluster_name(const char *name);
/** True for 12 digits. */
bool arn_is_account(const char *text);
/** True for ^[a-z0-9\-]{1,64}$. */
bool arn_is_region(const char *text);

#endif
