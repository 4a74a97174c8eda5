#include "common/domain/scope_options.h"

#include "common/domain/arn.h"

const struct option_text_rule SCOPE_ACCOUNT = {arn_is_account, "12 digits"};
const struct option_text_rule SCOPE_REGION = {
    arn_is_region, "up to 64 lower-case letters, digits and -, such as us-east-1"};
const struct option_text_rule SCOPE_CLUSTER = {arn_is_cluster_name,
                                               "up to 255 letters, digits, - and _"};
