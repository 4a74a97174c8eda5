#ifndef COMMON_DOMAIN_SCOPE_OPTIONS_H
#define COMMON_DOMAIN_SCOPE_OPTIONS_H

/** What the account, the region and a cluster must be, in the option table of every program. */

#include "common/base/option.h"

extern const struct option_text_rule SCOPE_ACCOUNT, SCOPE_REGION, SCOPE_CLUSTER;

#endif
