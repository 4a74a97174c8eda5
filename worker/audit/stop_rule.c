#include "worker/audit/stop_rule.h"

#include <inttypes.h>

static const char *const PROMISES[STOP_RULE_COUNT] = {
#define STOP_RULE(constant, promise, order, what) [STOP_RULE_##constant] = promise,
#include "worker/audit/stop_rule.def"
#undef STOP_RULE
};

static const char *const TEXTS[STOP_RULE_COUNT] = {
#define STOP_RULE(constant, promise, order, what) [STOP_RULE_##constant] = what,
#include "worker/audit/stop_rule.def"
#undef STOP_RULE
};

enum { ANY_ORDER, THIS_ORDER };

static const int ORDERS[STOP_RULE_COUNT] = {
#define STOP_RULE(constant, promise, order, what) [STOP_RULE_##constant] = order,
#include "worker/audit/stop_rule.def"
#undef STOP_RULE
};

bool stop_rule_is_of_order(enum stop_rule rule)
{
    return ORDERS[rule] == THIS_ORDER;
}

const char *stop_rule_promise(enum stop_rule rule)
{
    return PROMISES[rule];
}

const char *stop_rule_text(enum stop_rule rule)
{
    return TEXTS[rule];
}

void stop_finding_print(const struct stop_finding *finding, FILE *out)
{
    fprintf(out, "broken: %s, ", finding->key);
    if (finding->container != NULL) {
        fprintf(out, "container %s (%.12s), ", finding->container, finding->run.container_id);
    }
    fprintf(out, "host %s, partition %d: %s at %" PRId64, finding->host, (int)finding->partition,
            finding->second.type_name, finding->second.offset);
    if (finding->first.offset >= 0) {
        fprintf(out, " after %s at %" PRId64, finding->first.type_name, finding->first.offset);
    }
    fprintf(out, ", but %s (%s)\n", TEXTS[finding->rule], PROMISES[finding->rule]);
}
